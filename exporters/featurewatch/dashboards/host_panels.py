"""Panels about machines, from node_exporter and from featurewatch's own exporter of processes and limits.

Nothing is promised here, so nothing is coloured; what an objective promises of a machine has its panel by itself.
"""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import panels, queries, quiet, units
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.rules.plan import Plan

NO_HOST = "node_exporter does not answer"
BY_INSTANCE = "{{instance}}"
NO_LOOP = 'device!~"lo|veth.*|docker.*|br-.*"'
BY_PROCESS = f"{{{{{names.PROCESS}}}}}"


def cpu(plan: Plan, select: queries.Select = queries.of_environment) -> Panel:
    idle = select("node_cpu_seconds_total", 'mode="idle"')
    return panels.time_series(
        "CPU in use",
        [Query(f"1 - avg by (instance) (\n  rate({idle}[$__rate_interval])\n)", BY_INSTANCE)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "The share of all cores that is not idle.",
            "room above the line at all times. A plateau near 100 % that begins when extraction slows is its cause.",
        ),
    )


def memory(plan: Plan, select: queries.Select = queries.of_environment) -> Panel:
    free, whole = select("node_memory_MemAvailable_bytes"), select("node_memory_MemTotal_bytes")
    return panels.time_series(
        "Memory in use",
        [Query(f"1 - {free} / {whole}", BY_INSTANCE)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "The share of memory that no process could get without others losing theirs.",
            "level. A line that climbs without falling after restarts of traffic is a leak.",
        ),
    )


def pressure(plan: Plan, select: queries.Select = queries.of_environment) -> Panel:
    metrics = {
        "CPU": "node_pressure_cpu_waiting_seconds_total",
        "memory": "node_pressure_memory_waiting_seconds_total",
        "disk": "node_pressure_io_waiting_seconds_total",
    }
    return panels.time_series(
        "Waiting for CPU, memory, disk",
        [
            Query(f"rate({select(metric)}[$__rate_interval])", f"{kind} {BY_INSTANCE}")
            for kind, metric in metrics.items()
        ],
        unit=units.SHARE,
        decimals=1,
        interval=interval(plan),
        no_value=quiet.NO_PRESSURE,
        description=panels.describe(
            "The share of time in which some process could have run and had to wait, as the kernel counts it.",
            "near 0. This is saturation: a busy machine on which nothing waits is well used; waiting is latency.",
        ),
    )


def load(plan: Plan) -> Panel:
    idle = queries.of_machines("node_cpu_seconds_total", 'mode="idle"')
    cores = f"count by (instance) ({idle})"
    return panels.time_series(
        "Load per core",
        [Query(f"max by (instance) ({queries.of_machines('node_load1')}) / {cores}", BY_INSTANCE)],
        unit=units.TIMES,
        decimals=2,
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "Processes that run or wait, over one minute, for each core.", "below 1; beyond it they queue."
        ),
    )


def disk_traffic(plan: Plan) -> Panel:
    ways = {"read": "node_disk_read_bytes_total", "written": "node_disk_written_bytes_total"}
    return panels.time_series(
        "Disks: read and written",
        [
            Query(
                queries.rate(queries.of_machines(metric), "instance", "device"), f"{{{{device}}}} {way} {BY_INSTANCE}"
            )
            for way, metric in ways.items()
        ],
        unit=units.BYTES_PER_SECOND,
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "Bytes per second to and from each disk.", "level. A burst at the time of slow extractions is suspicious."
        ),
    )


def disk_busy(plan: Plan) -> Panel:
    busy = queries.rate(queries.of_machines("node_disk_io_time_seconds_total"), "instance", "device")
    return panels.time_series(
        "Disks: busy",
        [Query(busy, f"{{{{device}}}} {BY_INSTANCE}")],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "The share of time in which a disk worked on at least one request.",
            "far from 100 %, except for disks that work on many requests at once.",
        ),
    )


def disk_space(plan: Plan) -> Panel:
    kinds = 'fstype!~"autofs|fuse.lxcfs|iso9660|ramfs|squashfs|tmpfs"'
    free, size = (queries.of_machines(f"node_filesystem_{what}_bytes", kinds) for what in ("avail", "size"))
    return panels.time_series(
        "Disks: space used",
        [Query(f"max by (instance, mountpoint) (\n  1 - {free} / {size}\n)", f"{{{{mountpoint}}}} {BY_INSTANCE}")],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "How full each file system is.", "level, or a saw whose peaks do not climb. When it ends: see the forecast."
        ),
    )


