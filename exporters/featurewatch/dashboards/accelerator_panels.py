"""Panels about GPUs and about Ray Serve, for those who have them."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import panels, queries, quiet, units
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.rules.plan import Plan

BY_GPU = f"{{{{{names.GPU}}}}} {{{{instance}}}}"
BY_DEPLOYMENT = "{{deployment}}"
SECONDS_PER_MS = 0.001


def gpu_use(plan: Plan) -> Panel:
    return _gpu(
        plan, "GPU: in use", [(names.GPU_UTILISATION, "")], units.SHARE, (0, 1),
        "The share of the driver's last sampling period in which a kernel ran.",
        "below 90 %: beyond it, extractions queue for the GPU.",
    )  # fmt: skip


def gpu_memory(plan: Plan) -> Panel:
    pair = [(names.GPU_MEMORY_USED, "used "), (names.GPU_MEMORY_TOTAL, "there is ")]
    return _gpu(
        plan, "GPU: memory", pair, units.BYTES, (0, None),
        "Device memory in use, the driver's own included, and what there is.",
        "level, with room. An allocation that fails is an error, not a wait.",
    )  # fmt: skip


def gpu_heat(plan: Plan) -> Panel:
    return _gpu(
        plan, "GPU: temperature", [(names.GPU_TEMPERATURE, "")], units.CELSIUS, (20, 90),
        "Temperature of the chip.", "level; where it flattens at the top, the GPU slows itself down.",
    )  # fmt: skip


def gpu_power(plan: Plan) -> Panel:
    pair = [(names.GPU_POWER, "draws "), (names.GPU_POWER_LIMIT, "limit ")]
    return _gpu(
        plan, "GPU: power", pair, units.WATTS, (0, None),
        "Power drawn, and the power at which the GPU slows itself down.", "below the limit.",
    )  # fmt: skip


def gpu_throttled(plan: Plan) -> Panel:
    held = f"max by ({names.GPU}, instance, {names.REASON}) ({queries.of_machines(names.GPU_THROTTLED)})"
    return panels.state_timeline(
        "GPU: clocks held down",
        Query(held, f"{BY_GPU} {{{{{names.REASON}}}}}"),
        words={0: ("free", "green"), 1: ("held down", "orange")},
        interval=interval(plan),
        no_value=quiet.NO_GPU,
        description=panels.describe(
            "When and why the clocks were held down.", "free, or `idle`. Heat and power are for the machine room."
        ),
    )


def gpu_answers(plan: Plan) -> Panel:
    return panels.state_timeline(
        "GPU: answers",
        Query(f"max by ({names.GPU}, instance) ({queries.of_machines(names.GPU_UP)})", BY_GPU),
        words={0: ("lost", "red"), 1: ("answers", "green")},
        interval=interval(plan),
        no_value=quiet.NO_GPU,
        description=panels.describe(
            "Whether each GPU that was seen answers the driver.",
            "all green. One that is lost wants a reset.",
        ),
    )


def ray_replicas(plan: Plan) -> Panel:
    healthy = f"sum by (deployment) ({queries.of_environment('ray_serve_deployment_replica_healthy')})"
    wanted = f"max by (deployment) ({queries.of_environment('ray_serve_autoscaling_target_replicas')})"
    return panels.time_series(
        "Ray Serve: replicas",
        [Query(healthy, f"{BY_DEPLOYMENT} healthy"), Query(wanted, f"{BY_DEPLOYMENT} wanted")],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=quiet.NO_RAY,
        description=panels.describe(
            "Replicas that are healthy, and those that autoscaling wants.",
            "both agree, a minute after each change. Wanted above healthy for long: no room, or they do not start.",
        ),
    )


def ray_queue(plan: Plan) -> Panel:
    queued = f"sum by (deployment) ({queries.of_environment('ray_serve_deployment_queued_queries')})"
    ongoing = f"sum by (deployment) ({queries.of_environment('ray_serve_num_ongoing_requests_at_replicas')})"
    return panels.time_series(
        "Ray Serve: queued and ongoing",
        [Query(queued, f"{BY_DEPLOYMENT} queued"), Query(ongoing, f"{BY_DEPLOYMENT} ongoing")],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=quiet.NO_RAY,
        description=panels.describe(
            "Requests that wait for a replica, and those being worked on.", "nothing queued for longer than a moment."
        ),
    )


def ray_latency(plan: Plan) -> Panel:
    buckets = queries.of_environment("ray_serve_deployment_processing_latency_ms_bucket")
    return panels.time_series(
        "Ray Serve: p95 of processing",
        [Query(f"{SECONDS_PER_MS} * ({queries.quantile(0.95, buckets, 'deployment')})", BY_DEPLOYMENT)],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_RAY,
        description=panels.describe(
            "How long replicas worked on a request, without its waiting; exact at 100 ms.",
            "close to what the extractor itself measures. Far below it: the time is spent in the queue.",
        ),
    )


def ray_errors(plan: Plan) -> Panel:
    failed, succeeded = (
        queries.rate(queries.of_environment(f"ray_serve_deployment_{what}_counter_total"), "deployment")
        for what in ("error", "request")
    )
    # The error series is absent before the first error, and the other one counts successes only.
    ratio = f"{failed}\n/\n(\n{failed}\n+ {succeeded}\n)"
    return panels.time_series(
        "Ray Serve: failed requests",
        [Query(f"{ratio}\nor\n0 * {succeeded}", BY_DEPLOYMENT)],
        unit=units.SHARE,
        decimals=2,
        interval=interval(plan),
        no_value=quiet.NO_RAY,
        description=panels.describe("Failed over all requests of each deployment.", "0."),
    )


def _gpu(
    plan: Plan,
    title: str,
    metrics: list[tuple[str, str]],
    unit: str,
    span: tuple[float | None, float | None],
    shows: str,
    good: str,
) -> Panel:
    return panels.time_series(
        title,
        [
            Query(f"max by ({names.GPU}, instance) ({queries.of_machines(metric)})", f"{word}{BY_GPU}")
            for metric, word in metrics
        ],
        unit=unit,
        span=span,
        interval=interval(plan),
        no_value=quiet.NO_GPU,
        description=panels.describe(shows, good),
    )
