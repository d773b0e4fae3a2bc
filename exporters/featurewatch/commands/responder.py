"""`featurewatch alerts | incidents | ack | silence | oncall | history | report | token`: asks a responder."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from featurewatch.commands.table import show, show_json, tell
from featurewatch.faults import Failure, Fault, Faulty
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.responder.client import Responder, Where

FILTERS: Final = ("alertname", "service", "extractor", "severity", "since", "until")
MATCHER: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<how>=~|!~|!=|=)(?P<value>.*)", re.DOTALL)


def run(options: argparse.Namespace, start: Path, environment: Mapping[str, str]) -> int:
    """0 when it was done; with `--fail`, 1 when something fires. Raises Failure and Faulty."""
    if options.command == "token" and options.database is not None:
        return _token_in_database(options)
    with Responder(Where.found(start, environment)) as responder:
        return _COMMANDS[options.command](responder, options)


def _alerts(responder: Responder, options: argparse.Namespace) -> int:
    found = responder.pages("alerts", _filters(options) | {"state": options.state}, options.limit)
    header = ("number", "severity", "alert", "service", "extractor", "since", "for", "in the hands of")
    _list(options, found, header, _alert)
    return 1 if options.fail and found else 0


def _alert(one: Any) -> Sequence[str]:
    held = one["acknowledgement"]
    lasting = _seconds(one["started_at"], one["ended_at"])
    names = (str(one["id"]), one["severity"], one["alertname"], one["service"], one["extractor"])
    return (*names, _time(one["started_at"]), _length(lasting), held["owner"] if held else "")


def _incidents(responder: Responder, options: argparse.Namespace) -> int:
    found = responder.pages("incidents", _filters(options) | {"state": options.state}, options.limit)
    header = ("number", "severity", "level", "service", "extractor", "since", "for", "alerts", "in the hands of")
    _list(options, found, header, _incident)
    return 1 if options.fail and found else 0


def _incident(one: Any) -> Sequence[str]:
    names = (str(one["id"]), one["severity"], str(one["escalation_level"]), one["service"], one["extractor"])
    lasting = _length(_seconds(one["started_at"], one["ended_at"]))
    return (*names, _time(one["started_at"]), lasting, ", ".join(one["alertnames"]), ", ".join(one["owners"]))


def _ack(responder: Responder, options: argparse.Namespace) -> int:
    of = "incidents" if options.incident else "alerts"
    if options.false_alarm and options.incident:
        raise _unusable("ack --false", "an incident has several alerts", "name the alerts that were false")
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


def _silence(responder: Responder, options: argparse.Namespace) -> int:
    if options.end is not None:
        if re.fullmatch(r"[0-9a-fA-F-]{1,36}", options.end) is None:
            raise _unusable("silence --end", f"{options.end!r} is no id", "`featurewatch silence` lists them")
        responder.delete(f"silences/{options.end}")
        _say(options, {"id": options.end, "ended": True}, f"silence {options.end} has ended")
    elif options.matcher:
        if options.lasting is None or not options.comment:
            raise _unusable("silence", "how long and why?", "add --for 2h --comment 'what is going on'")
        said = {"matchers": [_matcher(text) for text in options.matcher], "seconds": options.lasting}
        made = responder.post("silences", said | {"comment": options.comment})
        _say(options, made, f"silence {made['id']} lasts {duration_text(options.lasting)}")
    else:
        found = responder.get("silences", {"expired": str(options.expired).lower()})["items"]
        header = ("id", "state", "until", "by", "matchers", "comment")
        _list(options, found, header, _one_silence)
    return 0


def _one_silence(one: Any) -> Sequence[str]:
    how = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    matchers = (f"{m['name']}{how[m['is_regex'], m['is_equal']]}{m['value']}" for m in one["matchers"])
    return (one["id"], one["state"], _time(one["ends_at"]), one["made_by"], " ".join(matchers), one["comment"])


def _matcher(text: str) -> dict[str, Any]:
    found = MATCHER.fullmatch(text)
    if found is None:
        raise _unusable(
            "silence", f"{text!r} is no matcher", "write one like service=market-features or extractor=~a.*"
        )
    how = found["how"]
    return {
        "name": found["name"],
        "value": found["value"],
        "is_regex": how.endswith("~"),
        "is_equal": not how.startswith("!"),
    }


def _oncall(responder: Responder, options: argparse.Namespace) -> int:
    role = options.role
    if role is None and (options.to or options.overrides or options.withdraw):
        raise _unusable("oncall", "which role?", "name it, such as on-call-engineer; `featurewatch oncall` lists them")
    if role is not None and re.fullmatch(r"[A-Za-z0-9._-]+", role) is None:
        raise _unusable("oncall", f"{role!r} is no role", "`featurewatch oncall` lists them")
    if options.to is not None:
        said = {"person": options.to, "begins_at": options.begins, "ends_at": options.ends, "comment": options.comment}
        made = responder.post(f"on-call/{role}/overrides", said)
        _say(options, made, f"{made['person']} has {role} until {_time(made['ends_at'])} (number {made['id']})")
        if made["entry"] is not None and not options.json:
            tell("messages follow objectives.yaml alone; for these, add to the rotation's overrides:")
            tell(f"- {made['entry']}")
    elif options.withdraw is not None:
        responder.delete(f"on-call/{role}/overrides/{options.withdraw}")
        _say(options, {"id": options.withdraw, "withdrawn": True}, f"hand-over {options.withdraw} is taken back")
    elif options.overrides:
        found = responder.get(f"on-call/{role}/overrides")["items"]
        _list(options, found, ("number", "person", "begins", "ends", "made by", "comment"), _override)
    else:
        asked = {"at": options.at}
        found = responder.get("on-call", asked)["items"] if role is None else [responder.get(f"on-call/{role}", asked)]
        _list(options, found, ("role", "people", "because", "until"), _duty)
    return 0


def _override(one: Any) -> Sequence[str]:
    times = (_time(one["begins_at"]), _time(one["ends_at"]))
    return (str(one["id"]), one["person"], *times, one["made_by"], one["comment"])


def _duty(one: Any) -> Sequence[str]:
    people = ", ".join(f"{person['name']} <{person['email']}>" for person in one["people"])
    return (one["role"], people, one["because"], _time(one["until"]) if one["until"] else "")


def _history(responder: Responder, options: argparse.Namespace) -> int:
    asked = _filters(options) | {"state": options.state, "kind": options.kind}
    if options.export is not None:
        for text in responder.lines("export", asked | {"format": options.export}):
            sys.stdout.write(text)
        return 0
    found = responder.pages("history", asked, options.limit)
    header = ("time", "what", "alert", "severity", "service", "extractor", "number", "by", "detail")
    _list(options, found, header, _transition)
    return 0


def _transition(one: Any) -> Sequence[str]:
    detail = " ".join(f"{name}={value}" for name, value in one["detail"].items() if value not in (None, ""))
    names = (one["alertname"], one["severity"], one["service"], one["extractor"], str(one["alert"]))
    return (_time(one["at"]), one["kind"], *names, one["actor"], detail)


def _report(responder: Responder, options: argparse.Namespace) -> int:
    found = responder.get("reports/alerts", _filters(options))
    if options.json:
        show_json(found)
        return 0
    print(f"{_time(found['since'])} to {_time(found['until'])}\n")
    levels = ", ".join(f"level {level}: {times}" for level, times in found["escalations"].items()) or "none"
    rows = [
        ("alerts", f"{found['fired']} in {found['incidents']} incidents, {found['firing']} still firing"),
        ("time to acknowledge", _spread(found["time_to_acknowledge"])),
        ("time to resolve", _spread(found["time_to_resolve"])),
        ("delivery", _spread(found["delivery"])),
        ("escalations", levels),
        ("flapped", str(found["flapped"])),
        ("told again", _share(found["dedupe_ratio"])),
        ("false", _share(found["false_positive_ratio"])),
    ]
    show(("figure", ""), rows)
    print()
    header = ("alert", "severity", "fired", "flapped", "brief", "acknowledged", "escalated", "false", "noise")
    names = ("fired", "flapped", "brief", "acknowledged", "escalations", "false_positives")
    show(
        header,
        [
            (_plain(one["alertname"]), one["severity"], *(str(one[name]) for name in names), _share(one["noise"]))
            for one in found["alerts"]
        ],
    )
    return 0


def _spread(one: Any) -> str:
    if not one["count"]:
        return "never"
    return f"median {_length(one['median'])}, 90 % within {_length(one['p90'])}, longest {_length(one['longest'])}"


def _share(ratio: float | None) -> str:
    return "" if ratio is None else percent_text(round(ratio, 3))


def _token(responder: Responder, options: argparse.Namespace) -> int:
    if options.action == "list":
        found = responder.get("tokens")["items"]
        _list(options, found, ("name", "role", "in force", "made", "by", "ends", "revoked"), _one_token)
        return 0
    name = _token_name(options)
    if options.action == "revoke":
        responder.delete(f"tokens/{name}")
        _say(options, {"name": name, "revoked": True}, f"the token of {name} opens nothing any more")
        return 0
    made = responder.post("tokens", {"name": name, "role": options.role, "seconds": options.lasting})
    _tell_token(options, made)
    return 0


def _token_in_database(options: argparse.Namespace) -> int:
    """Whoever can write to the database needs nobody's leave."""
    from sqlalchemy.exc import IntegrityError

    from featurewatch.responder import tokens
    from featurewatch.responder.database import DatabaseUnavailable, DatabaseUrlFault, open_database

    now = datetime.now(UTC)
    ends = now + timedelta(seconds=options.lasting) if options.lasting is not None else None
    try:
        database = open_database(options.database)
        database.migrate()
        with database.writing() as connection:
            if options.action == "list":
                found = [
                    {
                        "name": one.name,
                        "role": one.role,
                        "made_by": one.made_by,
                        "created_at": one.created_at.isoformat(),
                    }
                    | {"ends_at": _iso(one.ends_at), "revoked_at": _iso(one.revoked_at)}
                    | {"in_force": one.revoked_at is None and (one.ends_at is None or one.ends_at > now)}
                    for one in tokens.listed(connection)
                ]
                _list(options, found, ("name", "role", "in force", "made", "by", "ends", "revoked"), _one_token)
                return 0
            name = _token_name(options)
            if options.action == "revoke":
                if not tokens.revoke(connection, name, now):
                    raise Failure(f"there is no token {name!r} in force")
                _say(options, {"name": name, "revoked": True}, f"the token of {name} opens nothing any more")
                return 0
            role = tokens.Role[options.role.upper()]
            token = tokens.issue(connection, tokens.Bearer(name, role), now, ends, made_by="command line")
    except DatabaseUrlFault as error:
        raise _unusable("--database", str(error), "name the database that the responder uses") from error
    except DatabaseUnavailable as error:
        raise Failure(f"the database cannot be used: {error}") from error
    except IntegrityError as error:
        raise Failure(f"there is a token {options.name!r} already; choose another name") from error
    _tell_token(options, {"name": name, "role": options.role, "ends_at": _iso(ends), "token": token})
    return 0


