"""Settings come from the environment, and one that cannot be is named with what it takes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from examples.market_features.settings import PREFIX, Settings, SettingsError


def test_an_empty_environment_gives_the_defaults_with_no_admin_endpoints() -> None:
    assert Settings.from_environment({}) == Settings()
    assert not Settings().admin


def test_every_setting_has_its_environment_variable() -> None:
    text = {"ttl_seconds": "5.5", "cache_entries": "7", "budget_seconds": "0.1", "workers": "3", "admin": "1"}
    settings = Settings.from_environment({PREFIX + name.upper(): value for name, value in text.items()})
    assert settings == Settings(ttl_seconds=5.5, cache_entries=7, budget_seconds=0.1, workers=3, admin=True)
    assert {field.name for field in dataclasses.fields(Settings)} == set(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TTL_SECONDS", "soon"),
        ("TTL_SECONDS", "0"),
        ("TTL_SECONDS", "-1"),
        ("TTL_SECONDS", "nan"),
        ("TTL_SECONDS", "inf"),
        ("CACHE_ENTRIES", "1.5"),
        ("CACHE_ENTRIES", "0"),
        ("BUDGET_SECONDS", ""),
        ("WORKERS", "many"),
        ("ADMIN", "yes"),
        ("ADMIN", ""),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"FEATUREWATCH_EXAMPLE_{name} is .*; it takes "):
        Settings.from_environment({PREFIX + name: text})


def test_the_readme_names_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "examples/market_features/README.md").read_text()
    for field in dataclasses.fields(Settings):
        default = float(field.default)  # type: ignore[arg-type]  # numbers and a switch, all of them
        assert f"| `{PREFIX}{field.name.upper()}` | {default:g} |" in readme
