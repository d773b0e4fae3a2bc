"""The running preview."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn

from featurewatch.preview.service import create_app
from featurewatch.preview.settings import Settings, SettingsError


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Runs a preview until SIGINT or SIGTERM. `announce` is called with its address once it listens.

    Raises SettingsError when the port cannot be had.
    """
    with _listening(settings) as listening:
        config = uvicorn.Config(
            create_app(settings),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            # Longer than between two refreshes, so that readers need not connect again for each.
            timeout_keep_alive=75,
        )
        host, port = listening.getsockname()[:2]
        announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        await uvicorn.Server(config).serve(sockets=[listening])


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    try:
        listening = socket.create_server((settings.address, settings.port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a port number"
        where = f"{settings.address} port {settings.port}"
        raise SettingsError(f"cannot listen on {where}: {reason}; choose another with --port") from None
    with listening:
        yield listening
