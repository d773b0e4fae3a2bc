"""Any system with one address that tells its state as JSON and takes a wished one: a trading halt, a feature switch.

`GET` answers with a flat JSON object, such as `{"halted": false}`; `PUT` takes the wished part of it, with the header
`Idempotency-Key`.
"""

from __future__ import annotations

import json
from pathlib import Path

from featurewatch.responder.repair.target import Call, State, Unknown, Value
from featurewatch.responder.repair.targets.http import Caller


class Hook:
    """One such address."""

    def __init__(
        self,
        name: str,
        url: str,
        timeout: float = 10.0,
        *,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """As `Caller`; `timeout` is in seconds. Raises ValueError."""
        self.name = name
        self.timeout = timeout
        self._caller = Caller(name, url, timeout, token_file=token_file, ca_file=ca_file)

    def read(self) -> State:
        return flat(self.name, self._caller.read(""))

    def calls(self, wished: State) -> tuple[Call, ...]:
        if self.holds(wished, self.read()):
            return ()
        return (Call("PUT", self._caller.told(""), json.dumps(dict(wished))),)

    def wish(self, wished: State, key: str) -> None:
        self._caller.send("PUT", "", dict(wished), key)

    def holds(self, wished: State, found: State) -> bool:
        return all(name in found and _is(name, found[name], value) for name, value in wished.items())


def flat(name: str, told: object) -> State:
    """What a system told, as far as it is names and plain values. Raises Unknown where it is no object."""
    if not isinstance(told, dict):
        raise Unknown(f"target {name} answers with {type(told).__name__}; a JSON object was expected")
    return {str(key): value for key, value in told.items() if isinstance(value, str | int | float | bool | None)}


def _is(name: str, found: Value, wished: Value) -> bool:
    """Equal, and of one kind: true is not 1. A restart may be later than the one that was wished for."""
    if name == "restarted_after" and isinstance(found, str) and isinstance(wished, str):
        return found >= wished
    return found == wished and isinstance(found, bool) == isinstance(wished, bool)
