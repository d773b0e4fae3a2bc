"""Which alerts a text speaks of.

Messages for people carry `[FIRING:1] Name …` or `[RESOLVED] Name …` in the subject, title or summary (Alertmanager's
own templates and ours), and often a list of labels in the body (`- alertname = Name`, `Severity: critical`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from featurewatch import names
from featurewatch.demo.inbox.message import Status, clean

ALERTNAME: Final = "alertname"

LABELS: Final[tuple[str, ...]] = (
    *(names.SERVICE, names.EXTRACTOR, names.SEVERITY, names.OBJECTIVE, names.CATEGORY, names.TEAM),
    *(names.SERVED_FROM, names.ERROR_TYPE, "environment", "instance", "job"),
)
"""The labels that a delivery keeps."""

_MARK: Final = r"(FIRING|RESOLVED)(?:\s*:\s*\d+)?"
_HEADING: Final = re.compile(rf"\[\s*{_MARK}(?:\s*[,|/+&]\s*{_MARK})?\s*\]([^\r\n]*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIRST_NAMES: Final = re.compile(rf"[\s(*_`:]*({_NAME.pattern}(?:\s*,\s*{_NAME.pattern})*)")
_WHERE: Final = re.compile(r"\((critical|high|medium|low)\) on ([^\s:]+)", re.IGNORECASE)
"""The rest of our own headings: `ExtractionTooSlow (critical) on market-features: …`."""
_PAIR: Final = re.compile(
    rf"[\s\-*•_>|`]*\b({'|'.join((ALERTNAME, 'alert', *LABELS))})\b[\s*_`]*[=:][\s*_`]*(.*)", re.IGNORECASE
)
_SECTION: Final = re.compile(r"[\W\d]*(?:alerts\s+)?(firing|resolved)[\W\d]*", re.IGNORECASE)
"""A line that heads a list: `Alerts Firing:`, `[2] Resolved`."""


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """What was found in a text."""

    status: Status = "none"
    firing: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def recognise(heading: str, body: str = "", *, status: Status = "none") -> Recognised:
    """What `heading` (subject, title, summary) and `body` say. A `status` known from elsewhere wins."""
    said, in_heading, where = _read_heading(heading)
    if status == "none":
        status = said
    listed, labels = _read_body(body)
    if not listed:
        listed = [("none", name) for name in in_heading]
    firing = _unique(name for section, name in listed if _belongs(section, "firing", status))
    resolved = _unique(name for section, name in listed if _belongs(section, "resolved", status))
    return Recognised(status=status, firing=firing, resolved=resolved, labels=where | labels)


def alert_names(text: str) -> tuple[str, ...]:
    """The names in a list as people and templates write it: separated by commas or spaces."""
    return _unique(name for name in re.split(r"[,\s]+", text) if _NAME.fullmatch(name))


def keep_labels(labels: Mapping[str, object]) -> dict[str, str]:
    """The labels worth keeping, as text, shortened."""
    return {name: clean(value, 256) for name in LABELS if isinstance(value := labels.get(name), str) and value}


def names_in(alerts: object) -> tuple[str, ...]:
    """The names in a list of alerts as Alertmanager writes them in JSON."""
    return _unique(clean(name, 256) for labels in _label_sets(alerts) if (name := labels.get(ALERTNAME)))


def labels_in(alerts: object) -> dict[str, str]:
    """The labels that all alerts of such a list have in common."""
    sets = [keep_labels(labels).items() for labels in _label_sets(alerts)]
    return dict(set(sets[0]).intersection(*sets[1:])) if sets else {}


def status_of(text: str) -> Status:
    """The status in a word such as `firing` or `RESOLVED`."""
    match text.strip().lower():
        case "firing":
            return "firing"
        case "resolved":
            return "resolved"
        case "mixed":
            return "mixed"
        case _:
            return "none"


def _read_heading(text: str) -> tuple[Status, tuple[str, ...], dict[str, str]]:
    found = _HEADING.search(text)
    if found is None:
        return "none", (), {}
    marks = {mark.lower() for mark in found.group(1, 2) if mark}
    status: Status = "mixed" if len(marks) == 2 else status_of(marks.pop())
    first = _FIRST_NAMES.match(found.group(3))
    where = _WHERE.search(found.group(3))
    labels = {names.SEVERITY: where[1].lower(), names.SERVICE: clean(where[2], 256)} if where else {}
    return status, alert_names(first.group(1)) if first else (), labels


def _read_body(text: str) -> tuple[list[tuple[Status, str]], dict[str, str]]:
    section: Status = "none"
    listed: list[tuple[Status, str]] = []
    labels: dict[str, str] = {}
    for line in text.splitlines():
        if heading := _SECTION.fullmatch(line):
            section = status_of(heading.group(1))
        elif pair := _PAIR.match(line):
            name, value = pair.group(1).lower(), pair.group(2).strip(" \t*`\"'|")
            if name in (ALERTNAME, "alert"):
                listed += [(section, alert) for alert in alert_names(value)[:1]]
            elif value:
                labels.setdefault(name, clean(value, 256))
    return listed, labels


def _label_sets(alerts: object) -> list[dict[str, str]]:
    found = [alert.get("labels") for alert in alerts if isinstance(alert, dict)] if isinstance(alerts, list) else []
    return [
        {name: value for name, value in labels.items() if isinstance(value, str)}
        for labels in found
        if isinstance(labels, dict)
    ]


def _belongs(section: Status, side: Status, status: Status) -> bool:
    """Whether a name found in `section` counts on `side`: an unmarked name follows the message as a whole."""
    if section == "none":
        return status in (side, "mixed")
    return section == side


def _unique(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:100]
