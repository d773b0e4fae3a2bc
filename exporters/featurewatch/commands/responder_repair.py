"""`featurewatch actions | approve | audit | stop`: what is repaired, who agrees, what was decided, and the switch."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from featurewatch.commands.responder_output import listed, say, time_text, unusable
from featurewatch.commands.table import show_json, tell
from featurewatch.faults import Failure
from featurewatch.responder.client import Responder

if TYPE_CHECKING:  # loaded where there is a database to look at
    from featurewatch.responder.anchor import Anchor
    from featurewatch.responder.audit import Audit
    from featurewatch.responder.database import Database


def actions(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch actions`: how each stands, their runs, one run; or let one run again."""
    if options.switch_on is not None:
        responder.post(f"actions/{options.switch_on}/switch-on", {"comment": options.comment})
        say(options, {"action": options.switch_on, "switched_off": False}, f"{options.switch_on} may run again")
        return 0
    if options.number is not None:
        _tell_run(options, responder.get(f"actions/runs/{options.number}"))
        return 0
    if options.runs:
        asked = {"action": options.action, "state": options.state}
        listed(options, responder.pages("actions/runs", asked, options.limit), RUN_HEADER, _run)
        return 0
    found = [one for one in responder.get("actions")["items"] if options.action in (None, one["name"])]
    header = ("action", "kind", "mode", "target", "wished by", "approval", "last run", "held back")
    listed(options, found, header, _action)
    return 1 if options.fail and any(one["switched_off"] or one["failures"] for one in found) else 0


