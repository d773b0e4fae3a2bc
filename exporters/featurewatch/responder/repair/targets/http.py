"""Calls out over HTTP that end in one of three ways: answered, certainly refused, or unknown."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from featurewatch.responder.repair.target import Refused, Unknown
from featurewatch.responder.tries import tries

LONGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes. No system that is read here answers with more."""

SHORTEST: Final = 0.1
"""Seconds that the last try has at least."""

TOLD: Final = 200
"""Characters of an answer that an error repeats."""

NEVER_ARRIVED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""No byte of the request left: nothing can have come of it."""

CERTAIN: Final = frozenset(range(300, 500)) - {408, 425, 499}
"""Answers after which nothing was changed. (408, 425 and 499 come when the request was read in part.)"""


class Caller:
    """One HTTP system with its own time-out, token and certificates."""

    def __init__(
        self,
        name: str,
        url: str,
        timeout: float,
        *,
        token_file: Path | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            name: of the target, for errors.
            url: base address; a user, password or query in it is refused, secrets are in files.
            timeout: seconds that one call may take with all its tries.
            token_file: sent as `Authorization: Bearer …`; read for each call, so that it can be exchanged.
            ca_file: PEM file of the authority to trust; None: those of the system.
            clock: monotonic seconds.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"target {name}: {_bare(url)!r} is no address; give one like http://127.0.0.1:8265")
        if parts.username or parts.password or parts.query:
            raise ValueError(f"target {name}: its address must not hold a user, password or query; use token_file")
        self.name = name
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._token_file = token_file
        self._ca_file = ca_file
        self._clock = clock

    def read(self, path: str) -> Any:
        """The JSON that a GET of it answers with. Raises Unknown."""
        end = self._clock() + self.timeout
        try:
            for attempt in tries(_Again, within=self.timeout):
                with attempt:
                    status, text = self._once("GET", path, None, {}, end)
                    if status >= 500 or status == 429:
                        raise _Again(f"{self._said('GET', path)} answers {status}")
                    if status != 200:
                        raise Unknown(f"{self._said('GET', path)} answers {status}: {_beginning(text)}")
                    return json.loads(text)
        except (_Again, Refused) as error:
            raise Unknown(str(error)) from None
        except ValueError:
            raise Unknown(f"{self._said('GET', path)} answers with something that is not JSON") from None
        raise AssertionError("unreachable")

    def send(self, method: str, path: str, body: Mapping[str, object], key: str | None = None) -> Any:
        """Ask for a change once; what it answered, or None. Tried again only while no connection comes about.

        Raises Refused where nothing was changed, Unknown where nobody can say.
        """
        headers = {"idempotency-key": key} if key else {}
        said = self._said(method, path)
        end = self._clock() + self.timeout
        try:
            for attempt in tries(_NeverArrived, within=self.timeout):
                with attempt:
                    status, text = self._once(method, path, body, headers, end)
        except _NeverArrived as error:
            raise Refused(f"{error}; nothing was sent. Is it running, and is its address right?") from None
        except _Again as error:
            raise Unknown(str(error)) from None
        if 200 <= status < 300:
            return _json(text)
        if status in CERTAIN:
            raise Refused(f"{said} answers {status}: {_beginning(text)}")
        raise Unknown(f"{said} answers {status}: {_beginning(text)}")

    def told(self, path: str) -> str:
        """The address of a path, as a dry-run shows it."""
        return self.url + path

    def _once(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str], end: float
    ) -> tuple[int, str]:
        """Status and text of one try, which is over at `end`; our own token, if it is echoed, is taken out of it.

        Raises _NeverArrived, _Again and Refused.
        """
        said = self._said(method, path)
        token = self._token()
        sent = {**headers, **({"authorization": f"Bearer {token}"} if token else {})}
        left = max(SHORTEST, end - self._clock())
        # A new connection each time: one that was kept open may have been closed by the other side, and then nobody
        # could say whether the request arrived.
        try:
            with (
                httpx.Client(trust_env=False, timeout=left, verify=self._verify()) as client,
                client.stream(method, self.told(path), json=body, headers=sent) as answer,
            ):
                text = bytearray()
                for piece in answer.iter_bytes():
                    text += piece
                    if self._clock() > end:
                        raise _Again(f"{said} did not end its answer within {self.timeout:g} s")
                    if len(text) > LONGEST_ANSWER:
                        raise _Again(f"{said} answers with more than {LONGEST_ANSWER} bytes")
                told = text.decode(errors="replace")
                return answer.status_code, told.replace(token, "<secret>") if token else told
        except NEVER_ARRIVED as error:
            raise _NeverArrived(f"{said}: {type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise _Again(f"{said}: {type(error).__name__}") from None

    def _token(self) -> str:
        if self._token_file is None:
            return ""
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = f"target {self.name}: its token_file {self._token_file.name} cannot be read"
            raise Refused(f"{what} ({type(error).__name__})") from None
        if not token.isprintable() or " " in token:
            raise Refused(
                f"target {self.name}: its token_file {self._token_file.name} holds no token, but several words"
            )
        return token

    def _verify(self) -> ssl.SSLContext | bool:
        if self._ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self._ca_file))
        except (OSError, ssl.SSLError) as error:
            what = f"target {self.name}: its ca_file {self._ca_file.name} cannot be used"
            raise Refused(f"{what} ({type(error).__name__})") from None

    def _said(self, method: str, path: str) -> str:
        return f"target {self.name}: {method} {self.told(path)}"


class _Again(Exception):
    """Nobody can say what came of it; a read is tried again."""


class _NeverArrived(_Again):
    """Nothing was sent; even a wish is tried again."""


def _beginning(text: str) -> str:
    return " ".join(text.split())[:TOLD]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _bare(url: str) -> str:
    """Without user, password and query."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.hostname or "", parts.path, "", ""))
    except ValueError:
        return "…"
