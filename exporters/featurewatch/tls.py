"""TLS between Prometheus, Alertmanager and the responder, where objectives.yaml asks for it.

Both programs take a file with `--web.config.file`, the responder takes the same certificate by options; whoever calls
one of them is told the authority to trust.
"""

from __future__ import annotations

from typing import Any, Final

from featurewatch.objectives.model import Tls

FILE: Final = "web.yaml"
"""Beside the configuration of each: what it gets with `--web.config.file`."""


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
