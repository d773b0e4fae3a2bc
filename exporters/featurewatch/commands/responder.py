"""`featurewatch alerts | incidents | ack | silence | oncall | history | report | token`, and those about repair: asks
a responder."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from featurewatch.commands.responder_alerts import acknowledge, alerts, incidents
from featurewatch.commands.responder_history import history, report
from featurewatch.commands.responder_on_call import on_call
from featurewatch.commands.responder_repair import actions, approve, audit, of_database, stop
from featurewatch.commands.responder_silences import silence
from featurewatch.commands.responder_tokens import token, token_in_database
from featurewatch.responder.client import Responder, Where

_COMMANDS: Final[dict[str, Callable[[Responder, argparse.Namespace], int]]] = {
    "ack": acknowledge,
    "actions": actions,
    "alerts": alerts,
    "approve": approve,
    "audit": audit,
    "history": history,
    "incidents": incidents,
    "oncall": on_call,
    "report": report,
    "silence": silence,
    "stop": stop,
    "token": token,
}


def run(options: argparse.Namespace, start: Path, environment: Mapping[str, str]) -> int:
    """0 when it was done; 1 with `--fail` when something fires, and for an audit that does not hold. Raises Failure and
    Faulty."""
    if options.command == "token" and options.database is not None:
        return token_in_database(options)
    if options.command == "audit" and (options.database is not None or options.verify == "archive"):
        return of_database(options)
    with Responder(Where.found(start, environment)) as responder:
        return _COMMANDS[options.command](responder, options)
