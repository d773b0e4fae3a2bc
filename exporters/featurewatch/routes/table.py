"""The hand-written table of routes: an alert with these labels reaches these receivers, over these channels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from featurewatch.amtool import Amtool
from featurewatch.faults import Fault, Faulty
from featurewatch.routes import simulator
from featurewatch.routes.channels import CONFIG_KEYS

NO_PEOPLE = frozenset({"responder", "nobody"})
"""The receivers behind which nobody stands; rows say which people are told."""

_KEYS = {"name", "labels", "receivers", "channels", "at", "silenced_by", "firing"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    line: int
    name: str
    """A sentence."""
    labels: Mapping[str, str]
    receivers: tuple[str, ...]
    """Those of people."""
    channels: frozenset[str] | None = None
    """What those receivers speak to, where the row says."""
    at: datetime | None = None
    """When; at any time where the row does not say."""
    firing: tuple[Mapping[str, str], ...] = ()
    """Labels of what else fires; where it says nothing of a label, as in the row's own."""
    silenced_by: str | None = None
    """Name of the rule that silences the alert beside those."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and the file they stand in."""

    file: str
    rows: tuple[Row, ...]


def load(path: Path) -> Table:
    """Read the table. Raises `Faulty` with every malformed row."""
    file = os.fspath(path)
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Faulty([Fault(file, 0, 0, "cannot be read", str(error))]) from error
    if not isinstance(data, list) or not isinstance(node, yaml.SequenceNode) or not data:
        raise Faulty([Fault(file, 1, 1, "not a list of rows", "write `- name: …` with labels and receivers")])
    lines = [item.start_mark.line + 1 for item in node.value]
    faults = [
        Fault(file, line, 1, complaint, "a row has a name, labels and receivers (a list), and may have channels")
        for line, item in zip(lines, data, strict=True)
        if (complaint := _complaint(item))
    ]
    if faults:
        raise Faulty(faults)
    return Table(file, tuple(_row(line, item) for line, item in zip(lines, data, strict=True)))


def run(table: Table, config: Path, amtool: Amtool) -> tuple[Fault, ...]:
    """Ask the simulator for each row, and amtool, which knows no time; a fault for each that goes elsewhere, and where
    the two disagree. Raises `AmtoolError` where it cannot say."""
    spoken = _spoken(config)
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    faults: list[Fault] = []
    for row in table.rows:
        anytime = simulator.receivers(content, row.labels)
        by_amtool = amtool.route(config, row.labels).receivers
        if by_amtool != anytime:
            what = f"{row.name}: amtool says {', '.join(by_amtool)}, our simulator {', '.join(anytime)}"
            faults.append(Fault(table.file, row.line, 1, what, "mend featurewatch.routes.simulator"))
        wrong = list(_simulated(table, row, content))
        faults += wrong
        if not wrong and row.channels is not None:
            reached = frozenset[str]().union(*(spoken.get(name, frozenset()) for name in row.receivers))
            if reached != row.channels:
                what = f"{row.name}: speaks to {', '.join(sorted(reached)) or 'no channel'}"
                faults.append(Fault(table.file, row.line, 1, what, f"expected {', '.join(sorted(row.channels))}"))
    return tuple(faults)


def _simulated(table: Table, row: Row, content: Mapping[str, Any]) -> Iterator[Fault]:
    everybody = simulator.receivers(content, row.labels, row.at)
    reached = tuple(name for name in everybody if name not in NO_PEOPLE)
    wanted = tuple(name for name in row.receivers if name not in NO_PEOPLE)
    if reached != wanted:
        when = " at that time" if row.at is not None else ""
        what = f"{row.name}: goes to {', '.join(reached) or 'nobody at all'}{when}"
        yield Fault(table.file, row.line, 1, what, f"expected {', '.join(wanted) or 'nobody at all'}")
    rule = simulator.inhibitor(content, row.labels, [{**row.labels, **other} for other in row.firing])
    if rule != row.silenced_by:
        what = f"{row.name}: is silenced by {rule or 'nothing'}"
        yield Fault(table.file, row.line, 1, what, f"expected {row.silenced_by or 'nothing'}")


def uncovered(table: Table, alerts: Iterable[tuple[str, str]]) -> tuple[Fault, ...]:
    """A fault for each (alertname, severity) of the catalogue that has no row."""
    covered = {(row.labels.get("alertname", ""), row.labels.get("severity", "")) for row in table.rows}
    return tuple(
        Fault(table.file, 0, 0, f"no row for {alert} of severity {severity}", "add one: say who must be told")
        for alert, severity in sorted(set(alerts) - covered)
    )


def _complaint(item: Any) -> str:
    if not isinstance(item, dict):
        return "not a row"
    if unknown := set(item) - _KEYS:
        return f"unknown key {', '.join(sorted(map(str, unknown)))}"
    if not isinstance(item.get("name"), str):
        return "no name"
    labels = item.get("labels")
    if not isinstance(labels, dict) or not all(isinstance(text, str) for pair in labels.items() for text in pair):
        return f"{item['name']}: labels are not text"
    if "at" in item and _moment(item["at"]) is None:
        return f"{item['name']}: at is no time with its offset, such as 2026-11-22T03:00+01:00"
    if not _texts(item.get("receivers")):
        return f"{item['name']}: no list of receivers"
    if "channels" in item and (not _texts(item["channels"]) or not set(item["channels"]) <= set(CONFIG_KEYS)):
        return f"{item['name']}: channels are not among {', '.join(CONFIG_KEYS)}"
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _row(line: int, item: Mapping[str, Any]) -> Row:
    channels = frozenset(item["channels"]) if "channels" in item else None
    return Row(
        line,
        item["name"],
        item["labels"],
        tuple(item["receivers"]),
        channels,
        at=_moment(item.get("at")),
        firing=tuple(item.get("firing", ())),
        silenced_by=item.get("silenced_by"),
    )


def _moment(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _spoken(config: Path) -> dict[str, frozenset[str]]:
    """Each receiver of a configuration with the channels it has."""
    receivers: Sequence[Mapping[str, Any]] = yaml.safe_load(config.read_text(encoding="utf-8"))["receivers"]
    return {
        receiver["name"]: frozenset(channel for channel, key in CONFIG_KEYS.items() if receiver.get(key))
        for receiver in receivers
    }
