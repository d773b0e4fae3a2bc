"""Asks a responder, for the command line: where it is and by which token, and what its refusals mean."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from featurewatch import project as projects
from featurewatch.faults import Failure, Fault, Faulty

URL_VARIABLE: Final = "FEATUREWATCH_RESPONDER_URL"
CA_VARIABLE: Final = "FEATUREWATCH_RESPONDER_CA_FILE"
TOKEN_VARIABLE: Final = "FEATUREWATCH_RESPONDER_TOKEN_FILE"  # noqa: S105 - the name of a variable
URL: Final = "http://127.0.0.1:8090"
TOKEN_FILE: Final = "responder_token"  # noqa: S105 - the name of a file

SECONDS: Final = 30.0
AT_ONCE: Final = 500
"""Entries asked for with one page."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Where:
    """A responder, and how one is let in."""

    url: str
    token: str = field(repr=False)
    ca_file: str | None = None
    """PEM file of the authority to trust; None: those of the system."""

    @classmethod
    def found(cls, start: Path, environment: Mapping[str, str]) -> Where:
        """From FEATUREWATCH_RESPONDER_URL, …_TOKEN_FILE and …_CA_FILE; without them, this machine's and the one of this
        checkout. Raises Faulty."""
        url = environment.get(URL_VARIABLE) or URL
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise Faulty([Fault(URL_VARIABLE, 0, 0, f"{url!r} is no address", f"write one like {URL}")])
        given = environment.get(TOKEN_VARIABLE)
        path = Path(given) if given else projects.find(start, environment).secrets / TOKEN_FILE
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = f"the responder's token cannot be read: {error}"
            remedy = f"name its file in {TOKEN_VARIABLE}; an admin makes one with `featurewatch token make NAME`"
            raise Faulty([Fault(str(path), 0, 0, what, remedy)]) from error
        if not token or not token.isascii():
            raise Faulty([Fault(str(path), 0, 0, "holds no token", "put there what `featurewatch token make` printed")])
        return cls(url.rstrip("/"), token, environment.get(CA_VARIABLE) or None)


class Responder:
    """One connection. Raises Failure with what the responder said, or that it did not."""

    def __init__(self, where: Where) -> None:
        self._where = where
        headers = {"authorization": f"Bearer {where.token}"}
        self._client = httpx.Client(
            base_url=where.url, headers=headers, timeout=SECONDS, trust_env=False, verify=_verify(where)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, asked: Values | None = None) -> Any:
        return self._ask("GET", path, asked)

    def put(self, path: str, body: Values) -> Any:
        return self._ask("PUT", path, body=body)

    def post(self, path: str, body: Values) -> Any:
        return self._ask("POST", path, body=body)

    def delete(self, path: str) -> None:
        self._ask("DELETE", path)

    def pages(self, path: str, asked: Values, most: int) -> list[Any]:
        """Entries of a list, page by page, at most so many."""
        found: list[Any] = []
        cursor = None
        while len(found) < most:
            page = self.get(path, {**asked, "limit": min(AT_ONCE, most - len(found)), "cursor": cursor})
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def lines(self, path: str, asked: Values) -> Iterator[str]:
        """A long answer, as it comes."""
        with self._spoken(), self._client.stream("GET", f"/api/v1/{path}", params=_given(asked)) as answer:
            if answer.is_error:
                answer.read()
                raise Failure(self._refusal(answer))
            yield from answer.iter_text()

    def _ask(self, method: str, path: str, asked: Values | None = None, body: Values | None = None) -> Any:
        with self._spoken():
            json_body = None if body is None else _given(body)
            answer = self._client.request(method, f"/api/v1/{path}", params=_given(asked or {}), json=json_body)
            if answer.is_error:
                raise Failure(self._refusal(answer))
            return answer.json() if answer.content else None

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            why = str(error) or type(error).__name__
            raise Failure(
                f"the responder at {self._where.url} does not answer: {why}; `featurewatch status` says whether it "
                f"runs, {URL_VARIABLE} says where it is"
            ) from error

    def _refusal(self, answer: httpx.Response) -> str:
        try:
            said = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            said = f"{answer.status_code} {answer.reason_phrase}; is a responder at {self._where.url}?"
        if answer.status_code == 401:
            return f"the responder does not know this token; {TOKEN_VARIABLE} names the file that holds another one"
        if answer.status_code == 403:
            return f"{said} {TOKEN_VARIABLE} names the file of another token"
        return f"the responder: {said}"


def _given(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _verify(where: Where) -> ssl.SSLContext | bool:
    if where.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=where.ca_file)
    except OSError as error:  # ssl.SSLError is one
        remedy = f"name the PEM file of the responder's authority in {CA_VARIABLE}"
        raise Faulty([Fault(where.ca_file, 0, 0, f"holds no certificates: {error.strerror}", remedy)]) from None
