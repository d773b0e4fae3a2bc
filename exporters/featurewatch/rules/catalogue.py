"""The alert catalogue, docs/alerts/README.md: every alert with its condition, window, patience and reliability."""

from __future__ import annotations

from featurewatch.objectives.model import (
    BoundObjective,
    Limit,
    Objective,
    Objectives,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
    Severity,
)
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules import catalogue_outlook, catalogue_seen_through, chain_guards, windows
from featurewatch.rules.catalogue_text import chance_text, link, lower, table
from featurewatch.rules.clashes import TWIN
from featurewatch.rules.messages import bound_text
from featurewatch.rules.plan import MARGIN, MINIMUM_BAD, MINIMUM_EVENTS, Judgement, Plan

HEADER = """\
<!-- Made by `make generate` from objectives.yaml; do not edit. -->
# Alert catalogue
"""


def catalogue(plan: Plan) -> str:
    """The page as Markdown."""
    objectives = plan.objectives
    return "\n".join(
        (
            HEADER,
            _shares(plan),
            _bounds(plan),
            _presences(plan),
            *catalogue_outlook.sections(plan),
            *catalogue_seen_through.sections(plan),
            _off(plan),
            _chain(plan),
            _delivery(plan),
            _channels(objectives),
        )
    )


def _shares(plan: Plan) -> str:
    rows = [
        (
            link(judgement.objective.alert),
            str(judgement.limit.severity),
            condition(judgement),
            duration_text(judgement.window),
            _hold(judgement.objective, judgement.hold),
            chance_text(judgement.false_firing),
            percent_text(round(needed(plan, judgement), 6)),
            plan.objectives.sources.get(judgement.objective.name, ""),
        )
        for judgement in plan.judgements
    ]
    header = ("Alert", "Severity", "Fires when", "Window", "For", "False firing", "Needs", "Source")
    return f"""## Shares of extractions
{table(header, rows)}

A share is judged when its window holds at least {MINIMUM_BAD} bad events and {MINIMUM_EVENTS} events in all.
*False firing* is the chance per window that the alert fires although the service stays at {MARGIN:.0%} of what is
allowed, at the declared minimum of {plan.objectives.minimum_traffic:g} extractions a second (binomial, exact). *Needs*
is the share of bad events from which it can fire at that traffic; at more traffic it comes closer to the limit.
{_widened(plan)}"""


def _widened(plan: Plan) -> str:
    """Which windows are longer than the shortest one, and why."""
    found = (windows.widened(plan.objectives, each.objective, each.limit, each.window) for each in plan.judgements)
    lines = [
        f"- {each.objective.name}, {each.limit.severity}: {why}"
        for each, why in zip(plan.judgements, found, strict=True)
        if why
    ]
    return "\n".join(("", "Windows that had to be longer:", "", *lines, "")) if lines else ""


def _hold(objective: Objective, hold: float) -> str:
    """`for`, and for how long it is kept."""
    return duration_text(hold) + (f", kept for {duration_text(objective.keep)}" if objective.keep else "")


def condition(judgement: Judgement) -> str:
    """The violation in words."""
    objective, limit = judgement.objective, judgement.limit
    if isinstance(objective, QuantileObjective):
        share = percent_text(judgement.allowed)
        counted = objective.title if objective.foreign else "of extractions"
        if objective.foreign:
            return f"{lower(counted)}: more than {share} take longer than {duration_text(limit.bound)}"
        return f"more than {share} {counted} take longer than {duration_text(limit.bound)}"
    if objective.counts == "good":
        return f"{lower(objective.title)}: less than {percent_text(limit.bound)}"
    return f"{lower(objective.title)}: more than {percent_text(limit.bound)}"


def needed(plan: Plan, judgement: Judgement) -> float:
    """Share of bad events from which the alert can fire at the minimum traffic."""
    return max(
        judgement.allowed, MINIMUM_BAD / (windows.traffic(plan.objectives, judgement.objective) * judgement.window)
    )


