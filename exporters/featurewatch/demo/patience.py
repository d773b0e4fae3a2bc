"""How long a story waits, from the plan: its windows and intervals, with room to spare."""

from __future__ import annotations

import math
from dataclasses import dataclass

from featurewatch.delivery import SEND
from featurewatch.demo.escalation import policy
from featurewatch.demo.scenes import Scene
from featurewatch.rules.plan import Judgement, Plan, Watch


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for each turn of the story."""

    healthy: float = 150.0
    firing: float = 60.0
    resolved: float = 240.0
    escalation: float = 0.0
    """Until the last level of the policy would have been told; 0 where the scene does not escalate."""

    @property
    def fault(self) -> float:
        """How long a fault may last: until it ends by itself, should nobody be left to end it."""
        return 2 * self.firing + self.escalation + 30

    @property
    def total(self) -> float:
        """The longest that a story takes."""
        return self.healthy + 2 * self.firing + self.escalation + self.resolved


def patience(plan: Plan, scene: Scene) -> Patience:
    """As long as this plan's windows and intervals may take, with room to spare; never less than the default."""
    step, timing, least = step_of(plan, scene), plan.timing, Patience()
    chain = timing.scrape_interval + 2 * timing.evaluation_interval + timing.group_wait + SEND
    window = step.window if step else 0.0
    hold = whole_evaluations(plan, step.hold) if step else 0.0
    longest = max((judgement.window for judgement in plan.judgements), default=0.0)
    last = policy(scene, plan.objectives).levels[-1].after if scene.escalates else 0.0
    return Patience(
        healthy=max(least.healthy, 30 + longest + chain),
        firing=max(least.firing, 30 + window + hold + chain),
        resolved=max(least.resolved, 60 + window + 2 * chain + timing.group_interval),
        escalation=last + 2 * chain + least.firing if scene.escalates else 0.0,
    )


def step_of(plan: Plan, scene: Scene) -> Judgement | Watch | None:
    """The step of the ladder that the scene must reach."""
    steps: list[Judgement | Watch] = [*plan.judgements, *plan.watches]
    for step in steps:
        if step.objective.name == scene.objective and step.limit.severity is scene.severity:
            return step
    return None


def whole_evaluations(plan: Plan, hold: float) -> float:
    """Prometheus looks only at evaluations: a `for` of 5 s with one every 2 s takes 6 s."""
    interval = plan.timing.evaluation_interval
    return math.ceil(round(hold / interval, 9)) * interval
