"""Small real parts to run in a stack, and ways to watch them."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featurewatch.native.part import Part, Stack
from featurewatch.native.ports import LOOPBACK, free_port
from featurewatch.native.readiness import request
from featurewatch.native.status import PartStatus, status

# Answers what it was told to say; says on standard output that it was started; `POST /-/reload` re-reads the file.
_SERVER = """
import http.server, pathlib, sys
port, said = int(sys.argv[1]), sys.argv[2]
source = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
class Handler(http.server.BaseHTTPRequestHandler):
    text = source.read_text() if source else said
    def do_GET(self): self.answer(200, Handler.text)
    def do_POST(self):
        new = source.read_text()
        if "broken" in new: return self.answer(500, "this file is broken")
        Handler.text = new
        self.answer(200, "reloaded")
    def log_message(self, *ignored): pass
    def answer(self, code, text):
        self.send_response(code); self.end_headers(); self.wfile.write(text.encode())
print("serving", said, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def web(
    name: str, cwd: Path, port: int | None = None, says: str = "hello", source: Path | None = None, **more: Any
) -> Part:
    """A part that serves one sentence, or the contents of a file, over HTTP."""
    chosen = port or free_port()
    url = f"http://{LOOPBACK}:{chosen}"
    arguments = [says, *([str(source)] if source else [])]
    return Part(
        name=name,
        argv=(sys.executable, "-I", "-c", _SERVER, str(chosen), *arguments),
        cwd=cwd,
        ready_url=f"{url}/",
        ports=(chosen,),
        url=url,
        version="1.0",
        **{"stop_seconds": 5, "ready_seconds": 30.0, "watch": (source,) if source else (), **more},
    )


def broken(name: str, cwd: Path, **more: Any) -> Part:
    """A part that writes thirty lines and ends."""
    port = free_port()
    code = "for number in range(30): print('line', number)\nraise SystemExit(3)"
    url = f"http://{LOOPBACK}:{port}/"
    return Part(name, (sys.executable, "-I", "-c", code), cwd, url, (port,), **{"ready_seconds": 30.0, **more})


def stack(folder: Path, *parts: Part) -> Stack:
    """A stack whose runner keeps its files under `folder`."""
    return Stack(tuple(parts), folder / "run", folder / "logs")


def said(part: Part) -> str:
    """What the part answers now."""
    return request("GET", part.ready_url, 5)[1]


def answers(part: Part) -> bool:
    """Whether anything answers where the part listens."""
    try:
        return request("GET", part.ready_url, 5)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def row(run_dir: Path, name: str) -> PartStatus:
    """One part's status."""
    return next(item for item in status(run_dir) if item.part == name)


def pid(run_dir: Path, name: str) -> int:
    """The pid of a part that runs."""
    found = row(run_dir, name).pid
    assert found is not None, f"{name} does not run"
    return found


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.05)
