"""Retraining behind a hook: a job queue as `responder.repair.retraining` serves it, or any that speaks like it.

Its state, told by `GET /models/MODEL`:

    version   newest version that was trained and found good enough
    deployed  version in use; newer ones may wait for somebody's word
    job       what the newest job does: `none`, `queued`, `training`, `evaluating`, `succeeded`, `failed`, `rejected`,
              `cancelled`

The wished state is `{"version_newer_than": "6"}`: that there is a version above 6. It is asked for once, by
`POST /models/MODEL/jobs` with an idempotency key; training goes on for as long as it takes. Versions are whole numbers;
any others count as newer when they differ.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.parse import quote

from featurewatch.responder.repair.target import Call, Refused, State, Value
from featurewatch.responder.repair.targets.hook import flat
from featurewatch.responder.repair.targets.http import Caller

WISHED: Final = "version_newer_than"


class Retraining:
    """One model of one such service."""

    def __init__(
        self,
        name: str,
        url: str,
        model: str,
        timeout: float = 10.0,
        *,
        minimum_samples: int | None = None,
        deploy: bool = False,
        token_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """
        Args:
            minimum_samples: with fewer new ones nothing is trained; the service has a minimum of its own, too.
            deploy: whether a version that was found good enough is used at once. False: that waits for somebody.
            name, url, timeout, token_file, ca_file: as `Caller` has them; `timeout` is in seconds.

        Raises ValueError.
        """
        self.name = name
        self._more = {"deploy": deploy} | ({} if minimum_samples is None else {"minimum_samples": minimum_samples})
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
        if version is None or bound is None:
            return False
        try:
            return int(version) > int(bound)
        except ValueError:
            return str(version) != str(bound)

    def _body(self, wished: State) -> dict[str, Value]:
        if set(wished) != {WISHED} or isinstance(wished[WISHED], bool | float | None):
            raise Refused(f'target {self.name} takes {{"{WISHED}": VERSION}}; found {dict(wished)}')
        return {WISHED: str(wished[WISHED]), **self._more}