def _tell_token(options: argparse.Namespace, made: Any) -> None:
    _say(options, made, made["token"])
    if not options.json:
        tell(f"the token of {made['name']} ({made['role']}); it is shown this once")


def _token_name(options: argparse.Namespace) -> str:
    if options.name is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", options.name) is None:
        raise _unusable("token", "whose?", "give a name of letters, digits and ._@- (`featurewatch token list`)")
    return str(options.name)


def _one_token(one: Any) -> Sequence[str]:
    times = (_time(one["ends_at"]) if one["ends_at"] else "", _time(one["revoked_at"]) if one["revoked_at"] else "")
    made = (_time(one["created_at"]), one["made_by"])
    return (one["name"], one["role"], "yes" if one["in_force"] else "no", *made, *times)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


# --- what they share ------------------------------------------------------------------------------------------------
def _filters(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in FILTERS}


def _list(
    options: argparse.Namespace, found: Sequence[Any], header: Sequence[str], row: Callable[[Any], Iterable[str]]
) -> None:
    if options.json:
        show_json(found)
    else:
        show(header, [tuple(_plain(cell) for cell in row(one)) for one in found])


def _say(options: argparse.Namespace, value: Any, text: str) -> None:
    if options.json:
        show_json(value)
    else:
        print(_plain(text))


def _plain(text: str) -> str:
    """Without what a terminal would obey: labels come from anywhere."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _seconds(begins: str, ends: str | None) -> float:
    until = datetime.now(UTC) if ends is None else datetime.fromisoformat(ends)
    return max(0.0, (until - datetime.fromisoformat(begins)).total_seconds())


def _length(seconds: float) -> str:
    return duration_text(float(round(seconds))) if round(seconds) else "0s"


def _unusable(where: str, what: str, remedy: str) -> Faulty:
    return Faulty([Fault(where, 0, 0, what, remedy)])


_COMMANDS: Final[dict[str, Callable[[Responder, argparse.Namespace], int]]] = {
    "ack": _ack,
    "alerts": _alerts,
    "history": _history,
    "incidents": _incidents,
    "oncall": _oncall,
    "report": _report,
    "silence": _silence,
    "token": _token,
}
