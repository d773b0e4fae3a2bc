"""Time to saturation: how full something is, how fast it fills, and how long that may go on.

The growth is the smaller one of two slopes, over a long and over a short window, and there is no forecast unless both
rise: a clean-up, a restart or a cleared cache bends the long one down for as long as it is in sight, and a short
burst does not show in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.model import Objectives
from featurewatch.objectives.outlook import Capacity, Within
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import expressions, messages, outlook_messages, recorded
from featurewatch.rules.model import Alert, Group, Recording

INTERVAL = 60.0
HOLD = 600.0
HALF = 0.5
"""What is emptier than this is not forecast: after a start everything grows."""

NO_DISK = "autofs|fuse.lxcfs|iso9660|overlay|ramfs|squashfs|tmpfs"
"""File systems that are full by nature, or none."""

BY = {
    "disk": ("instance", "mountpoint"),
    "memory": ("instance",),
    "cache": ("cache",),
    "replicas": ("application", "deployment"),
}
"""What is told apart, besides the service."""

WHAT = {
    "disk": "{{ $labels.mountpoint }} of {{ $labels.instance }}",
    "memory": "the memory of {{ $labels.instance }}",
    "cache": "the cache {{ $labels.cache }}",
    "replicas": "{{ $labels.application }}/{{ $labels.deployment }}",
}


def groups(objectives: Objectives) -> tuple[Group, ...]:
    """One group for each resource."""
    return tuple(
        Group(capacity.name, INTERVAL, (*_recordings(objectives, capacity), *_alerts(objectives, capacity)))
        for capacity in objectives.outlook.capacities
    )


def series(capacity: Capacity, operation: str) -> str:
    """Name of a recorded series: used_ratio, growth over either window, full_in_seconds."""
    return f"{recorded.level_of(BY[capacity.of])}:{recorded.metric(capacity.name)}:{operation}"


def growth(capacity: Capacity, window: float) -> str:
    """Share of the whole by which it grows in a second."""
    return series(capacity, f"growth{duration_text(window)}")


def _used(objectives: Objectives, capacity: Capacity) -> str:
    """How full it is, 0 to 1."""
    service = ((names.SERVICE, objectives.service),)
    by = f"max by ({', '.join(BY[capacity.of])})"
    match capacity.of:
        case "disk":
            kinds = f'fstype!~"{NO_DISK}"'
            free, size = (f"node_filesystem_{what}_bytes{{{kinds}}}" for what in ("avail", "size"))
            return f"{by} (\n  1 - {free} / {size}\n)"
        case "memory":
            return f"{by} (\n  1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes\n)"
        case "cache":
            return f"{by} (\n  {expressions.selector(names.CACHE_FILL, service)}\n)"
        case "replicas":
            running = f"sum by ({', '.join(BY[capacity.of])}) (ray_serve_deployment_replica_healthy)"
            return f"{running}\n/ {capacity.most or 1}"


def _recordings(objectives: Objectives, capacity: Capacity) -> Iterator[Recording]:
    own = expressions.selector("", ((names.SERVICE, objectives.service),))
    # Series of hosts and of Ray say nothing of services; whoever asks for them here says that they are this one's.
    named = f'label_replace(\n{_used(objectives, capacity)},\n"service", "{objectives.service}", "", ""\n)'
    yield Recording(series(capacity, "used_ratio"), named)
    used = f"{series(capacity, 'used_ratio')}{own}"
    for window in (capacity.long, capacity.short):
        yield Recording(growth(capacity, window), f"deriv({used}[{duration_text(window)}])")
    long, short = (f"{growth(capacity, window)}{own}" for window in (capacity.long, capacity.short))
    slower = f"(\n    {long} < {short}\n    or\n    {short}\n  )"
    yield Recording(
        series(capacity, "full_in_seconds"),
        f"(1 - {used})\n/\n(\n  {slower}\n  > 0\n)",
    )


def _alerts(objectives: Objectives, capacity: Capacity) -> Iterator[Alert]:
    for within in sorted(capacity.limits, key=lambda item: -item.severity):
        yield _alert(objectives, capacity, within)


def _alert(objectives: Objectives, capacity: Capacity, within: Within) -> Alert:
    own = expressions.selector("", ((names.SERVICE, objectives.service),))
    limit = duration_text(within.seconds)
    full = f"{series(capacity, 'full_in_seconds')}{own} < {number_text(within.seconds)} - {expressions.TOLERANCE}"
    return Alert(
        name=capacity.alert,
        expr=f"{full}\nand\n{series(capacity, 'used_ratio')} > {number_text(HALF)}",
        hold=HOLD,
        labels=outlook_messages.labels(objectives, capacity.name, capacity.category, within.severity),
        annotations=outlook_messages.texts(
            objectives,
            capacity.alert,
            f"{messages.SERVICE}: {WHAT[capacity.of]} is full within {limit}",
            capacity.title,
            f"{WHAT[capacity.of]} is full in {messages.DURATION} if it goes on like this",
            f"never full within {limit}",
            capacity.first_steps,
            extractor=False,
        ),
    )