def network(plan: Plan) -> Panel:
    ways = {"received": "node_network_receive_bytes_total", "sent": "node_network_transmit_bytes_total"}
    return panels.time_series(
        "Network",
        [
            Query(queries.rate(queries.of_machines(metric, NO_LOOP), "instance"), f"{way} {BY_INSTANCE}")
            for way, metric in ways.items()
        ],
        unit=units.BYTES_PER_SECOND,
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "Bytes per second over all real interfaces.", "follows the traffic, far below what the interface can carry."
        ),
    )


def swap(plan: Plan) -> Panel:
    free, whole = queries.of_machines("node_memory_SwapFree_bytes"), queries.of_machines("node_memory_SwapTotal_bytes")
    return panels.time_series(
        "Swap in use",
        [Query(f"{whole} - {free}", BY_INSTANCE)],
        unit=units.BYTES,
        interval=interval(plan),
        no_value=NO_HOST,
        description=panels.describe(
            "Memory that was moved to disk.",
            "0, or a level line. Growth costs milliseconds each time.",
        ),
    )


def out_of_memory(plan: Plan) -> Panel:
    killed = queries.of_machines("node_vmstat_oom_kill")
    return panels.time_series(
        "Killed for want of memory",
        [Query(f"increase({killed}[$__rate_interval])", BY_INSTANCE)],
        unit=units.COUNT,
        decimals=0,
        interval=interval(plan),
        no_value=quiet.NO_PRESSURE,
        description=panels.describe("Processes that the kernel killed.", "0. Any other value is an incident."),
    )


def process_cpu(plan: Plan) -> Panel:
    return panels.time_series(
        "Processes: CPU",
        [Query(queries.rate(queries.of_machines(names.PROCESS_CPU), names.PROCESS), BY_PROCESS)],
        unit=units.CORES,
        decimals=2,
        interval=interval(plan),
        no_value=quiet.NO_PROCESS,
        description=panels.describe("Cores in use by the processes of each watched name.", "follows the traffic."),
    )


def process_memory(plan: Plan) -> Panel:
    resident = queries.of_machines(names.PROCESS_MEMORY, f'{names.KIND}="rss"')
    return panels.time_series(
        "Processes: memory",
        [Query(f"sum by ({names.PROCESS}) ({resident})", BY_PROCESS)],
        unit=units.BYTES,
        interval=interval(plan),
        no_value=quiet.NO_PROCESS,
        description=panels.describe(
            "Resident memory of the processes of each watched name.", "level after the start; a steady climb is a leak."
        ),
    )


def process_files(plan: Plan) -> Panel:
    return panels.time_series(
        "Processes: open files over their limit",
        [Query(f"max by ({names.PROCESS}) ({queries.of_machines(names.PROCESS_OPEN_FILES_RATIO)})", BY_PROCESS)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_PROCESS,
        description=panels.describe(
            "Of the process that is nearest to its limit.",
            "level and far below 100 %, where nothing opens.",
        ),
    )


def container_throttling(plan: Plan) -> Panel:
    stopped = queries.rate(queries.of_machines(names.CONTAINER_THROTTLED_PERIODS), "instance")
    wanted = queries.rate(queries.of_machines(names.CONTAINER_PERIODS), "instance")
    return panels.time_series(
        "Container: stopped by its CPU limit",
        [Query(queries.share(stopped, wanted), BY_INSTANCE)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_CONTAINER,
        description=panels.describe(
            "The share of scheduling periods in which it was stopped because its share was used up.",
            "0. Each such period costs up to 100 ms, which is the whole promise.",
        ),
    )


def container_memory(plan: Plan) -> Panel:
    used = queries.of_machines(names.CONTAINER_MEMORY, f'{names.KIND}="working_set"')
    limit = queries.of_machines(names.CONTAINER_MEMORY_LIMIT)
    return panels.time_series(
        "Container: memory over its limit",
        [Query(f"max by (instance) ({used})\n/\nmax by (instance) ({limit})", BY_INSTANCE)],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_CONTAINER,
        description=panels.describe(
            "Memory that cannot be dropped, over the limit at which processes are killed.", "below 85 %."
        ),
    )
