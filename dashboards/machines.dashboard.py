"""What are the machines doing? The hosts, their processes and limits, GPUs, and Ray Serve."""

from __future__ import annotations

from featurewatch.dashboards import Plan, Row, accelerator_panels, host_panels, line, queries, question, row


@question(
    "What are the machines doing?",
    "CPU, memory, disk, network, processes, GPUs and Ray Serve, beside what waits for them.",
    "machine",
    since="now-1h",
    refresh="10s",
)
def dashboard(plan: Plan) -> tuple[Row, ...]:
    return (
        row(
            "CPU and memory",
            line(
                host_panels.cpu(plan, queries.of_machines),
                host_panels.memory(plan, queries.of_machines),
                host_panels.pressure(plan, queries.of_machines),
                host_panels.load(plan),
                host_panels.swap(plan),
                host_panels.out_of_memory(plan),
                most=3,
            ),
        ),
        row(
            "Disk and network",
            line(
                host_panels.disk_space(plan),
                host_panels.disk_busy(plan),
                host_panels.disk_traffic(plan),
                host_panels.network(plan),
                most=2,
            ),
        ),
        row(
            "Processes and containers",
            line(
                host_panels.process_cpu(plan),
                host_panels.process_memory(plan),
                host_panels.process_files(plan),
                height=7,
            ),
            line(host_panels.container_throttling(plan), host_panels.container_memory(plan), height=7),
            folded=True,
        ),
        row(
            "GPU",
            line(
                accelerator_panels.gpu_use(plan),
                accelerator_panels.gpu_memory(plan),
                accelerator_panels.gpu_heat(plan),
                accelerator_panels.gpu_power(plan),
            ),
            line(accelerator_panels.gpu_answers(plan), accelerator_panels.gpu_throttled(plan), height=6),
            folded=True,
        ),
        row(
            "Ray Serve",
            line(
                accelerator_panels.ray_replicas(plan),
                accelerator_panels.ray_queue(plan),
                accelerator_panels.ray_latency(plan),
                accelerator_panels.ray_errors(plan),
            ),
            folded=True,
        ),
    )
