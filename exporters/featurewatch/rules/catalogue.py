"""The alert catalogue, docs/alerts/README.md: every alert with its condition, window, patience and reliability."""

from __future__ import annotations

from collections.abc import Sequence

from featurewatch.objectives.model import Objectives, QuantileObjective, Severity
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules.plan import MARGIN, MINIMUM_BAD, MINIMUM_EVENTS, Judgement, Plan

HEADER = """\
<!-- Made by `make generate` from objectives.yaml; do not edit. -->
# Alert catalogue
"""


def catalogue(plan: Plan) -> str:
    """The page as Markdown."""
    objectives = plan.objectives
    return "\n".join((HEADER, _shares(plan), _presences(plan), _delivery(plan), _channels(objectives)))


def _shares(plan: Plan) -> str:
    rows = [
        (
            _link(judgement.objective.alert),
            str(judgement.limit.severity),
            condition(judgement),
            duration_text(judgement.window),
            duration_text(judgement.hold),
            _chance(judgement.false_firing),
            percent_text(round(needed(plan, judgement), 6)),
        )
        for judgement in plan.judgements
    ]
    header = ("Alert", "Severity", "Fires when", "Window", "For", "False firing", "Needs")
    return f"""## Shares of extractions
{_table(header, rows)}

A share is judged when its window holds at least {MINIMUM_BAD} bad events and {MINIMUM_EVENTS} events in all.
*False firing* is the chance per window that the alert fires although the service stays at {MARGIN:.0%} of what is
allowed, at the declared minimum of {plan.objectives.minimum_traffic:g} extractions a second (binomial, exact). *Needs*
is the share of bad events from which it can fire at that traffic; at more traffic it comes closer to the limit.
"""


def condition(judgement: Judgement) -> str:
    """The violation in words."""
    objective, limit = judgement.objective, judgement.limit
    if isinstance(objective, QuantileObjective):
        share = percent_text(judgement.allowed)
        return f"more than {share} of extractions take longer than {duration_text(limit.bound)}"
    if objective.counts == "good":
        return f"{_lower(objective.title)}: less than {percent_text(limit.bound)}"
    return f"{_lower(objective.title)}: more than {percent_text(limit.bound)}"


def needed(plan: Plan, judgement: Judgement) -> float:
    """Share of bad events from which the alert can fire at the minimum traffic."""
    return max(judgement.allowed, MINIMUM_BAD / (plan.objectives.minimum_traffic * judgement.window))


def _presences(plan: Plan) -> str:
    rows = [
        (
            _link(watch.objective.alert),
            str(watch.limit.severity),
            "no target answers its scrape" if watch.objective.of == "target" else "up, but counts no extraction",
            duration_text(watch.limit.bound),
        )
        for watch in plan.watches
    ]
    rows.append((_link("Watchdog"), "none", "always: whoever stops hearing it knows that the chain is broken", "0s"))
    return f"## Presence\n{_table(('Alert', 'Severity', 'Fires when', 'After'), rows)}\n"


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
    return f"## Channels\n{_table(('Severity', 'Told by'), rows)}\n"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def _link(alert: str) -> str:
    return f"[{alert}]({alert}.md)"


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _chance(value: float) -> str:
    return "under 0.01 %" if value < 1e-4 else percent_text(round(value, 4))
