"""The /admin endpoints, for demonstrations and tests: faults, and durations recorded as if extractions had taken them.

They exist only when the `admin` setting is on, and answer only to this machine. The peer's address alone does not
prove that: behind a reverse proxy on this machine every visitor comes from 127.0.0.1, and a web page may send the
browser of somebody on this machine here under a name of its own. So a request that was forwarded, or that names a
host other than this machine's own loopback, is refused as well. A proxy that hides both remains: never put one in
front of a process that has the setting on.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from featurewatch import ExtractionMonitor

from .faults import Fault, FaultError, Faults, Mode

MOST_RECORDED: Final = 100_000
"""How many durations one request may record: enough for any test, too few to keep the process from its work."""

FORWARDING_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


_PLAIN: Final = Fault()


class FaultBody(BaseModel):
    """The fault to put in place; what each field means is written at `faults.Fault`."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    seconds: tuple[float, float] = _PLAIN.seconds
    share: float = _PLAIN.share
    for_seconds: float | None = _PLAIN.for_seconds


class RecordBody(BaseModel):
    """How often to record which duration: `{"durations": {"0.099": 950, "0.1": 50}}`, in seconds."""

    model_config = ConfigDict(extra="forbid")

    durations: dict[float, Annotated[int, Field(ge=1, le=MOST_RECORDED)]]
    served_from: Literal["compute", "cache", "fallback"] = "compute"
    error: str | None = None


def admin_routes(faults: Faults, monitor: ExtractionMonitor) -> APIRouter:
    """The endpoints as routes of their own, for the app to include or to leave out."""
    routes = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(refuse_other_machines)])

    @routes.get("/fault")
    async def fault_in_place() -> Fault:
        """The fault that is on."""
        return faults.current

    @routes.put("/fault")
    async def put_fault(body: FaultBody) -> Fault:
        """Puts a fault in the place of the one that is on; `none` ends it. A crash sends no answer."""
        try:
            fault = Fault(body.mode, body.seconds, body.share, body.for_seconds)
        except FaultError as error:
            raise HTTPException(422, str(error)) from error
        faults.set(fault)
        return faults.current

    @routes.post("/record")
    async def record(body: RecordBody) -> dict[str, int]:
        """Records durations with the extractor's monitor, so that a test can choose them to the digit."""
        total = sum(body.durations.values())
        if total > MOST_RECORDED:
            raise HTTPException(422, f"durations asks for {total} records; one request takes at most {MOST_RECORDED}")
        for seconds, times in body.durations.items():
            for _ in range(times):
                monitor.record(seconds, served_from=body.served_from, error=body.error)
        return {"recorded": total}

    return routes


def refuse_other_machines(request: Request) -> None:
    """403 unless the request was sent on this machine, to this machine, by nobody else's order."""
    peer = request.client.host if request.client is not None else None
    if peer is None or not _is_loopback(peer):
        raise HTTPException(403, f"the admin endpoints answer to this machine only; the request came from {peer}")
    forwarded = [name for name in FORWARDING_HEADERS if name in request.headers]
    if forwarded:
        raise HTTPException(403, f"the admin endpoints take no forwarded requests; this one has {forwarded[0]}")
    host = request.url.hostname or ""
    if host != "localhost" and not _is_loopback(host):
        raise HTTPException(403, f"the admin endpoints are not at {host!r}; use the loopback address")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
