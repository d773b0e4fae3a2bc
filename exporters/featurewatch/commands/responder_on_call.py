"""`featurewatch oncall`: who has a role, and its hand-overs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any

from featurewatch.commands.responder_output import listed, say, time_text, unusable
from featurewatch.commands.table import tell
from featurewatch.responder.client import Responder


def on_call(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch oncall`: who has a role; hand it over, take that back, or list the hand-overs."""
    role = options.role
    if role is None and (options.to or options.overrides or options.withdraw):
        raise unusable("oncall", "which role?", "name it, such as on-call-engineer; `featurewatch oncall` lists them")
    if role is not None and re.fullmatch(r"[A-Za-z0-9._-]+", role) is None:
        raise unusable("oncall", f"{role!r} is no role", "`featurewatch oncall` lists them")
    if options.to is not None:
        said = {"person": options.to, "begins_at": options.begins, "ends_at": options.ends, "comment": options.comment}
        made = responder.post(f"on-call/{role}/overrides", said)
        say(options, made, f"{made['person']} has {role} until {time_text(made['ends_at'])} (number {made['id']})")
        if made["entry"] is not None and not options.json:
            tell("messages follow objectives.yaml alone; for these, add to the rotation's overrides:")
            tell(f"- {made['entry']}")
    elif options.withdraw is not None:
        responder.delete(f"on-call/{role}/overrides/{options.withdraw}")
        say(options, {"id": options.withdraw, "withdrawn": True}, f"hand-over {options.withdraw} is taken back")
    elif options.overrides:
        found = responder.get(f"on-call/{role}/overrides")["items"]
        listed(options, found, ("number", "person", "begins", "ends", "made by", "comment"), _override)
    else:
        asked = {"at": options.at}
        found = responder.get("on-call", asked)["items"] if role is None else [responder.get(f"on-call/{role}", asked)]
        listed(options, found, ("role", "people", "because", "until"), _duty)
    return 0


def _override(one: Any) -> Sequence[str]:
    times = (time_text(one["begins_at"]), time_text(one["ends_at"]))
    return (str(one["id"]), one["person"], *times, one["made_by"], one["comment"])


def _duty(one: Any) -> Sequence[str]:
    people = ", ".join(f"{person['name']} <{person['email']}>" for person in one["people"])
    return (one["role"], people, one["because"], time_text(one["until"]) if one["until"] else "")
