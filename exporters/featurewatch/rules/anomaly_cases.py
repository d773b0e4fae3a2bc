"""Tests of anomalies: what is usual by day and by hour, how far away it is, and the alert from both sides."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.outlook import TRAFFIC, Anomaly
from featurewatch.objectives.units import number_text
from featurewatch.rules import anomaly as rules
from featurewatch.rules import signals
from featurewatch.rules.anomaly import DAYS_NEEDED, HOLD, LARGE, QUARTILES, SAMPLES_NEEDED
from featurewatch.rules.anomaly import series as name_of
from featurewatch.rules.cases import ANOTHER, Case, Desk, Labels, series
from featurewatch.rules.looking import Firing, Looker, alerting, value
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan
from featurewatch.rules.scenario import evaluations
from featurewatch.rules.share_cases import ROUNDING
from featurewatch.rules.trust import MINIMUM_EVENTS

USUAL, NOISE = 100.0, 4.0
HALF_HOUR = 1800.0
SLIGHTLY = 5e-4
"""Spreads beyond a threshold that are no rounding error."""


@dataclass(frozen=True, slots=True)
class AnomalyCases:
    """All cases of one anomaly."""

    plan: Plan
    anomaly: Anomaly
    group: Group
    extractor: str

    def fine(self) -> Iterator[Case]:
        """To be evaluated every minute."""
        signs = {"above": (1,), "below": (-1,), "both": (1, -1)}[self.anomaly.direction]
        for sign, times in itertools.product(signs, (1.0, LARGE)):
            yield self._edge(sign, times)
            yield self._told(sign, times)
        if self.anomaly.direction != "both":
            yield self._other_side(-signs[0])
        yield self._too_few_days()
        yield self._elsewhere()
        yield self._rolling()
        if self.anomaly.of != TRAFFIC:
            yield self._quiet(signs[0])

    def coarse(self) -> Case:
        """The hours of earlier days, to be evaluated every half hour."""
        desk = self._desk(HALF_HOUR)
        days = self.anomaly.days
        steps = days * 48 + 5  # a little more than is read
        shape = [USUAL + at % 48 + 0.5 * (at // 48) ** 2 + (1 + (at // 48) ** 2) * (at % 2) for at in range(steps)]
        inputs = [
            series(signals.name_of(self.anomaly.of), self._labels(service), " ".join(f"{each:.12g}" for each in shape))
            for service in (desk.service, ANOTHER)
        ]
        end = steps - 1
        # The hour around this time of an earlier day ends half an hour later; it is open on the left.
        hours = [shape[max(end - day * 48, 0) : end - day * 48 + 2] for day in range(1, days + 1)]
        means = {day: statistics.fmean(hour) for day, hour in enumerate(hours, start=1)}
        noise = {day: statistics.pstdev(hour) for day, hour in enumerate(hours, start=1)}
        usual = _quantile(0.5, list(means.values()))
        between = (_quantile(0.75, list(means.values())) - _quantile(0.25, list(means.values()))) / QUARTILES
        spread = math.sqrt(
            between**2 + _quantile(0.5, list(noise.values())) ** 2 + (signals.LEAST * usual) ** 2 + self._least**2
        )
        who = self._labels(desk.service)
        checks = [
            value(desk, end, self._name(what), {(("day", str(day)), *who): each for day, each in found.items()})
            for what, found in (("usual_by_day", means), ("noise_by_day", noise))
        ]
        checks += [
            value(desk, end, self._name("usual_season"), {who: usual}),
            value(desk, end, self._name("spread_season"), {who: spread}),
            value(desk, end, self._name("z_season"), {who: (shape[end] - usual) / spread}),
            value(desk, end, self._name("z"), {who: (shape[end] - usual) / spread}),
        ]
        return desk.case(f"{self.anomaly.name}: the same hour of {days} days", inputs, values=checks)

    # --- alerts -------------------------------------------------------------------------------------------------
    def _edge(self, sign: int, times: float) -> Case:
        """Exactly the threshold, a little more, and back."""
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        threshold = self.anomaly.threshold * times
        spread = self._spread()
        at_edge, over = (USUAL + sign * threshold * spread * factor for factor in (1.0, 1.01))
        looker, begun = Looker(desk, self.group.alerts), hold + 3
        phases = ((1, USUAL), (begun - 1, at_edge), (hold + 2, over), (3, USUAL))
        inputs = [*self._season(desk, DAYS_NEEDED, begun + hold + 5), self._signal(desk, phases), self._enough(desk)]

        def firing(at: int) -> list[Firing]:
            found = []
            for alert in self.group.alerts:
                large = alert.labels[names.SEVERITY] == "high"
                limit = self.anomaly.threshold * (LARGE if large else 1)
                since = 1 if threshold > limit else begun
                if at - since >= hold and at < begun + hold + 2 and threshold * 1.01 > limit:
                    z = sign * threshold * (1.0 if at < begun else 1.01)
                    found.append(Firing(alert.labels[names.SEVERITY], self._labels(desk.service), z))
            return found

        moments = (begun - 1, begun + hold - 1, begun + hold, begun + hold + 2)
        side = "above" if sign > 0 else "below"
        return desk.case(
            f"{self.anomaly.alert}: silent at exactly {threshold:g} spreads {side}, fires a hundredth over, resolves",
            inputs,
            [looker.look(at, firing(at)) for at in moments],
            [value(desk, begun, self._name("z_season"), {self._labels(desk.service): sign * threshold * 1.01})],
        )

    def _told(self, sign: int, times: float) -> Case:
        """A distance that is told: a rounding error over the threshold says nothing, a little more does."""
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        threshold, begun = self.anomaly.threshold * times, hold + 1
        rounded, over = (sign * (threshold + more) for more in (ROUNDING, SLIGHTLY))
        severity = "high" if times == LARGE else "medium"
        [alert] = [each for each in self.group.alerts if each.labels[names.SEVERITY] == severity]
        who = self._labels(desk.service)
        values = [
            alerting(desk, hold, alert, fires=False),
            alerting(desk, begun + hold - 1, alert, fires=False),
            alerting(desk, begun + hold, alert, fires=True),
        ]
        if times == 1:
            values.append(value(desk, hold, self._name("calm"), {who: USUAL}))
            values.append(desk.value(begun, self._name("calm"), []))
        side = "above" if sign > 0 else "below"
        return desk.case(
            f"{self.anomaly.alert}: a rounding error beyond {threshold:g} spreads {side} is none, a little more fires",
            [
                series(self._name("z"), who, f"{rounded:.10f}x{hold} {over:.10f}x{hold}"),
                self._signal(desk, ((begun + hold + 1, USUAL),)),
                self._enough(desk),
            ],
            values=values,
        )

    def _elsewhere(self) -> Case:
        """Another service's signal and distances are judged by its own rules."""
        desk, steps = self._desk(signals.INTERVAL), 2
        told = (signals.name_of(self.anomaly.of), self._name("z_season"), self._name("z_rolling"))
        return desk.case(
            f"{self.anomaly.name}: nothing is said of another service",
            [series(name, self._labels(ANOTHER), f"{USUAL:g}x{steps}") for name in told],
            values=[desk.value(steps, self._name(name), []) for name in ("calm", "z")],
        )

    def _other_side(self, sign: int) -> Case:
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        far = USUAL + sign * 3 * LARGE * self.anomaly.threshold * self._spread()
        inputs = [
            *self._season(desk, DAYS_NEEDED, hold + 3),
            self._signal(desk, ((hold + 3, far),)),
            self._enough(desk),
        ]
        return desk.case(
            f"{self.anomaly.alert}: silent however far on the other side",
            inputs,
            [Looker(desk, self.group.alerts).look(hold + 2)],
        )

    def _too_few_days(self) -> Case:
        """Two days make no season; another service's distance is its own affair."""
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        inputs = [
            *self._season(desk, DAYS_NEEDED - 1, 2 * hold + 6),
            self._signal(desk, ((2 * hold + 6, 9 * USUAL),)),
            self._enough(desk),
            series(self._name("z"), self._labels(ANOTHER), f"99x{hold + 2} -99x{hold + 2}"),
            series(self._name("usual_season"), self._labels(ANOTHER), f"1x{2 * hold + 5}"),
        ]
        return desk.case(
            f"{self.anomaly.alert}: silent while there is nothing to compare with",
            inputs,
            [Looker(desk, self.group.alerts).look(at) for at in (hold + 2, 2 * hold + 5)],
            [desk.value(hold + 2, f'{self._name("z")}{{service="{desk.service}"}}', [])],
        )

    def _rolling(self) -> Case:
        """The hour before teaches what is usual; the incident does not, until it has lasted for that hour."""
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        calm, incident = 70, 90
        far = 3 * USUAL if self.anomaly.direction != "below" else USUAL / 9
        wave = " ".join(f"{USUAL + at % 2:g}" for at in range(calm))
        inputs = [
            series(signals.name_of(self.anomaly.of), self._labels(desk.service), f"{wave} {far:g}x{incident - 1}"),
        ]
        if self.anomaly.of != TRAFFIC:
            inputs.append(series(signals.name_of(TRAFFIC), self._labels(desk.service), f"1000x{calm + incident}"))
        who = self._labels(desk.service)
        looker = Looker(desk, self.group.alerts)
        mean, noise = USUAL + 0.5, 0.5
        spread = math.sqrt(noise**2 + (signals.LEAST * mean) ** 2 + self._least**2)
        z = (far - mean) / spread
        firing = [Firing(alert.labels[names.SEVERITY], who, z) for alert in self.group.alerts]
        # The first moment with too few calm minutes in sight; the first minute of the incident is one of them.
        gone = calm + round((rules.HOUR + rules.SETTLE) / signals.INTERVAL) - SAMPLES_NEEDED + 1
        first = SAMPLES_NEEDED - 1 + round(rules.SETTLE / signals.INTERVAL)
        checks = [
            desk.value(first - 1, self._name("usual_rolling"), []),
            value(desk, first, self._name("usual_rolling"), {who: mean}),
            value(desk, calm, self._name("usual_rolling"), {who: mean}),
            value(desk, calm, self._name("spread_rolling"), {who: spread}),
            value(desk, calm, self._name("z_rolling"), {who: z}),
            value(desk, calm - 1, self._name("calm"), {who: USUAL + (calm - 1) % 2}),
            desk.value(calm + 5, self._name("calm"), []),
            desk.value(gone, self._name("usual_rolling"), []),
        ]
        # What was calm is forgotten after the hour; then the new level is the usual one.
        return desk.case(
            f"{self.anomaly.alert}: an incident teaches nothing until it has outlasted the hour",
            inputs,
            [
                looker.look(calm - 1),
                looker.look(calm + hold - 1),
                looker.look(calm + hold, firing),
                looker.look(calm + 45, self._later(who, far, calm + 45, calm)),
                looker.look(calm + incident - 1),
            ],
            checks,
        )

    def _later(self, who: Labels, far: float, at: int, calm: int) -> list[Firing]:
        """The same incident, seen from the calm minutes that still are in sight (the first of it is one of them)."""
        last = at - round(rules.SETTLE / signals.INTERVAL)
        seen = [USUAL + each % 2 for each in range(last - 59, calm)] + [far]
        mean, noise = statistics.fmean(seen), statistics.pstdev(seen)
        spread = math.sqrt(noise**2 + (signals.LEAST * mean) ** 2 + self._least**2)
        z = (far - mean) / spread
        limits = {"high": self.anomaly.threshold * LARGE, "medium": self.anomaly.threshold}
        return [Firing(severity, who, z) for severity, limit in limits.items() if abs(z) > limit]

    def _quiet(self, sign: int) -> Case:
        """A little less traffic than it takes to judge, then enough."""
        desk, hold = self._desk(signals.INTERVAL), evaluations(HOLD, signals.INTERVAL)
        far = USUAL + sign * 2 * LARGE * self.anomaly.threshold * self._spread()
        enough = MINIMUM_EVENTS / signals.WINDOW
        steps = 2 * hold + 8
        few = f"{enough * 0.95:.6f}x{hold + 2} {enough * 1.01:.6f}x{hold + 4}"
        inputs = [
            *self._season(desk, DAYS_NEEDED, steps),
            self._signal(desk, ((steps, far),)),
            series(signals.name_of(TRAFFIC), self._labels(desk.service), few),
        ]
        z = sign * 2 * LARGE * self.anomaly.threshold
        firing = [Firing(alert.labels[names.SEVERITY], self._labels(desk.service), z) for alert in self.group.alerts]
        looker = Looker(desk, self.group.alerts)
        title = f"{self.anomaly.alert}: silent with little traffic, however far away"
        return desk.case(title, inputs, [looker.look(hold + 2), looker.look(2 * hold + 5, firing)])

    # --- input series -------------------------------------------------------------------------------------------
    def _season(self, desk: Desk, days: int, steps: int) -> Iterator[Case]:
        """As many days alike, as the rules would have recorded them."""
        for what, number in (("usual_by_day", USUAL), ("noise_by_day", NOISE)):
            for day in range(1, days + 1):
                yield series(self._name(what), (*self._labels(desk.service), ("day", str(day))), f"{number:g}x{steps}")

    def _spread(self) -> float:
        return math.sqrt(NOISE**2 + (signals.LEAST * USUAL) ** 2 + self._least**2)

    def _signal(self, desk: Desk, phases: tuple[tuple[int, float], ...]) -> Case:
        values = " ".join(f"{number_text(number)}x{steps - 1}" for steps, number in phases)
        return series(signals.name_of(self.anomaly.of), self._labels(desk.service), values)

    def _enough(self, desk: Desk) -> Case:
        """Traffic that suffices, where the signal is another one."""
        name = signals.name_of(TRAFFIC) if self.anomaly.of != TRAFFIC else "unread"
        return series(name, self._labels(desk.service), "1000x99")

    @property
    def _least(self) -> float:
        return signals.least(self.plan.objectives, self.anomaly.of)

    def _labels(self, service: str) -> Labels:
        return ((names.SERVICE, service), (names.EXTRACTOR, self.extractor))

    def _name(self, operation: str) -> str:
        return name_of(self.anomaly, operation)

    def _desk(self, step: float) -> Desk:
        return Desk(self.plan.objectives.service, step, self.extractor)


def _quantile(value: float, numbers: list[float]) -> float:
    """As Prometheus' `quantile`: linear between the two nearest."""
    ordered = sorted(numbers)
    rank = value * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
