"""`featurewatch silence`: silences are made, listed and ended through the responder."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, Final

from featurewatch.commands.responder_output import listed, say, time_text, unusable
from featurewatch.objectives.units import duration_text
from featurewatch.responder.client import Responder

MATCHER: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<how>=~|!~|!=|=)(?P<value>.*)", re.DOTALL)


def silence(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch silence`: make one, end one, or list them."""
    if options.end is not None:
        if re.fullmatch(r"[0-9a-fA-F-]{1,36}", options.end) is None:
            raise unusable("silence --end", f"{options.end!r} is no id", "`featurewatch silence` lists them")
        responder.delete(f"silences/{options.end}")
        say(options, {"id": options.end, "ended": True}, f"silence {options.end} has ended")
    elif options.matcher:
        if options.lasting is None or not options.comment:
            raise unusable("silence", "how long and why?", "add --for 2h --comment 'what is going on'")
        said = {"matchers": [_matcher(text) for text in options.matcher], "seconds": options.lasting}
        made = responder.post("silences", said | {"comment": options.comment})
        say(options, made, f"silence {made['id']} lasts {duration_text(options.lasting)}")
    else:
        found = responder.get("silences", {"expired": str(options.expired).lower()})["items"]
        header = ("id", "state", "until", "by", "matchers", "comment")
        listed(options, found, header, _one_silence)
    return 0


def _one_silence(one: Any) -> Sequence[str]:
    how = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    matchers = (f"{m['name']}{how[m['is_regex'], m['is_equal']]}{m['value']}" for m in one["matchers"])
    return (one["id"], one["state"], time_text(one["ends_at"]), one["made_by"], " ".join(matchers), one["comment"])


def _matcher(text: str) -> dict[str, Any]:
    found = MATCHER.fullmatch(text)
    if found is None:
        raise unusable("silence", f"{text!r} is no matcher", "write one like service=market-features or extractor=~a.*")
    how = found["how"]
    return {
        "name": found["name"],
        "value": found["value"],
        "is_regex": how.endswith("~"),
        "is_equal": not how.startswith("!"),
    }
