"""Which format and which encoding a scraper asked for."""

from __future__ import annotations

from typing import Literal

Format = Literal["text", "openmetrics", "protobuf"]

PROTOBUF = "application/vnd.google.protobuf"
MESSAGE = "io.prometheus.client.MetricFamily"


def wanted_format(accept: str) -> Format:
    """The format with the highest quality value among those we have; text when none of them was asked for."""
    best: tuple[float, int, Format] = (0.0, 0, "text")
    for media, parameters, quality in _choices(accept):
        version = parameters.get("version")
        choice: tuple[float, int, Format]
        if media == PROTOBUF and parameters.get("proto") == MESSAGE and parameters.get("encoding") == "delimited":
            choice = (quality, 3, "protobuf")
        elif media == "application/openmetrics-text" and version in (None, "1.0.0", "0.0.1"):
            choice = (quality, 2, "openmetrics")
        elif media in ("text/plain", "text/*", "*/*") and version in (None, "0.0.4"):
            choice = (quality, 1, "text")
        else:
            continue
        if quality > 0:
            best = max(best, choice)
    return best[2]


def wants_gzip(accept_encoding: str) -> bool:
    """Whether the scraper takes gzip (explicitly or by `*`) and does not refuse it by `q=0`."""
    qualities = {coding: quality for coding, _, quality in _choices(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _choices(header: str) -> list[tuple[str, dict[str, str], float]]:
    """The items of a header, each with its parameters and quality. What cannot be read has quality 0."""
    choices = []
    for item in header.split(","):
        value, *rest = (part.strip() for part in item.split(";"))
        parameters = {
            name.strip().lower(): content.strip().strip('"')
            for name, _, content in (part.partition("=") for part in rest)
        }
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        choices.append((value.lower(), parameters, quality if 0.0 <= quality <= 1.0 else 0.0))
    return choices
