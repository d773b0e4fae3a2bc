"""`featurewatch token`: bearers are let in and shut out, by the responder or in its database."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from featurewatch.commands.responder_output import listed, say, time_text, unusable
from featurewatch.commands.table import tell
from featurewatch.faults import Failure
from featurewatch.responder.client import Responder


def token(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch token`, by asking the responder."""
    if options.action == "list":
        found = responder.get("tokens")["items"]
        listed(options, found, ("name", "role", "in force", "made", "by", "ends", "revoked"), _one_token)
        return 0
    name = _token_name(options)
    if options.action == "revoke":
        responder.delete(f"tokens/{name}")
        say(options, {"name": name, "revoked": True}, f"the token of {name} opens nothing any more")
        return 0
    made = responder.post("tokens", {"name": name, "role": options.role, "seconds": options.lasting})
    _tell_token(options, made)
    return 0


def token_in_database(options: argparse.Namespace) -> int:
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
                listed(options, found, ("name", "role", "in force", "made", "by", "ends", "revoked"), _one_token)
                return 0
            name = _token_name(options)
            if options.action == "revoke":
                if not tokens.revoke(connection, name, now):
                    raise Failure(f"there is no token {name!r} in force")
                say(options, {"name": name, "revoked": True}, f"the token of {name} opens nothing any more")
                return 0
            role = tokens.Role[options.role.upper()]
            token = tokens.issue(connection, tokens.Bearer(name, role), now, ends, made_by="command line")
    except DatabaseUrlFault as error:
        raise unusable("--database", str(error), "name the database that the responder uses") from error
    except DatabaseUnavailable as error:
        raise Failure(f"the database cannot be used: {error}") from error
    except IntegrityError as error:
        raise Failure(f"there is a token {options.name!r} already; choose another name") from error
    _tell_token(options, {"name": name, "role": options.role, "ends_at": _iso(ends), "token": token})
    return 0


def _tell_token(options: argparse.Namespace, made: Any) -> None:
    say(options, made, made["token"])
    if not options.json:
        tell(f"the token of {made['name']} ({made['role']}); it is shown this once")


def _token_name(options: argparse.Namespace) -> str:
    if options.name is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", options.name) is None:
        raise unusable("token", "whose?", "give a name of letters, digits and ._@- (`featurewatch token list`)")
    return str(options.name)


def _one_token(one: Any) -> Sequence[str]:
    times = (
        time_text(one["ends_at"]) if one["ends_at"] else "",
        time_text(one["revoked_at"]) if one["revoked_at"] else "",
    )
    made = (time_text(one["created_at"]), one["made_by"])
    return (one["name"], one["role"], "yes" if one["in_force"] else "no", *made, *times)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
