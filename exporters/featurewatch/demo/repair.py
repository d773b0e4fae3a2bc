"""The story of a repair: first as a dry-run, which tells what it would call; then for real, verified and written down.

A responder of its own plays in it, beside the stack's: with another objectives.yaml, which declares the action, and
its own history and audit, which are gone with the story. It hears of alerts as after a restart: it asks for them.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from featurewatch import whole_file
from featurewatch.demo.errors import StoryError
from featurewatch.demo.stage import NO_FAULT, put_fault
from featurewatch.faults import Failure
from featurewatch.native.ports import free_port
from featurewatch.objectives.source import read
from featurewatch.responder.client import Responder, Where

ACTION: Final = "serve-fast-again"
SLOW: Final[Mapping[str, object]] = {"mode": "slow", "seconds": [0.16, 0.18]}
LONGEST: Final = 600.0
"""Seconds that the story may last; then the fault ends by itself."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it plays."""

    objectives: Path
    extractor: str
    prometheus: str
    alertmanager: str


def play(place: Place, say: Say, patience: float = LONGEST / 2) -> dict[str, Any]:
    """Tell it; the runs and the audit as they were at its end. `patience` in seconds for each step. Raises StoryError
    and Failure."""
    with tempfile.TemporaryDirectory(prefix="featurewatch-repair-") as name:
        folder = Path(name)
        declare(place, folder, "dry-run")
        with _responder(place, folder) as responder, _fault(place.extractor):
            say("every extraction slows down to 160-180 ms; the action is declared as a dry-run")
            told = _until(responder, "told", patience)
            say(f"ExtractionTooSlow fires; dry-run {told['id']}: the extractor was found {_words(told['found'])}")
            for call in told["calls"]:
                say(f"it would call {call['method']} {call['url']} {call['body']}")
            mode = httpx.get(f"{place.extractor}/admin/fault", timeout=5, trust_env=False).json()["mode"]
            say(f"nothing was called: the extractor is still in the mode {mode!r}")
            declare(place, folder, "real")
            say("objectives.yaml says `mode: real` now")
            held = _until(responder, "holding", patience)
            say(f"run {held['id']} wished for {_words(held['wished'])}; read back, the extractor is so")
            _until(responder, "recovered", patience)
            say("the objective recovers, its alert has ended")
            entries = responder.get("audit")["items"][::-1]
            for entry in entries:
                why = entry["detail"].get("why", "")
                say(f"audit {entry['number']:>2}  {entry['kind']:<10} {entry['subject']}  {why}")
            verdict = responder.get("audit/verification")
            say(f"the audit {'holds' if verdict['holds'] else 'DOES NOT HOLD'}: {verdict['entries']} entries")
            return {"runs": responder.get("actions/runs")["items"], "audit": entries, "holds": verdict["holds"]}


def declare(place: Place, folder: Path, mode: str) -> None:
    """The user's objectives.yaml with one target and one action more."""
    data = deepcopy(read(place.objectives).data)
    if not data.get("responder"):
        raise StoryError("objectives.yaml declares no responder, which does the repairing")
    data["responder"] = {**data["responder"], "audit_key_file": "secrets/audit_key"}
    data["targets"] = [{"name": "extractor", "kind": "http", "url": f"{place.extractor}/admin/fault", "timeout": "5s"}]
    data["actions"] = [
        {
            "name": ACTION,
            "kind": "optimise",
            "on": [{"alert": "ExtractionTooSlow"}],
            "target": "extractor",
            "mode": mode,
            "state": {"mode": "none"},
        }
    ]
    whole_file.write(folder / "objectives.yaml", yaml.safe_dump(data, sort_keys=False).encode())


@contextmanager
def _responder(place: Place, folder: Path) -> Iterator[Responder]:
    token = secrets.token_urlsafe(32)
    (folder / "token").write_text(token)
    (folder / "audit_key").write_text(secrets.token_hex(32))
    port = free_port()
    argv = (
        *(sys.executable, "-m", "featurewatch.responder", "--port", str(port)),
        *("--database", f"sqlite:///{folder / 'history.db'}", "--token", f"story:admin:{folder / 'token'}"),
        *("--alertmanager", place.alertmanager, "--prometheus", place.prometheus),
        *("--reconcile-seconds", "1", "--grace-seconds", "5", "--look-back-seconds", "60"),
        *("--objectives", str(folder / "objectives.yaml"), "--secrets", str(folder)),
        *("--audit-key-file", str(folder / "audit_key"), "--audit-anchor", str(folder / "anchor")),
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _ready(url, process, folder / "log")
        with Responder(Where(url, token)) as responder:
            yield responder
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise StoryError(f"the story's responder does not start: {log.read_text(errors='replace')[-500:]}")


@contextmanager
def _fault(extractor: str) -> Iterator[None]:
    try:
        put_fault(extractor, {**SLOW, "for_seconds": LONGEST})
    except httpx.HTTPError as error:
        raise StoryError(f"the extractor takes no fault: {error}; is the stack up? (`make up`)") from error
    try:
        yield
    finally:
        put_fault(extractor, NO_FAULT)


def _until(responder: Responder, state: str, seconds: float) -> dict[str, Any]:
    """The first run that reaches this state, or went on from it."""
    reached = {"holding": ("holding", "recovered")}.get(state, (state,))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in responder.get("actions/runs")["items"]:
            if run["state"] in reached:
                found: dict[str, Any] = run
                return found
            if run["state"] in ("failed", "in-vain", "worse"):
                raise Failure(f"the repair did not help: {run['why']}")
        time.sleep(0.5)
    raise Failure(f"no run is {state} within {seconds:g} s; `featurewatch status` says whether the stack is well")


def _words(state: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in state.items())