def _bounds(plan: Plan) -> str:
    rows = [
        (
            link(rung.objective.alert),
            str(rung.limit.severity),
            compared(rung.objective, rung.limit.bound),
            duration_text(rung.window) if rung.window else "now",
            _hold(rung.objective, rung.hold),
            plan.objectives.sources.get(rung.objective.name, ""),
        )
        for rung in plan.comparisons
    ]
    rows += [
        (
            link(TWIN),
            str(twin.severity),
            f"no data of {twin.objective.name}",
            "now",
            duration_text(twin.hold),
            "",
        )
        for twin in plan.twins
    ]
    if not rows:
        return ""
    return f"""## Values
{table(("Alert", "Severity", "Fires when", "Window", "For", "Source"), rows)}

Values are compared as they are exported; no share is estimated from a sample, so nothing is said of chance. Where
events are counted, a window that holds n of them is uncertain by about the square root of n.
"""


def compared(objective: BoundObjective, bound: float) -> str:
    """The violation in words."""
    if objective.kind == "increase":
        return f"{lower(objective.title)}: {bound_text(objective, bound)} or more"
    return f"{lower(objective.title)}: {objective.side} {bound_text(objective, bound)}"


def _off(plan: Plan) -> str:
    rows = [
        (
            off.objective.name,
            off.objective.alert,
            "; ".join(f"{_declared(off.objective, limit)} {limit.severity}" for limit in off.objective.limits),
            off.source,
            f"needs {', '.join(off.needs)}" if off.needs else "ready",
        )
        for off in plan.objectives.off
    ]
    if not rows:
        return ""
    return f"""## Switched off
{table(("Objective", "Alert", "Limits", "Source", "To switch it on"), rows)}

*Ready* ones want nothing but their name under `use` in objectives.yaml (or `enabled: true` where they stand there); the
others want somebody to export the metric, and to declare it under `metrics`.
"""


def _declared(objective: Objective, limit: Limit) -> str:
    match objective:
        case BoundObjective(kind="increase"):
            return f"{limit.bound:g} or more"
        case BoundObjective():
            return f"{objective.side} {bound_text(objective, limit.bound)}"
        case QuantileObjective():
            return f"above {duration_text(limit.bound)}"
        case RatioObjective():
            return f"{'below' if objective.counts == 'good' else 'above'} {percent_text(limit.bound)}"
        case _:
            return f"absent for {duration_text(limit.bound)}"


def _presences(plan: Plan) -> str:
    rows = [
        (
            link(watch.objective.alert),
            str(watch.limit.severity),
            _gone(watch.objective),
            _hold(watch.objective, watch.limit.bound),
        )
        for watch in plan.watches
    ]
    rows.append((link("Watchdog"), "none", "always: whoever stops hearing it knows that the chain is broken", "0s"))
    return f"## Presence\n{table(('Alert', 'Severity', 'Fires when', 'After'), rows)}\n"


def _chain(plan: Plan) -> str:
    if not plan.objectives.chain:
        return "## The chain itself\nIs not watched: `chain.watch` is off.\n"
    rows = [
        (link(guard.alert), str(guard.severity), guard.limit, duration_text(guard.hold) if guard.hold else "0s")
        for guard in chain_guards.guards(plan.timing)
    ]
    return f"## The chain itself\n{table(('Alert', 'Severity', 'Promised', 'For'), rows)}\n"


def _gone(objective: PresenceObjective) -> str:
    match objective.of:
        case "target":
            return "no target answers its scrape"
        case "events":
            return "up, but counts no extraction"
        case "series":
            return f"nobody exports {objective.metric}"


def _delivery(plan: Plan) -> str:
    return f"""## Delivery
From the first bad extraction to a message of severity critical, when every extraction is bad:

```
{worst_case(plan)}
```
"""


def worst_case(plan: Plan) -> str:
    """The sum of waits as a table of text; `make generate` prints it."""
    worst, timing = plan.worst_case, plan.timing
    rows = (
        ("until the window shows it", worst.detection),
        (f"scrape (every {duration_text(timing.scrape_interval)})", worst.scrape),
        (f"evaluation (every {duration_text(timing.evaluation_interval)})", worst.evaluation),
        ("for", worst.hold),
        ("group_wait", worst.group),
        ("sending", worst.send),
    )
    lines = [f"{name:<28}{seconds:>6.1f} s" for name, seconds in rows]
    lines.append(f"{'worst case':<28}{worst.total:>6.1f} s   (budget {plan.objectives.delivery_budget:g} s)")
    return "\n".join(lines)


def _channels(objectives: Objectives) -> str:
    rows = [
        (str(severity), ", ".join(objectives.notify.channels.get(severity, ())) or "dashboards only")
        for severity in sorted(Severity, reverse=True)
    ]
    return f"## Channels\n{table(('Severity', 'Told by'), rows)}\n"
