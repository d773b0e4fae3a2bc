"""Rules as plain values; `render` writes them down in Prometheus' format."""

from __future__ import annotations

from dataclasses import dataclass, field

from featurewatch.objectives.units import duration_text


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed once and read by alerts, panels and messages."""

    name: str
    expr: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires when `expr` has returned something for `hold` seconds, and ends when it has returned nothing for `keep`."""

    name: str
    expr: str
    hold: float
    labels: dict[str, str]
    annotations: dict[str, str]
    keep: float = 0.0
    """Seconds (`keep_firing_for`): what comes back sooner was never over."""


Rule = Recording | Alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules evaluated one after the other, every `interval` seconds; a later one sees what an earlier one wrote."""

    name: str
    interval: float
    rules: tuple[Rule, ...] = field(default_factory=tuple)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))

    @property
    def recordings(self) -> tuple[Recording, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, Recording))


def render(group: Group) -> dict[str, object]:
    """The content of a rule file that holds this group."""
    return {
        "groups": [
            {
                "name": group.name,
                "interval": duration_text(group.interval),
                "rules": [_render_rule(rule) for rule in group.rules],
            }
        ]
    }


def _render_rule(rule: Rule) -> dict[str, object]:
    if isinstance(rule, Recording):
        return {"record": rule.name, "expr": rule.expr}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": duration_text(rule.hold) if rule.hold else "0s",
        **({"keep_firing_for": duration_text(rule.keep)} if rule.keep else {}),
        "labels": rule.labels,
        "annotations": rule.annotations,
    }
