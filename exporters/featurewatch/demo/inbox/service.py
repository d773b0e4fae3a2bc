"""The running inbox: mail and HTTP in one process and one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from featurewatch.demo.inbox import administration, reading, sinks
from featurewatch.demo.inbox.faults import Faults
from featurewatch.demo.inbox.incidents import Incidents, RateLimit
from featurewatch.demo.inbox.journal import Journal
from featurewatch.demo.inbox.mail import MailServer
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.settings import Settings, SettingsError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Started:
    """Where an inbox can be reached."""

    smtp: str
    http: str


def create_app(settings: Settings, mailbox: Mailbox, faults: Faults) -> FastAPI:
    """The HTTP side, on an opened mailbox; incidents that its deliveries left open are open again."""
    incidents = Incidents()
    for delivery in mailbox.deliveries:
        incidents.replay(delivery)
    rate = RateLimit(settings.pagerduty_calls_per_minute, time.monotonic)
    posted = sinks.Sinks(settings.workspace, settings.account, mailbox, faults, incidents, rate)
    app = FastAPI(title="featurewatch inbox", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(sinks.create_router(posted))
    app.include_router(reading.create_router(mailbox, incidents))
    app.include_router(administration.create_router(mailbox, faults, incidents, settings.administrators))
    return app


async def serve(settings: Settings, announce: Callable[[Started], None]) -> None:
    """Runs an inbox until SIGINT or SIGTERM. `announce` is called once both ports are open.

    Raises SettingsError when the directory or a port cannot be used.
    """
    mailbox = Mailbox(Journal(settings.directory, settings.limit), settings.limit)
    with _listening(settings, settings.smtp_port) as for_mail, _listening(settings, settings.http_port) as for_http:
        _open(mailbox, settings)
        faults = Faults()
        config = uvicorn.Config(
            create_app(settings, mailbox, faults),
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
        server = _Server(config)

        def stop() -> None:
            server.should_exit = True
            mailbox.close()
            faults.close()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        mail = await loop.create_server(
            lambda: MailServer(mailbox, faults, settings.credentials, settings.max_mail_bytes), sock=for_mail
        )
        announce(Started(_name(for_mail), f"http://{_name(for_http)}"))
        try:
            await server.serve(sockets=[for_http])
        finally:
            mail.close()
            mailbox.journal.close()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: it would end the process by the signal again, not with status 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _open(mailbox: Mailbox, settings: Settings) -> None:
    try:
        loaded = mailbox.open()
    except OSError as error:
        raise SettingsError(
            f"--directory {settings.directory} cannot be used ({error.strerror}); give one that can be written"
        ) from None
    if loaded.unreadable:
        _log.warning("skipped %d unreadable lines in %s", loaded.unreadable, settings.directory)


@contextlib.contextmanager
def _listening(settings: Settings, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        listening = socket.create_server((settings.address, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a port number"
        raise SettingsError(f"cannot listen on {settings.address} port {port}: {reason}; choose another") from None
    with listening:
        yield listening


def _name(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
