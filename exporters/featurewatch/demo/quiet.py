"""What must be over before a story begins: the alerts that it could be confused with, or that would take part in it."""

from __future__ import annotations

from collections.abc import Iterable

from featurewatch import names
from featurewatch.demo.observer import SeenAlert
from featurewatch.demo.scenes import Scene
from featurewatch.rules.budget_messages import burn_alert, exhausted_alert
from featurewatch.rules.clashes import TWIN
from featurewatch.rules.plan import Plan


def disturbing(alerts: Iterable[SeenAlert], plan: Plan, scene: Scene) -> list[str]:
    """Names of the alerts to wait for, sorted."""
    return _names(alert for alert in alerts if not _is_another_story(alert, plan, scene))


def elsewhere(alerts: Iterable[SeenAlert], plan: Plan, scene: Scene) -> list[str]:
    """Names of the alerts that have nothing to do with the story, sorted."""
    return _names(alert for alert in alerts if _is_another_story(alert, plan, scene))


def _is_another_story(alert: SeenAlert, plan: Plan, scene: Scene) -> bool:
    name = alert.labels["alertname"]
    if name in _with_a_long_memory(plan):
        return True
    # A window that has not filled since the start: it has twice its length to do so before anybody is told.
    return name == TWIN and alert.state == "pending" and alert.labels.get(names.OBJECTIVE) != scene.objective


def _with_a_long_memory(plan: Plan) -> set[str]:
    """A disk that fills up, and what hours or days before this one were like: earlier stories among them."""
    ahead = plan.objectives.outlook
    return {
        *(capacity.alert for capacity in ahead.capacities),
        *(trend.alert for trend in ahead.trends),
        *(anomaly.alert for anomaly in ahead.anomalies),
        *(alert for budget in plan.budgets for alert in (burn_alert(budget), exhausted_alert(budget))),
    }


def _names(alerts: Iterable[SeenAlert]) -> list[str]:
    return sorted({alert.labels["alertname"] for alert in alerts})
