"""The hand-written table of routes: an alert with these labels reaches these receivers, over these channels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from featurewatch.amtool import Amtool
from featurewatch.faults import Fault, Faulty
from featurewatch.routes.channels import CONFIG_KEYS

_KEYS = {"name", "labels", "receivers", "channels"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    line: int
    name: str
    """A sentence."""
    labels: Mapping[str, str]
    receivers: tuple[str, ...]
    channels: frozenset[str] | None = None
    """What those receivers speak to, where the row says."""


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
    """Ask amtool for each row; a fault for each that goes elsewhere. Raises `AmtoolError` where it cannot say."""
    spoken = _spoken(config)
    faults: list[Fault] = []
    for row in table.rows:
        routed = amtool.route(config, row.labels, row.receivers)
        if not routed.as_expected:
            what = f"{row.name}: goes to {', '.join(routed.receivers) or 'nobody at all'}"
            faults.append(Fault(table.file, row.line, 1, what, f"expected {', '.join(row.receivers)}"))
        elif row.channels is not None:
            reached = frozenset[str]().union(*(spoken.get(name, frozenset()) for name in row.receivers))
            if reached != row.channels:
                what = f"{row.name}: speaks to {', '.join(sorted(reached)) or 'no channel'}"
                faults.append(Fault(table.file, row.line, 1, what, f"expected {', '.join(sorted(row.channels))}"))
    return tuple(faults)


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
    if not _texts(item.get("receivers")) or not item["receivers"]:
        return f"{item['name']}: no list of receivers"
    if "channels" in item and (not _texts(item["channels"]) or not set(item["channels"]) <= set(CONFIG_KEYS)):
        return f"{item['name']}: channels are not among {', '.join(CONFIG_KEYS)}"
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _row(line: int, item: Mapping[str, Any]) -> Row:
    channels = frozenset(item["channels"]) if "channels" in item else None
    return Row(line, item["name"], item["labels"], tuple(item["receivers"]), channels)


def _spoken(config: Path) -> dict[str, frozenset[str]]:
    """Each receiver of a configuration with the channels it has."""
    receivers: Sequence[Mapping[str, Any]] = yaml.safe_load(config.read_text(encoding="utf-8"))["receivers"]
    return {
        receiver["name"]: frozenset(channel for channel, key in CONFIG_KEYS.items() if receiver.get(key))
        for receiver in receivers
    }
