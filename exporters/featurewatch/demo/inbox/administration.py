"""The switches: injecting faults and clearing. Only for callers on this machine, or in the networks allowed for it."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from featurewatch.demo.inbox.faults import Faults, InjectedFault, Mode
from featurewatch.demo.inbox.incidents import Incidents
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.message import Channel
from featurewatch.demo.inbox.settings import Network


class FaultRequest(BaseModel):
    """The body of `PUT /admin/fault`."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    mode: Mode
    status: Annotated[int | None, Field(ge=400, le=599)] = None
    retry_after: Annotated[float | None, Field(ge=0, le=3600)] = None
    seconds: Annotated[float | None, Field(gt=0, le=3600)] = None
    count: Annotated[int | None, Field(ge=1)] = None


def create_router(
    mailbox: Mailbox, faults: Faults, incidents: Incidents, administrators: tuple[Network, ...]
) -> APIRouter:
    """`/admin/fault` and `DELETE /deliveries`."""

    def allow(request: Request) -> None:
        host = request.client.host if request.client is not None else ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = ipaddress.ip_address("0.0.0.0")  # noqa: S104
        if not any(address in network for network in administrators):
            raise HTTPException(403, f"not from {host}: only callers on this machine, or in an --admin-network")

    router = APIRouter(dependencies=[Depends(allow)])

    @router.put("/admin/fault")
    async def set_fault(request: FaultRequest) -> dict[str, object]:
        given = request.model_dump(exclude={"channel"})
        faults.set(request.channel, InjectedFault(**given))
        return {"channel": request.channel, **given}

    @router.get("/admin/fault")
    async def show_faults() -> dict[str, dict[str, object]]:
        return {channel: dataclasses.asdict(fault) for channel, fault in faults.now().items()}

    @router.delete("/deliveries")
    async def clear() -> dict[str, int]:
        incidents.clear()
        return {"cleared": mailbox.clear()}

    return router
