"""Changes of a rule that change nothing, each with the reason: the tests cannot and need not notice them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from featurewatch.rules.mutation import Mutant


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A kind of change, as a pattern of `Mutant.__str__`, and why it makes no difference."""

    pattern: re.Pattern[str]
    reason: str


def _equivalent(pattern: str, reason: str) -> Equivalent:
    return Equivalent(re.compile(pattern, re.DOTALL), reason)


EQUIVALENT: tuple[Equivalent, ...] = (
    _equivalent(
        r".+: comparison: .+ < [\d.]+ - 1e-9: < -> <=",
        "The tolerance only has to be larger than a rounding error; whether it belongs to the limit says nothing.",
    ),
    _equivalent(
        r".+:p[\d_]+_rate\w+: comparison: .+ >= 0: >= -> >",
        "The lowest bucket begins at 0 and the rank is positive, so a quantile is never exactly 0.",
    ),
    _equivalent(
        r".+:(good_ratio_\w+|bad_(?:increase|sum)\w+|budget_left_seconds\w+|throughput:rate\w+|memory:sum)"
        r": matcher: .+: service=\"[^\"]+\",? -> nothing",
        "The other operand names the service as well, and both are matched by it. Named twice, fewer series are read.",
    ),
    _equivalent(
        r".+:p[\d_]+_rate\w+: function: rate\(.+: rate\( -> increase\(",
        "A quantile is the same of counts and of counts per second.",
    ),
    _equivalent(
        r".+:p[\d_]+_rate\w+: aggregation: histogram_quantile\(.+: sum by -> avg by",
        "All series of a histogram have the same buckets, so each is divided by the same number.",
    ),
    _equivalent(
        r".+:stage_duration_seconds:\w+: label: .+ -> by \([a-z_, ]+, outcome\)",
        "No stage has such a label.",
    ),
    _equivalent(
        r"ObjectiveDataAbsent .+: (aggregation: max by .+|label: max by .+ by \(service, outcome\))",
        "absent() returns one series at most, with the service as its only label.",
    ),
    _equivalent(
        r"Repair(SwitchedOff|Blind) .+: aggregation: max by .+ > 0: max by -> sum by",
        "The series are 0 or 1, and the message shows no number: any is above 0 where their sum is.",
    ),
    _equivalent(
        r"ObjectiveDataAbsent .+: label: and on \(service\): .+ -> on \(service, extractor\)",
        "Neither what is absent nor the service being up has an extractor.",
    ),
    _equivalent(
        r".+:\w+: comparison: .+ >= -Inf: >= -> >",
        "Only NaN is meant to be left out; no exporter shows minus infinity.",
    ),
    _equivalent(
        r"(\w+ \(\w+\)|[\w:]+:calm): comparison: .+ [<>] -?[\d.]+ [+-] (1e-\d+|[\d.]+): ([<>]) -> \3=",
        "The tolerance only has to be larger than a rounding error; whether it belongs to the limit says nothing.",
    ),
    _equivalent(
        r"service:up:max: aggregation: 0 \* max by .+: max by -> (min|sum) by",
        "absent() returns one series at most.",
    ),
    _equivalent(
        r"(ScrapeFailing|RemoteWriteBehind) .+: label: .+ -> on \((service|job, instance), extractor\)",
        "No series of the chain has an extractor, so all of them match by it, too.",
    ),
    _equivalent(
        r"DeliverySlow .+: comparison: .+: > -> >=",
        "It compares a mean of measured seconds, which is never exactly the limit but for rounding.",
    ),
    _equivalent(
        r".+: label: .+ -> on \([a-z_, ]*extractor[a-z_, ]*, extractor\)",
        "The label is named already.",
    ),
    _equivalent(
        r'IncidentMember .+: matcher: .+ALERTS\{alertname="[^"|]+",alertstate="firing"\}.+alertstate.+ -> nothing',
        "An incident has no `for`, so it is never pending.",
    ),
    _equivalent(
        r"service(_extractor)?:health:score: matcher: .+: service=\"[^\"]+\" -> nothing",
        "The other operands name the service as well, and all are matched by it.",
    ),
    _equivalent(
        r"service:health:score: label: .+ -> by \(service, outcome\)",
        "What it adds up has no such label.",
    ),
    _equivalent(
        r"HealthScoreLow .+: tolerance: .+: 1e-9 -> 0",
        "At the bounds 70 and 90 these weights leave no rounding error; at others they may.",
    ),
    _equivalent(
        r"[\w:]+:(usual|spread|z)_(season|rolling): matcher: .+: service=\"[^\"]+\" -> nothing",
        "The other operands name the service as well, and all are matched by it.",
    ),
    _equivalent(
        r"[\w:]+:calm: matcher: abs\(.+: service=\"[^\"]+\" -> nothing",
        "What is left out is matched by the service, which the signal names as well.",
    ),
    _equivalent(
        r"[\w:]+:(usual|spread)_season: label: .+ -> by \(service, extractor, outcome\)",
        "What is usual on a day has no such label.",
    ),
    _equivalent(
        r"service_instance_mountpoint:\w+:used_ratio: label: max by .+ -> by \(instance, mountpoint, outcome\)",
        "No file system has such a label.",
    ),
    _equivalent(
        r"[\w:]+:used_ratio: matcher: 1 - \w+\{.+\} / \w+\{.+\}: fstype!~\"[^\"]+\" -> nothing",
        "The other operand leaves out the same kinds, and both are matched by it.",
    ),
    _equivalent(
        r"[\w:]+:full_in_seconds: matcher: .+: service=\"[^\"]+\" -> nothing",
        "The other operands name the service as well, and all are matched by it.",
    ),
    _equivalent(
        r"[\w:]+:full_in_seconds: comparison: .+:growth\w+\{.+\} < .+:growth\w+\{.+\}: < -> <=",
        "Of two slopes that are equal either is the slower one.",
    ),
)


def reason(mutant: Mutant) -> str | None:
    """Why the mutant is no mistake; None where it is one."""
    return next((entry.reason for entry in EQUIVALENT if entry.pattern.fullmatch(str(mutant))), None)
