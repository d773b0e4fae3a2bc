"""Asking a part whether it is ready."""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import urlsplit

PROBE_SECONDS = 2.0


def probe(url: str, ca_file: str = "", timeout: float = PROBE_SECONDS) -> str:
    """Why the part is not ready yet; empty when it is. `http://…` must answer with 2xx, `tcp://…` accept.

    `https://…` must show a certificate of the authority in `ca_file`.

    Made for loopback: proxies in the environment are ignored and redirects are not followed.
    """
    target = urlsplit(url)
    if target.hostname is None or target.port is None:
        return f"{url} names no host and port"
    try:
        if target.scheme == "tcp":
            with socket.create_connection((target.hostname, target.port), timeout):
                return ""
        status, _ = request("GET", url, timeout, ca_file)
    except (OSError, http.client.HTTPException) as fault:
        return f"{url}: {fault or type(fault).__name__}"
    return "" if 200 <= status < 300 else f"{url} answers {status}"


def request(method: str, url: str, timeout: float, ca_file: str = "") -> tuple[int, str]:
    """One HTTP request to loopback: status and body. Raises OSError or HTTPException."""
    target = urlsplit(url)
    host = target.hostname or ""
    if target.scheme == "https":
        context = ssl.create_default_context(cafile=ca_file or None)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, target.port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, target.port, timeout=timeout)
    try:
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        connection.request(method, path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(65536).decode(errors="replace")
    finally:
        connection.close()
