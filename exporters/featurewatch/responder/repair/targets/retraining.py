"""Retraining behind a hook: a job queue as `featurewatch.retraining` serves it, or any that speaks like it.

Its state, told by `GET /models/MODEL`:

    version   newest version that was trained and found good enough
    deployed  version in use; newer ones may wait for somebody's word
    job       what the newest job does: `none`, `queued`, `training`, `evaluating`, `succeeded`, `failed`, `rejected`,
              `cancelled`

The wished state is `{"newer_than": 6}`: that there is a version above 6. It is asked for once, by
`POST /models/MODEL/jobs` with an idempotency key; training goes on for as long as it takes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.parse import quote

from featurewatch.responder.repair.target import Call, Refused, State
from featurewatch.responder.repair.targets.hook import flat
from featurewatch.responder.repair.targets.http import Caller

WISHED: Final = "newer_than"


class Retraining:
    """One model of one such service."""

    def __init__(
        self,
        name: str,
        url: str,
        model: str,
        timeout: float = 10.0,
        *,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """As `Caller`; `timeout` is in seconds. Raises ValueError."""
        self.name = name
        self.timeout = timeout
        self._path = f"/models/{quote(model, safe='')}"
        self._caller = Caller(name, url, timeout, token_file=token_file, ca_file=ca_file)

    def read(self) -> State:
        return flat(self.name, self._caller.read(self._path))

    def calls(self, wished: State) -> tuple[Call, ...]:
        body = self._body(wished)
        if self.holds(wished, self.read()):
            return ()
        return (Call("POST", self._caller.told(f"{self._path}/jobs"), json.dumps(body)),)

    def wish(self, wished: State, key: str) -> None:
        self._caller.send("POST", f"{self._path}/jobs", self._body(wished), key)

    def holds(self, wished: State, found: State) -> bool:
        version, bound = found.get("version"), wished.get(WISHED)
        return isinstance(version, int) and isinstance(bound, int) and version > bound

    def _body(self, wished: State) -> dict[str, int]:
        bound = wished.get(WISHED)
        if set(wished) != {WISHED} or not isinstance(bound, int) or isinstance(bound, bool):
            raise Refused(f'target {self.name} takes {{"{WISHED}": VERSION}}, a whole number; found {dict(wished)}')
        return {WISHED: bound}
