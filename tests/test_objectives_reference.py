"""docs/objectives.md explains each key, unit, event and bucket edge that the format has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from featurewatch import names
from featurewatch.objectives import kinds, load, spec, units
from featurewatch.rules import plan

PAGE = Path(__file__).parent.parent / "docs" / "objectives.md"
TEXT = PAGE.read_text(encoding="utf-8")


def models(model: type[BaseModel] = spec.ObjectivesSpec) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for part in _parts(info.annotation):
            yield from models(part)


def _parts(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


KEYS = sorted(
    {info.alias or name for model in models() for name, info in model.model_fields.items()},
)


def test_the_format_has_keys() -> None:
    assert {"version", "for", "absent_for", "smarthost", "routing_key_file"} <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_explained(key: str) -> None:
    rows = [line for line in TEXT.splitlines() if re.match(rf"\| (`[^`]+`, )*`{re.escape(key)}`", line)]
    assert rows, f"{PAGE.name} has no table row for `{key}`"


def test_no_key_is_explained_that_the_format_does_not_have() -> None:
    explained = {
        key
        for line in TEXT[TEXT.index("## The document") :].splitlines()
        if (row := re.match(r"\| ((?:`[^`]+`(?:, )?)+) \|", line))
        for key in re.findall(r"`([^`]+)`", row[1])
    }
    assert explained == set(KEYS)


@pytest.mark.parametrize("event", get_args(kinds.EventName))
def test_every_event_is_explained(event: str) -> None:
    assert f"`{event}`" in TEXT


def test_the_edges_are_listed_as_they_are() -> None:
    assert ", ".join(units.duration_text(edge) for edge in names.DURATION_EDGES_SECONDS) in " ".join(TEXT.split())


def test_the_figures_of_the_page_are_those_of_the_compiler() -> None:
    told = " ".join(TEXT.split())
    assert f"at least {plan.MINIMUM_BAD} bad events and {plan.MINIMUM_EVENTS} events" in told
    assert f"more than {plan.TOLERATED:.0%} of windows".replace("%", " %") in told
    assert f"{plan.MARGIN:.0%} of what is allowed".replace("%", " %", 1) in told


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(version: .*?)```", TEXT, re.DOTALL)
    path = tmp_path / "objectives.yaml"
    path.write_text(example, encoding="utf-8")
    assert plan.plan(load(path)).judgements
    assert yaml.safe_load(example)["version"] == spec.VERSION
