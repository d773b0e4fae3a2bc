"""Tests of the alerts on something that is gone: the target, or what it measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.model import PresenceObjective
from featurewatch.rules import expected, recorded
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import Watch
from featurewatch.rules.scenario import evaluations

PAIR = (names.COMPUTE, names.SUCCESS)


@dataclass(frozen=True, slots=True)
class PresenceCases:
    """All cases of one objective."""

    desk: Desk
    ladder: tuple[Watch, ...]
    alerts: dict[str, Alert]
    """By severity."""
    others: tuple[str, ...]
    """Names of all other alerts of the service."""

    @property
    def objective(self) -> PresenceObjective:
        return self.ladder[0].objective

    @property
    def _kept(self) -> int:
        """Evaluations after the absence at which its alert still fires."""
        return evaluations(self.objective.keep, self.desk.step)

    def of(self, watch: Watch) -> Iterator[Case]:
        """The cases of one step of the ladder."""
        match self.objective.of:
            case "target":
                yield from self._target(watch)
            case "events":
                yield from self._events(watch)
            case "series":
                yield from self._series(watch)

    def just_before(self, watch: Watch) -> Iterator[Case]:
        """One evaluation of the rules before `for` is over, in steps that only meet there."""
        hold = evaluations(watch.hold, self.desk.step)
        up = [] if self.objective.of == "target" else [self.desk.up(f"1x{hold}")]
        yield self._case(watch, "silent until the evaluation before `for` is over", up, [self._look(hold - 1, [])])

    def _series(self, watch: Watch) -> Iterator[Case]:
        hold = evaluations(watch.hold, self.desk.step)
        where = tuple((label, values.split("|")[0]) for label, values in self.objective.where)
        kept = self._kept
        end = 2 * hold + kept + 9
        up = self.desk.up(f"1x{end}")
        there = f"1x4 _x{hold + 2} 1x{3 + kept}"
        own = series(self.objective.metric, ((names.SERVICE, self.desk.service), *where), there)
        others = [series(self.objective.metric, ((names.SERVICE, ANOTHER), *where), f"1x{end}")]
        others += [
            series(
                self.objective.metric,
                ((names.SERVICE, self.desk.service), *{**dict(where), label: "something-else"}.items()),
                f"1x{end}",
            )
            for label, _ in where
        ]
        gone = 5  # the first step without a sample, which is fresh no longer
        yield self._case(
            watch,
            "silent while it is there and until `for` is over, fires when it is gone, resolves when it is back",
            [up, own, *others],
            [self._look(4, []), self._look(gone + hold + kept + 3, [])],
        )
        yield self._case(
            watch,
            "fires when it never was there, whatever else is",
            [up, *others],
            [self._look(hold - 1, []), self._look(hold, self._firing(hold, 0))],
        )

    def _target(self, watch: Watch) -> Iterator[Case]:
        hold, kept = evaluations(watch.hold, self.desk.step), self._kept
        last = 10 + hold + 4
        yield self._case(
            watch,
            "silent while up and until `for` is over, fires when down, resolves when up again",
            [
                self.desk.up(f"1x9 0x{hold + 4} 1x{5 + kept}"),
                self._foreign(recorded.SERVICE_UP, f"0x{hold + kept + 25}"),
            ],
            [
                self._look(9, []),
                self._look(9 + hold, []),
                self._look(10 + hold, self._firing(10 + hold, 10)),
                *([self._look(last + kept, self._firing(last, 10))] if kept else ()),
                self._look(last + kept + 1, []),
            ],
        )
        yield self._case(
            watch,
            "fires when its target is not there at all",
            [],
            [self._look(hold - 1, []), self._look(hold, self._firing(hold, 0))],
        )

    def _events(self, watch: Watch) -> Iterator[Case]:
        hold = evaluations(watch.hold, self.desk.step)
        rate = recorded.extractions_rate(watch.window)
        yield self._case(
            watch,
            "fires alone when the target is up and exports no extraction, whatever another service counts",
            [self.desk.up(f"1x{hold + 2}"), self._foreign(rate, f"80x{hold + 2}")],
            [
                self._look(hold - 1, []),
                self._look(hold, self._firing(hold, 0)),
                *(self.desk.look(hold + 1, alert, []) for alert in self.others),
            ],
        )
        begun = 20
        # The first evaluation that sees nothing counted: only samples after the last extraction are in its window.
        silent = begun + evaluations(watch.window, self.desk.step) - 1
        end, kept = silent + hold, self._kept
        over = end + 10 + kept
        last = begun * 80
        yield self._case(
            watch,
            "fires when traffic stops for as long as declared, resolves when it comes back",
            [
                self.desk.up(f"1x{over}"),
                self.desk.count(PAIR, f"0+80x{begun} {last}x{end - begun} {last + 80}+80x{5 + kept}"),
                self._foreign(rate, f"0x{over}"),
                self._foreign(recorded.SERVICE_UP, f"1x{over}"),
            ],
            [
                self._look(begun, []),
                self._look(end - 1, []),
                self._look(end, self._firing(end, silent, extractor=True)),
                *([self._look(end + 1 + kept, self._firing(end + 1, silent, extractor=True))] if kept else ()),
                self._look(end + (2 + kept if kept else 3), []),
            ],
        )
        yield self._case(
            watch,
            "silent while the target is down, which has its own alert",
            [self.desk.up(f"0x{hold + 2}"), self._foreign(recorded.SERVICE_UP, f"1x{hold + 2}")],
            [self._look(hold + 1, [])],
        )

    def _case(self, watch: Watch, title: str, inputs: list[Case], looks: list[Case]) -> Case:
        return self.desk.case(f"{self.objective.alert}, {watch.limit.severity}: {title}", inputs, looks)

    def _look(self, step: int, firing: list[Case]) -> Case:
        return self.desk.look(step, self.objective.alert, firing)

    def _foreign(self, metric: str, values: str) -> Case:
        """What the rules of another service recorded."""
        extractor = () if metric == recorded.SERVICE_UP else ((names.EXTRACTOR, self.desk.extractor),)
        return series(metric, ((names.SERVICE, ANOTHER), *extractor), values)

    def _firing(self, step: int, since: int, *, extractor: bool = False) -> list[Case]:
        """Every step of the ladder that has been violated since then for long enough."""
        labels = {names.SERVICE: self.desk.service} | ({names.EXTRACTOR: self.desk.extractor} if extractor else {})
        firing = []
        for watch in self.ladder:
            if step - since < evaluations(watch.hold, self.desk.step):
                continue
            alert = self.alerts[str(watch.limit.severity)]
            firing.append(
                {
                    "exp_labels": {**labels, **alert.labels},
                    "exp_annotations": expected.filled(alert.annotations, labels, 0.0, {}),
                }
            )
        return firing
