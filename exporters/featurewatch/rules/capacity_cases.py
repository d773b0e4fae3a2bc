"""Tests of the time to saturation: how full, how fast, for how long, and the alert from both sides."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.outlook import Capacity
from featurewatch.rules import capacity as rules
from featurewatch.rules import expected, messages
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.looking import Firing, Looker, alerting, value
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.share_cases import ROUNDING

SAMPLES = 5
"""In the short window."""

SLIGHTLY = 5e-4
"""Seconds under a limit that are no rounding error."""

NAMED = {"instance": "a:1", "mountpoint": "/data", "cache": "features", "application": "shop", "deployment": "ranker"}


def step_of(capacity: Capacity) -> float:
    """Seconds between evaluations."""
    return capacity.short / SAMPLES


def cases(plan: Plan, capacity: Capacity, group: Group) -> Iterator[Case]:
    """All of them, to be evaluated at `step_of`."""
    desk = Desk(plan.objectives.service, step_of(capacity))
    who = tuple((label, NAMED[label]) for label in rules.BY[capacity.of])
    looker = Looker(desk, group.alerts)
    yield from _growth(desk, capacity, who, looker)
    yield from _edges(desk, capacity, who, looker)


def lasting(plan: Plan, capacity: Capacity, group: Group) -> Iterator[Case]:
    """To be evaluated as often as the rules are: what a rounding error says, and `for` to the evaluation."""
    desk = Desk(plan.objectives.service, rules.INTERVAL)
    who = ((names.SERVICE, desk.service), *((label, NAMED[label]) for label in rules.BY[capacity.of]))
    hold = evaluations(rules.HOLD, desk.step)
    begun = hold + 1
    for within in capacity.limits:
        [alert] = [each for each in group.alerts if each.labels[names.SEVERITY] == str(within.severity)]
        full = f"{within.seconds - ROUNDING:.10f}x{begun - 1} {within.seconds - SLIGHTLY:.10f}x{hold}"
        moments = ((hold, False), (begun + hold - 1, False), (begun + hold, True))
        yield desk.case(
            f"{capacity.alert}, {within.severity}: a rounding error is none, a little under fires when `for` is over",
            [
                series(rules.series(capacity, "full_in_seconds"), who, full),
                series(rules.series(capacity, "used_ratio"), who, f"0.9x{begun + hold}"),
            ],
            values=[alerting(desk, at, alert, fires=fires) for at, fires in moments],
        )


def _raw(desk: Desk, capacity: Capacity, who: Labels, used: list[float]) -> list[Case]:
    """The exporter's series that are so full."""
    match capacity.of:
        case "disk":
            kind = (*who, ("fstype", "ext4"))
            emptier = (*kind, ("device", "second"))  # seen twice: the fuller one counts
            free = " ".join(f"{(1 - each) * 1e6:.9g}" for each in used)
            stray = (*who, ("fstype", "tmpfs"))
            return [
                series("node_filesystem_avail_bytes", kind, free),
                series("node_filesystem_size_bytes", kind, f"1e6x{len(used)}"),
                series("node_filesystem_avail_bytes", emptier, f"9e5x{len(used)}"),
                series("node_filesystem_size_bytes", emptier, f"1e6x{len(used)}"),
                series("node_filesystem_avail_bytes", stray, f"0x{len(used)}"),
                series("node_filesystem_size_bytes", stray, f"1e6x{len(used)}"),
            ]
        case "memory":
            free = " ".join(f"{(1 - each) * 1e6:.9g}" for each in used)
            return [
                series("node_memory_MemAvailable_bytes", who, free),
                series("node_memory_MemTotal_bytes", who, f"1e6x{len(used)}"),
            ]
        case "cache":
            own, other = (((names.SERVICE, service), *who) for service in (desk.service, ANOTHER))
            return [
                series(names.CACHE_FILL, own, " ".join(f"{each:.9g}" for each in used)),
                series(names.CACHE_FILL, other, f"1x{len(used)}"),
            ]
        case "replicas":
            most = capacity.most or 1
            halves = " ".join(f"{each * most / 2:.9g}" for each in used)
            return [series("ray_serve_deployment_replica_healthy", (*who, ("replica", str(n))), halves) for n in (1, 2)]