def approve(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch approve`: agree to runs that wait, refuse them, or list them."""
    if not options.number:
        if options.refuse:
            raise unusable("approve --refuse", "which run?", "`featurewatch approve` lists those that wait")
        found = responder.pages("actions/runs", {"state": "waiting"}, 1_000)
        listed(options, found, ("run", "action", "needs", "since", "would call"), _waiting)
        return 0
    for number in options.number:
        said = {"agree": not options.refuse, "comment": options.comment}
        decided = responder.post(f"actions/runs/{number}/decision", said)
        say(options, decided, f"run {number} of {decided['action']}: {decided['why']}")
    return 0


def audit(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch audit`: what was decided, or whether nobody changed it since (1 when somebody did)."""
    if options.verify:
        return _tell_verdict(options, responder.get("audit/verification"))
    asked = {"subject": options.action, "kind": options.kind}
    found = responder.pages("audit", asked, options.limit)
    listed(options, found[::-1], ("entry", "at", "what", "who", "about", "why"), _entry)
    return 0


def of_database(options: argparse.Namespace) -> int:
    """`featurewatch audit verify | archive --database`: without a responder, with a copy of the key that it does not
    know of."""
    from featurewatch.responder.anchor import Anchor
    from featurewatch.responder.archive import ArchiveFault, NotArchived
    from featurewatch.responder.audit import Audit
    from featurewatch.responder.database import DatabaseUnavailable, DatabaseUrlFault, open_database

    what = f"audit {options.verify or 'verify'} --database"
    if options.database is None or options.key_file is None or options.anchor is None:
        raise unusable(what, "which database, by which key and anchor?", "add --database, --key-file and --anchor")
    try:
        chain = Audit(options.key_file.read_bytes().strip())
        database = open_database(options.database)
    except (OSError, ValueError, DatabaseUrlFault) as error:
        raise unusable(what, str(error), "name the database, key and anchor that the responder uses") from error
    try:
        if options.verify == "archive":
            return _archive(options, database, chain, Anchor(options.anchor))
        return _verify(options, database, chain, Anchor(options.anchor))
    except DatabaseUnavailable as error:
        raise Failure(f"the database cannot be used: {error}") from error
    except (ArchiveFault, NotArchived, OSError) as error:
        raise Failure(str(error)) from error
    finally:
        database.close()


def _verify(options: argparse.Namespace, database: Database, chain: Audit, anchor: Anchor) -> int:
    from featurewatch.responder.repair.verification import verify

    verdict = verify(database, chain, anchor, datetime.now(UTC), options.archive)
    flaws = [{"number": flaw.number, "what": flaw.what} for flaw in verdict.flaws]
    return _tell_verdict(options, {"holds": verdict.holds, "entries": verdict.entries, "flaws": flaws})


def _archive(options: argparse.Namespace, database: Database, chain: Audit, anchor: Anchor) -> int:
    from featurewatch.responder.archive import archive

    if options.before is None or options.to is None:
        raise unusable("audit archive", "what, and where to?", "add --before 400d --to FILE")
    before = datetime.fromisoformat(options.before)
    done = archive(database, chain, anchor, before, options.to, datetime.now(UTC), getpass.getuser())
    told = {"entries": done.entries, "last": done.last.number, "file": str(options.to), "sha256": done.digest}
    words = f"{done.entries} entries, up to {done.last.number}, are in {options.to} and no more in the database"
    say(options, told, f"{words}\nkeep it: `featurewatch audit verify --archive {options.to} …` looks at both")
    return 0


def stop(responder: Responder, options: argparse.Namespace) -> int:
    """`featurewatch stop`: call nothing any more; or let go on, or say how it is (1 while stopped)."""
    if options.lift:
        responder.delete("stop")
        say(options, {"stopped": False}, "actions may run again")
    elif options.status:
        found = responder.get("stop")
        why = f"{found['made_by']} stopped all actions: {found['comment'] or 'no word why'}"
        say(options, found, why if found["stopped"] else "actions may run")
        return int(found["stopped"])
    else:
        found = responder.put("stop", {"comment": options.comment})
        say(options, found, "all actions are stopped; `featurewatch stop --lift` lets them go on")
    return 0


RUN_HEADER = ("run", "action", "mode", "state", "begun", "from", "wished", "why")


def _action(one: Any) -> Sequence[str]:
    wished = ", ".join(sorted({trigger["alert"] for trigger in one["on"]}))
    last = f"{one['last_run']} {one['last_state']}" if one["last_run"] else ""
    held = f"{one['held_back_by']}: {one['why']}" if one["held_back_by"] else ""
    if one["switched_off"]:
        held = f"switched off after {one['failures']} failures"
    return (one["name"], one["kind"], one["mode"], one["target"], wished, one["approval"] or "", last, held)


def _run(one: Any) -> Sequence[str]:
    states = (_state(one["found"]), _state(one["wished"]))
    return (str(one["id"]), one["action"], one["mode"], one["state"], time_text(one["made_at"]), *states, one["why"])


def _waiting(one: Any) -> Sequence[str]:
    return (str(one["id"]), one["action"], one["approver"], time_text(one["made_at"]), _calls(one))


def _entry(one: Any) -> Sequence[str]:
    detail = one["detail"]
    why = detail.get("why") or detail.get("comment") or (_state(detail["wished"]) if "wished" in detail else "")
    return (str(one["number"]), time_text(one["at"]), one["kind"], one["actor"], one["subject"], why)


def _tell_run(options: argparse.Namespace, one: Any) -> None:
    if options.json:
        show_json(one)
        return
    listed(options, [one], RUN_HEADER, _run)
    say(options, one, f"\n{'would call' if one['mode'] == 'dry-run' else 'calls'}: {_calls(one)}")


def _tell_verdict(options: argparse.Namespace, verdict: Any) -> int:
    if options.json:
        show_json(verdict)
    elif verdict["holds"]:
        say(options, verdict, f"{verdict['entries']} entries, each as it was written")
    else:
        listed(options, verdict["flaws"], ("entry", "what"), lambda flaw: (str(flaw["number"]), flaw["what"]))
        tell("the audit does not hold: stop repair (`featurewatch stop`) and keep copies before anything is mended")
    return 0 if verdict["holds"] else 1


def _calls(one: Any) -> str:
    return "; ".join(f"{call['method']} {call['url']} {call['body']}".strip() for call in one["calls"]) or "nothing"


def _state(state: Any) -> str:
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in state.items())
