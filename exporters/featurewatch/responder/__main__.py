"""`python -m featurewatch.responder`: runs the responder until it is told to stop."""

from __future__ import annotations

import logging
import ssl
import sys

import uvicorn

from featurewatch.responder.database import DatabaseUrlFault
from featurewatch.responder.service import create_app
from featurewatch.responder.settings import SettingsError, from_command_line


def main() -> int:
    """0 after an orderly stop, 2 if the settings cannot be used."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = from_command_line()
        app = create_app(settings)
    except (SettingsError, DatabaseUrlFault) as error:
        sys.stderr.write(f"responder: {error}\n")
        return 2
    config = uvicorn.Config(
        app,
        host=settings.address,
        port=settings.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    try:
        config.load()  # reads the certificate
    except ssl.SSLError as error:
        sys.stderr.write(f"responder: --tls-certificate-file and --tls-key-file cannot be used: {error.reason}\n")
        return 2
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
