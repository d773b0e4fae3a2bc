"""TLS between Prometheus, Alertmanager and the responder, where objectives.yaml asks for it.

Both programs take a file with `--web.config.file`, the responder takes the same certificate by options; whoever calls
one of them is told the authority to trust.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from featurewatch.objectives.model import Tls
from featurewatch.routes.secrets import FOLDER

FILE: Final = "web.yaml"
"""Beside the configuration of each: what it gets with `--web.config.file`."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the declared files lie on this machine."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def found(cls, tls: Tls, secrets: Path) -> Files:
        """`secrets` is the folder that `secrets/` stands for; an absolute path stays what it is."""
        declared = (tls.certificate_file, tls.key_file, tls.ca_file)
        return cls(*(secrets / path.removeprefix(FOLDER) for path in declared))


def trusted(authority: str | Path | None) -> ssl.SSLContext | bool:
    """Whom to trust, as httpx takes it: this authority alone, or those of the system. Raises OSError."""
    return True if not authority else ssl.create_default_context(cafile=str(authority))


def web_config(tls: Tls) -> dict[str, Any]:
    """What that file holds. Paths are relative to its folder."""
    return {
        "tls_server_config": {
            "cert_file": tls.certificate_file,
            "key_file": tls.key_file,
            "min_version": "TLS12",
        }
    }


def called(tls: Tls | None) -> dict[str, Any]:
    """What Prometheus needs to know to call one that speaks TLS."""
    return {} if tls is None else {"scheme": "https", "tls_config": {"ca_file": tls.ca_file}}
