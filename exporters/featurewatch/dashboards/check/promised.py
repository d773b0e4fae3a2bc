"""Is every limit that was declared visible somewhere, at the value that the rules compare with?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featurewatch.dashboards import queries
from featurewatch.dashboards.check.board import Board, Json, links, targets, threshold_steps
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.limits import TOLERANCE
from featurewatch.objectives.model import QuantileObjective
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules.plan import Judgement, Plan, Watch


def check_promised(boards: Iterable[Board], plan: Plan, where: str) -> Iterator[Finding]:
    """Findings about limits that no panel of any board shows; reported at `where`, the first board."""
    panels = [panel for board in boards for panel in board.panels]
    for judgement in plan.judgements:
        if not any(_shows_limit(panel, judgement) for panel in panels):
            quantile = isinstance(judgement.objective, QuantileObjective)
            bound = (duration_text if quantile else percent_text)(judgement.limit.bound)
            yield _missing(where, f"{judgement.objective.name}: no panel has a threshold at {bound}")
    for comparison in plan.comparisons:
        if not any(_draws(panel, comparison.value, comparison.limit.bound) for panel in panels):
            yield _missing(
                where, f"{comparison.objective.name}: no panel has a threshold at {comparison.limit.bound:g}"
            )
    for watch in plan.watches:
        if not any(_tells_absence(panel, watch) for panel in panels):
            bound = duration_text(watch.limit.bound)
            yield _missing(where, f"{watch.objective.name}: no panel says that it may be absent for {bound}")


def _missing(where: str, what: str) -> Finding:
    return Finding("error", where, "", what, "show it with objective_panels.now")


def _shows_limit(panel: Json, judgement: Judgement) -> bool:
    """It asks for the objective's own series and has a step at the bound."""
    series = {queries.ratio_series(judgement)}
    if isinstance(judgement.objective, QuantileObjective):
        series = {judgement.quantile or ""}
    return any(_draws(panel, name, judgement.limit.bound) for name in series if name)


def _draws(panel: Json, series: str, bound: float) -> bool:
    """It asks for the series and has a step at the bound."""
    asked = [str(target.get("expr")) for target in targets(panel)]
    if not any(f"{series}{{" in expr for expr in asked):
        return False
    values = [step.get("value") for step in threshold_steps(panel)]
    # A step may stand one tolerance behind the limit, on either side.
    return any(isinstance(value, int | float) and abs(value - bound) <= 2 * TOLERANCE for value in values)


def _tells_absence(panel: Json, watch: Watch) -> bool:
    linked = any(str(link.get("url")).endswith(f"/{watch.objective.alert}") for link in links(panel))
    return linked and f"absent for {duration_text(watch.limit.bound)}" in str(panel.get("description"))
