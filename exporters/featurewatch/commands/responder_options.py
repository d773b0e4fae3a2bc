"""What may be asked of a responder on the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

COMMANDS: Final = frozenset(
    {
        *("ack", "alerts", "history", "incidents", "oncall", "report", "silence", "token"),
        *("actions", "approve", "audit", "stop"),
    }
)
"""The commands that ask a responder; they run outside a checkout, too."""

SEVERITIES: Final = ("low", "medium", "high", "critical")


def add_commands(commands: Any, json: argparse.ArgumentParser) -> None:
    """To the subparsers of the command line."""
    filters = argparse.ArgumentParser(add_help=False, parents=[json])
    for name in ("alertname", "service", "extractor"):
        filters.add_argument(f"--{name}", metavar="NAME")
    filters.add_argument("--severity", choices=SEVERITIES)
    filters.add_argument("--since", type=_moment, metavar="TIME", help="such as 2h (ago) or 2026-11-02T09:00Z")
    filters.add_argument("--until", type=_moment, metavar="TIME")
    many = argparse.ArgumentParser(add_help=False)
    many.add_argument("--limit", type=_count, default=100, metavar="N", help="at most so many (default: %(default)s)")

    for name, what in (("alerts", "alerts that fire or fired"), ("incidents", "alerts that are one story")):
        listed = commands.add_parser(name, parents=[filters, many], help=what)
        listed.add_argument("--state", choices=("firing", "resolved", "any"), default="firing", help="default: firing")
        listed.add_argument("--fail", action="store_true", help="exit with 1 when there is any")

    ack = commands.add_parser("ack", parents=[json], help="take an alert in hand, or give it back")
    ack.add_argument("number", nargs="+", type=_count, metavar="NUMBER", help="as `alerts` lists them")
    ack.add_argument("--incident", action="store_true", help="the numbers are those of incidents")
    ack.add_argument("--comment", default="", help="what you are about to do")
    ack.add_argument(
        "--for", dest="lasting", type=_seconds, metavar="TIME", help="such as 30m (default: until it ends)"
    )
    ack.add_argument("--owner", help="somebody else than the token's bearer")
    ack.add_argument("--back", action="store_true", help="give it back: its policy goes on")
    ack.add_argument("--false", dest="false_alarm", action="store_true", help="say instead that nothing was wrong")

    _silence(commands, json)
    _oncall(commands, json)

    history = commands.add_parser("history", parents=[filters, many], help="everything that happened")
    history.add_argument("--state", choices=("firing", "resolved", "any"), default="any", help="of the alert")
    history.add_argument("--kind", metavar="KIND", help="such as fired, acknowledged, escalated, resolved")
    history.add_argument("--export", choices=("json", "csv"), help="all of it, as a file on standard output")

    commands.add_parser("report", parents=[filters], help="how fast alerts are taken in hand, how much is noise")
    _token(commands, json)
    _repair(commands, json, many)


def _silence(commands: Any, json: argparse.ArgumentParser) -> None:
    silence = commands.add_parser("silence", parents=[json], help="let nobody be told of some alerts for a while")
    silence.add_argument("matcher", nargs="*", metavar="LABEL=VALUE", help="also !=, =~ and !~; none: list silences")
    silence.add_argument("--for", dest="lasting", type=_seconds, metavar="TIME", help="such as 2h")
    silence.add_argument("--comment", default="", help="why; it is wanted")
    silence.add_argument("--end", metavar="ID", help="end this one now")
    silence.add_argument("--expired", action="store_true", help="list also those that have ended")


def _oncall(commands: Any, json: argparse.ArgumentParser) -> None:
    oncall = commands.add_parser("oncall", parents=[json], help="who is on call, and who takes over")
    oncall.add_argument("role", nargs="?", help="such as on-call-engineer (default: all)")
    oncall.add_argument("--at", type=_moment, metavar="TIME", help="then instead of now")
    oncall.add_argument("--to", metavar="PERSON", help="hand the role over to them")
    oncall.add_argument("--begins", type=_moment, metavar="TIME", help="from then on (default: now)")
    oncall.add_argument("--ends", type=_moment, metavar="TIME", help="until then (default: the next hand-over)")
    oncall.add_argument("--comment", default="")
    oncall.add_argument("--overrides", action="store_true", help="list hand-overs that have not ended")
    oncall.add_argument("--withdraw", type=_count, metavar="NUMBER", help="take one of them back")


def _token(commands: Any, json: argparse.ArgumentParser) -> None:
    token = commands.add_parser("token", parents=[json], help="who may ask the responder, and for what")
    token.add_argument("action", choices=("make", "list", "revoke"))
    token.add_argument("name", nargs="?", help="of the bearer")
    token.add_argument("--role", choices=("viewer", "operator", "admin"), default="viewer", help="default: viewer")
    token.add_argument("--for", dest="lasting", type=_seconds, metavar="TIME", help="until it ends by itself")
    token.add_argument(
        "--database", metavar="URL", help="write into the responder's database itself: how the first admin is made"
    )


def _repair(commands: Any, json: argparse.ArgumentParser, many: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("actions", parents=[json, many], help="what is repaired by itself, and how it stands")
    actions.add_argument("number", nargs="?", type=_count, metavar="RUN", help="tell all about one run")
    actions.add_argument("--runs", action="store_true", help="list runs instead, the newest first")
    actions.add_argument("--action", metavar="NAME", help="only this one")
    actions.add_argument("--state", metavar="STATE", help="of runs: such as waiting, holding, recovered, failed")
    actions.add_argument("--fail", action="store_true", help="exit with 1 when any has failed")
    actions.add_argument("--switch-on", metavar="NAME", help="let it run again after too many failures")
    actions.add_argument("--comment", default="", help="why")

    approve = commands.add_parser(
        "approve", parents=[json], help="agree to runs that wait for somebody; none: list them"
    )
    approve.add_argument("number", nargs="*", type=_count, metavar="RUN")
    approve.add_argument("--refuse", action="store_true", help="do not agree: they end")
    approve.add_argument("--comment", default="", help="why")

    audit = commands.add_parser("audit", parents=[json, many], help="every decision about repair")
    audit.add_argument(
        "verify",
        nargs="?",
        choices=("verify", "archive"),
        help="has nobody changed what was written down? Or: move old entries into a file (with --database)",
    )
    audit.add_argument("--to", type=Path, metavar="FILE", help="with archive: a new file")
    audit.add_argument(
        "--before", type=_moment, metavar="TIME", help="with archive: older entries than 2026-01-31, or 400d"
    )
    audit.add_argument(
        "--archive", action="append", default=[], type=Path, metavar="FILE", help="with verify: what was archived"
    )
    audit.add_argument("--action", metavar="NAME", help="only about this one")
    audit.add_argument("--kind", metavar="KIND", help="such as held-back, calling, approved, recovered")
    audit.add_argument("--database", metavar="URL", help="verify this database itself, without its responder")
    audit.add_argument("--key-file", type=Path, metavar="FILE", help="with --database: a copy of the key")
    audit.add_argument(
        "--anchor", type=Path, metavar="FILE", help="with --database: where the end of the chain is kept"
    )

    stop = commands.add_parser("stop", parents=[json], help="stop every action at once")
    stop.add_argument("--comment", default="", help="why")
    stop.add_argument("--lift", action="store_true", help="let them run again")
    stop.add_argument("--status", action="store_true", help="only say how it is; exits with 1 while stopped")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return _span(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}; write a duration such as 30m") from None


def _moment(text: str) -> str:
    """A time as the API wants it; what has no zone is local, a duration is so long ago."""
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        try:
            found = datetime.now(UTC) - timedelta(seconds=_span(text))
        except (ValueError, OverflowError):
            raise argparse.ArgumentTypeError(f"{text!r}; write 2h (ago) or 2026-11-02T09:00") from None
    return found.isoformat().replace("+00:00", "Z")


def _span(text: str) -> float:
    # Imported when called for, so that asking for help need not load the compiler.
    from featurewatch.objectives import units

    return units.span(text)
