"""A small HTTP server that answers as Grafana's documentation says: Grafana itself cannot be had from a registry.

It keeps folders, datasources and dashboards in memory, counts ids and versions, and refuses what Grafana refuses.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass
class Grafana:
    """What it keeps; `meddle` changes a dashboard as it is saved, as a migration would."""

    token: str = ""
    meddle: Callable[[Json], Json] = lambda dashboard: dashboard
    folders: dict[str, Json] = field(default_factory=dict)
    datasources: dict[str, Json] = field(default_factory=dict)
    dashboards: dict[str, tuple[Json, str]] = field(default_factory=dict)
    url: str = ""

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Json]:
        match method, path.strip("/").split("/"):
            case "GET", ["api", "health"]:
                return 200, {"database": "ok", "version": "12.4.0"}
            case "GET", ["api", "folders", uid]:
                return _one(self.folders.get(uid), "folder not found")
            case "POST", ["api", "folders"]:
                if body["uid"] in self.folders:
                    return 412, {"message": "a folder with the same uid already exists", "status": "name-exists"}
                self.folders[body["uid"]] = {**body, "id": len(self.folders) + 1, "version": 1}
                return 200, self.folders[body["uid"]]
            case "GET", ["api", "datasources", "uid", uid]:
                return _one(self.datasources.get(uid), "Data source not found")
            case "POST", ["api", "datasources"]:
                if body["uid"] in self.datasources:
                    return 409, {"message": "data source with the same uid already exists"}
                self.datasources[body["uid"]] = {**body, "id": len(self.datasources) + 1, "readOnly": False}
                return 200, {"datasource": self.datasources[body["uid"]], "message": "Datasource added"}
            case "PUT", ["api", "datasources", "uid", uid]:
                if self.datasources[uid].get("readOnly"):
                    return 403, {"message": "Cannot update read-only data source"}
                self.datasources[uid] |= body
                return 200, {"message": "Datasource updated"}
            case "POST", ["api", "dashboards", "db"]:
                return self._save(body)
            case "GET", ["api", "dashboards", "uid", uid] if uid in self.dashboards:
                saved, folder = self.dashboards[uid]
                return 200, {"dashboard": saved, "meta": {"folderUid": folder, "slug": uid}}
            case _:
                return 404, {"message": "Not found"}

    def _save(self, body: Json) -> tuple[int, Json]:
        sent, folder = body["dashboard"], body.get("folderUid", "")
        if folder not in self.folders:
            return 400, {"message": "folder not found"}
        before = self.dashboards.get(sent["uid"])
        if before is not None and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        count = len(self.dashboards) + 1 if before is None else before[0]["id"]
        version = 1 if before is None else before[0]["version"] + 1
        self.dashboards[sent["uid"]] = (self.meddle({**sent, "id": count, "version": version}), folder)
        return 200, {"uid": sent["uid"], "status": "success", "version": version}


@contextmanager
def running(grafana: Grafana) -> Iterator[Grafana]:
    """The stand-in on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond("GET", {})

        def do_POST(self) -> None:
            self._respond("POST", self._body())

        def do_PUT(self) -> None:
            self._respond("PUT", self._body())

        def _body(self) -> Json:
            body: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            return body

        def _respond(self, method: str, body: Json) -> None:
            allowed = not grafana.token or self.headers.get("Authorization") == f"Bearer {grafana.token}"
            open_to_all = self.path == "/api/health"
            status, said = (401, {"message": "Unauthorized"})
            if allowed or open_to_all:
                status, said = grafana.answer(method, self.path, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        grafana.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield grafana
        finally:
            server.shutdown()
            thread.join()


def _one(found: Json | None, missing: str) -> tuple[int, Json]:
    return (404, {"message": missing}) if found is None else (200, found)