def _growth(desk: Desk, capacity: Capacity, who: Labels, looker: Looker) -> Iterator[Case]:
    """Slow for a long time and then faster; the slower of both counts. Emptied: no forecast although it grows again."""
    width = round(capacity.long / desk.step)
    slow, fast, faster = 0.002, 0.004, 0.0001
    used = [0.3 + slow * at for at in range(2 * width)]
    used += [used[-1] + fast * (at + 1) + faster * (at + 1) ** 2 for at in range(2 * SAMPLES)]
    at = len(used) - 1
    mine, foreign = (((names.SERVICE, service), *who) for service in (desk.service, ANOTHER))
    long, short = (_slope(used[at - samples + 1 : at + 1], desk.step) for samples in (width, SAMPLES))
    yield desk.case(
        f"{capacity.name}: the slower one of two slopes decides, and another service grows for itself",
        [
            *_raw(desk, capacity, who, used),
            series(rules.series(capacity, "used_ratio"), foreign, f"0.1+0.0001x{at}"),
        ],
        values=[
            value(desk, at, rules.series(capacity, "used_ratio"), {mine: used[at], foreign: 0.1 + 0.0001 * at}),
            _billionths(desk, at, rules.growth(capacity, capacity.long), mine, long),
            _billionths(desk, at, rules.growth(capacity, capacity.short), mine, short),
            _whole(desk, at, rules.series(capacity, "full_in_seconds"), mine, (1 - used[at]) / long),
            _whole(
                desk, width, rules.series(capacity, "full_in_seconds"), mine, (1 - used[width]) / (slow / desk.step)
            ),
        ],
    )
    slower = [0.3 + fast * at for at in range(width)]
    slower += [slower[-1] + slow * (at + 1) for at in range(2 * SAMPLES)]
    at = len(slower) - 1
    forecast = (1 - slower[at]) / (slow / desk.step)
    yield desk.case(
        f"{capacity.name}: once it fills more slowly, that decides",
        _raw(desk, capacity, who, slower),
        values=[_whole(desk, at, rules.series(capacity, "full_in_seconds"), mine, forecast)],
    )
    emptied = [0.95] * width + [0.6 + 0.05 * step for step in range(SAMPLES)]
    at = len(emptied) - 1
    yield desk.case(
        f"{capacity.alert}: no forecast after it was emptied, however fast it fills again",
        _raw(desk, capacity, who, emptied),
        [looker.look(at)],
        [desk.value(at, rules.series(capacity, "full_in_seconds"), [])],
    )
    burst = [0.6 + 0.001 * step for step in range(2 * width)] + [
        0.6 + 0.001 * (2 * width - step) for step in range(SAMPLES)
    ]
    at = len(burst) - 1
    yield desk.case(
        f"{capacity.alert}: no forecast once it does not grow any more",
        _raw(desk, capacity, who, burst),
        [looker.look(at)],
        [desk.value(at, rules.series(capacity, "full_in_seconds"), [])],
    )


def _edges(desk: Desk, capacity: Capacity, who: Labels, looker: Looker) -> Iterator[Case]:
    hold = evaluations(rules.HOLD, desk.step)
    mine, foreign = (((names.SERVICE, service), *who) for service in (desk.service, ANOTHER))
    full, used = (rules.series(capacity, name) for name in ("full_in_seconds", "used_ratio"))
    for within in capacity.limits:
        exact, under = within.seconds, within.seconds * 0.99
        begun = hold + 2
        steps = begun + hold + 5

        def firing(at: int, exact: float = exact, under: float = under, begun: int = begun) -> list[Firing]:
            shown = exact if at < begun else under if at < begun + hold + 2 else 1e9
            found = []
            for other in capacity.limits:
                since = 0 if exact < other.seconds else begun
                if shown < other.seconds and at - since >= hold:
                    found.append(_firing(str(other.severity), mine, shown))
            return found

        values = f"{exact:.12g}x{begun - 1} {under:.12g}x{hold + 1} 1e9x3"
        yield desk.case(
            f"{capacity.alert}, {within.severity}: silent at exactly the limit, fires below it, resolves",
            [series(full, mine, values), series(used, mine, f"0.9x{steps}")],
            [looker.look(at, firing(at)) for at in (begun - 1, begun + hold - 1, begun + hold, begun + hold + 2)],
        )
    soonest = min(within.seconds for within in capacity.limits)
    soon = f"{soonest / 2:.12g}x{2 * hold + 6}"
    everything = [_firing(str(within.severity), mine, soonest / 2) for within in capacity.limits]
    for share, fires in ((rules.HALF, False), (rules.HALF + 0.01, True)):
        title = "fires when just more than half" if fires else "silent when exactly half"
        yield desk.case(
            f"{capacity.alert}: {title} full, however fast it fills, and whatever another service does",
            [
                series(full, mine, soon),
                series(used, mine, f"{share}x{hold + 3}"),
                series(full, foreign, soon),
                series(used, foreign, f"0.9x{hold + 3}"),
            ],
            [looker.look(hold + 1, everything if fires else ())],
        )
    yield desk.case(f"{capacity.alert}: silent without data", [], [looker.look(hold + 2)])


def _firing(severity: str, who: Labels, seconds: float) -> Firing:
    return Firing(
        severity, who, seconds, ((messages.DURATION, expected.humanize_duration(seconds)), *_labels_shown(who))
    )


def _labels_shown(who: Labels) -> Iterator[tuple[str, str]]:
    for label, text in who:
        yield f"{{{{ $labels.{label} }}}}", text


def _slope(values: list[float], step: float) -> float:
    """Least squares, per second."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    above = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    return above / sum((at - middle) ** 2 for at in range(len(values))) / step


def _billionths(desk: Desk, at: int, name: str, who: Labels, number: float) -> Case:
    labels = ",".join(f'{label}="{text}"' for label, text in who)
    return desk.value(at, f"round({name} * 1e12)", [{"labels": f"{{{labels}}}", "value": round(number * 1e12)}])


def _whole(desk: Desk, at: int, name: str, who: Labels, number: float) -> Case:
    labels = ",".join(f'{label}="{text}"' for label, text in who)
    return desk.value(at, f"round({name})", [{"labels": f"{{{labels}}}", "value": round(number)}])
