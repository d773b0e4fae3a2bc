"""`featurewatch alerts | incidents | ack`: what fires, and in whose hands it is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from featurewatch.commands.responder_output import filters, length, listed, seconds_between, time_text, unusable
from featurewatch.commands.table import show_json
from featurewatch.responder.client import Responder


def alerts(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch alerts`: 1 with `--fail` when there are any."""
    found = responder.pages("alerts", filters(options) | {"state": options.state}, options.limit)
    header = ("number", "severity", "alert", "service", "extractor", "since", "for", "in the hands of")
    listed(options, found, header, _alert)
    return 1 if options.fail and found else 0


def _alert(one: Any) -> Sequence[str]:
    held = one["acknowledgement"]
    lasting = seconds_between(one["started_at"], one["ended_at"])
    names = (str(one["id"]), one["severity"], one["alertname"], one["service"], one["extractor"])
    return (*names, time_text(one["started_at"]), length(lasting), held["owner"] if held else "")


def incidents(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch incidents`: 1 with `--fail` when there are any."""
    found = responder.pages("incidents", filters(options) | {"state": options.state}, options.limit)
    header = ("number", "severity", "level", "service", "extractor", "since", "for", "alerts", "in the hands of")
    listed(options, found, header, _incident)
    return 1 if options.fail and found else 0


def _incident(one: Any) -> Sequence[str]:
    names = (str(one["id"]), one["severity"], str(one["escalation_level"]), one["service"], one["extractor"])
    lasting = length(seconds_between(one["started_at"], one["ended_at"]))
    return (*names, time_text(one["started_at"]), lasting, ", ".join(one["alertnames"]), ", ".join(one["owners"]))


def acknowledge(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch ack`: take in hand, give back, or mark as false."""
    of = "incidents" if options.incident else "alerts"
    if options.false_alarm and options.incident:
        raise unusable("ack --false", "an incident has several alerts", "name the alerts that were false")
    done = []
    for number in options.number:
        if options.false_alarm:
            done.append(responder.put(f"alerts/{number}/false-positive", {"comment": options.comment}))
        elif options.back:
            responder.delete(f"{of}/{number}/acknowledgement")
            done.append({"number": number, "given_back": True})
        else:
            said = {"comment": options.comment, "seconds": options.lasting, "owner": options.owner}
            done.append(responder.put(f"{of}/{number}/acknowledgement", said))
    if options.json:
        show_json(done)
    else:
        what = "marked as false" if options.false_alarm else "given back" if options.back else "in hand"
        for number in options.number:
            print(f"{of.removesuffix('s')} {number}: {what}")
    return 0
