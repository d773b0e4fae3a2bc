"""`featurewatch history | report`: what happened, one by one and in figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from featurewatch.commands.responder_output import filters, length, listed, plain, time_text
from featurewatch.commands.table import show, show_json
from featurewatch.objectives.units import percent_text
from featurewatch.responder.client import Responder


def history(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch history`: what happened, in a table or as a file."""
    asked = filters(options) | {"state": options.state, "kind": options.kind}
    if options.export is not None:
        for text in responder.lines("export", asked | {"format": options.export}):
            sys.stdout.write(text)
        return 0
    found = responder.pages("history", asked, options.limit)
    header = ("time", "what", "alert", "severity", "service", "extractor", "number", "by", "detail")
    listed(options, found, header, _transition)
    return 0


def _transition(one: Any) -> Sequence[str]:
    detail = " ".join(f"{name}={value}" for name, value in one["detail"].items() if value not in (None, ""))
    names = (one["alertname"], one["severity"], one["service"], one["extractor"], str(one["alert"]))
    return (time_text(one["at"]), one["kind"], *names, one["actor"], detail)


def report(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch report`: the figures of a stretch of time, and each alert's."""
    found = responder.get("reports/alerts", filters(options))
    if options.json:
        show_json(found)
        return 0
    print(f"{time_text(found['since'])} to {time_text(found['until'])}\n")
    levels = ", ".join(f"level {level}: {times}" for level, times in found["escalations"].items()) or "none"
    rows = [
        ("alerts", f"{found['fired']} in {found['incidents']} incidents, {found['firing']} still firing"),
        ("time to acknowledge", _spread(found["time_to_acknowledge"])),
        ("time to resolve", _spread(found["time_to_resolve"])),
        ("delivery", _spread(found["delivery"], "not known: no message was the first to tell")),
        ("escalations", levels),
        ("flapped", str(found["flapped"])),
        ("dedupe ratio", _share(found["dedupe_ratio"])),
        ("false-positive ratio", _share(found["false_positive_ratio"])),
    ]
    show(("figure", ""), rows)
    print()
    header = ("alert", "severity", "fired", "flapped", "brief", "acknowledged", "escalated", "false", "noise")
    names = ("fired", "flapped", "brief", "acknowledged", "escalations", "false_positives")
    show(
        header,
        [
            (plain(one["alertname"]), one["severity"], *(str(one[name]) for name in names), _share(one["noise"]))
            for one in found["alerts"]
        ],
    )
    return 0


def _spread(one: Any, without: str = "never") -> str:
    if not one["count"]:
        return without
    return f"median {length(one['median'])}, 90 % within {length(one['p90'])}, longest {length(one['longest'])}"


def _share(ratio: float | None) -> str:
    return "" if ratio is None else percent_text(round(ratio, 3))
