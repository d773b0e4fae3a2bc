"""Texts of panels that are empty while a program is not scraped that should be; `quiet` has those that may be."""

from __future__ import annotations

from typing import Final

NO_PROMETHEUS: Final = "Prometheus does not scrape itself"
NO_ALERTMANAGER: Final = "Alertmanager is not scraped"
NO_RESPONDER: Final = "no responder is scraped"
NO_EXTRACTOR: Final = "no extractor is scraped"
