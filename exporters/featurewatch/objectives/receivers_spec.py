"""Receivers that featurewatch knows nothing about: their settings are Alertmanager's own, their secrets are files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from featurewatch.faults import Fault
from featurewatch.objectives import handling, model
from featurewatch.objectives.source import KeyPath, Source
from featurewatch.objectives.words import KebabName, SeverityName, Strict

BLOCKS = frozenset(
    {
        *("discord_configs", "incidentio_configs", "jira_configs", "mattermost_configs", "msteams_configs"),
        *("msteamsv2_configs", "opsgenie_configs", "pushover_configs", "rocketchat_configs", "sns_configs"),
        *("telegram_configs", "victorops_configs", "webex_configs", "webhook_configs", "wechat_configs"),
    }
)
"""Blocks of a receiver that Alertmanager 0.30 and newer reads, but those that `notify` writes (webhooks are both)."""

SECRET = re.compile(r"(?:^|_)(?:key|token|secret|password|credentials|webhook_url|api_url)$")
"""Settings whose value is a secret. Each has a twin that ends in `_file`."""


class ReceiverSpec(Strict):
    name: KebabName
    block: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+_configs$", max_length=60)]
    severities: Annotated[list[SeverityName], Field(min_length=1, max_length=4)]
    settings: dict[str, Any] = {}


def receiver(item: ReceiverSpec) -> handling.Receiver:
    return handling.Receiver(
        name=item.name,
        block=item.block,
        severities=tuple(model.Severity[name.upper()] for name in item.severities),
        settings={"send_resolved": True, **item.settings},
    )


def faults(source: Source, receivers: list[tuple[int, ReceiverSpec]]) -> Iterator[Fault]:
    names: set[str] = set()
    for index, item in receivers:
        path: KeyPath = ("receivers", index)
        if item.name in names:
            yield source.fault((*path, "name"), f"receivers[{index}].name: {item.name!r} again", "choose another name")
        names.add(item.name)
        if item.block not in BLOCKS:
            what = f"receivers[{index}].block: Alertmanager has no {item.block}"
            yield source.fault((*path, "block"), what, f"one of {', '.join(sorted(BLOCKS))}")
        for keys in secrets_in(item.settings):
            where = ".".join(keys)
            what = f"receivers[{index}].settings.{where}: a secret stands in this file"
            yield source.fault((*path, "settings", *keys), what, f"write {keys[-1]}_file and put it into that file")


def secrets_in(settings: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where secrets are written instead of the files that hold them."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from secrets_in(value, (*above, key))
        elif SECRET.search(key):
            yield (*above, key)


def files_in(settings: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The files that hold secrets, with the keys that name them."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from files_in(value, (*above, key))
        elif key.endswith("_file") and isinstance(value, str):
            yield (*above, key), value
