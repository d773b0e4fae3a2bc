"""A Grafana over HTTP: folders, datasources and dashboards, put there and read back.

Only documented calls of https://grafana.com/docs/grafana/latest/developers/http_api/ are made.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import httpx

from featurewatch.dashboards.field_json import Json
from featurewatch.faults import Failure

TIMEOUT_SECONDS: Final = 30.0
REMEDIES: Final = {
    401: "give a service account's token in GRAFANA_TOKEN, or a user and a password in GRAFANA_URL",
    403: "give the service account the role Editor for folders and dashboards, and Admin for datasources",
    404: "let GRAFANA_URL be the address at which Grafana's start page opens, with its path if it has one",
}


class GrafanaApi:
    """One Grafana at `url`, used as a context manager. `token` is a service account's; raises `Failure`."""

    def __init__(self, url: str, token: str = "", transport: httpx.BaseTransport | None = None) -> None:
        self.url = httpx.URL(url.rstrip("/") + "/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=self.url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport
        )

    def __enter__(self) -> GrafanaApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def version(self) -> str:
        """Of Grafana itself; says at once whether it is there."""
        return str(self._asked("GET", "api/health").get("version", "unknown"))

    def put_folder(self, uid: str, title: str) -> None:
        """Make the folder unless it is there."""
        if self._found(f"api/folders/{quote(uid, safe='')}") is None:
            self._asked("POST", "api/folders", {"uid": uid, "title": title})

    def folder(self, uid: str) -> Json:
        return self._asked("GET", f"api/folders/{quote(uid, safe='')}")

    def put_datasource(self, datasource: Json) -> None:
        """Make it or change it. One that a file there provides is left as it is: nobody else may change that."""
        path = f"api/datasources/uid/{quote(datasource['uid'], safe='')}"
        there = self._found(path)
        if there is None:
            self._asked("POST", "api/datasources", datasource)
        elif not there.get("readOnly"):
            self._asked("PUT", path, datasource)

    def datasource(self, uid: str) -> Json:
        return self._asked("GET", f"api/datasources/uid/{quote(uid, safe='')}")

    def put_dashboard(self, dashboard: Json, folder: str) -> None:
        """Save it, over an older version of itself."""
        body = {"dashboard": {**dashboard, "id": None}, "folderUid": folder, "overwrite": True}
        self._asked("POST", "api/dashboards/db", body | {"message": "featurewatch grafana"})

    def dashboard(self, uid: str) -> Json:
        """`dashboard` as it was saved, and `meta` with its folder."""
        return self._asked("GET", f"api/dashboards/uid/{quote(uid, safe='')}")

    def _found(self, path: str) -> Json | None:
        answer = self._send("GET", path, None)
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._read(answer)

    def _asked(self, method: str, path: str, body: Json | None = None) -> Json:
        return self._read(self._send(method, path, body))

    def _send(self, method: str, path: str, body: Json | None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            place = self.url.copy_with(userinfo=b"")
            raise Failure(f"no Grafana answers at {place}: {error}; start it, or mend GRAFANA_URL") from error

    @staticmethod
    def _read(answer: httpx.Response) -> Json:
        try:
            said: Any = answer.json()
        except ValueError:
            said = {}
        if answer.is_success and isinstance(said, dict):
            return said
        told = said.get("message") if isinstance(said, dict) else None
        remedy = REMEDIES.get(answer.status_code, "its own log says more")
        call = f"{answer.request.method} {answer.request.url.path}"
        raise Failure(f"Grafana answers {call} with {answer.status_code}: {told or 'no JSON'}; {remedy}")
