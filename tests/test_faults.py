"""How a fault is printed."""

from __future__ import annotations

from featurewatch.faults import Fault


def test_a_fault_is_one_line_and_cannot_command_the_terminal() -> None:
    fault = Fault("objectives.yaml", 3, 1, "traffic.\n\x1b[31mred: unknown key", "remove it")

    assert str(fault) == "objectives.yaml:3:1: traffic.\\n\\x1b[31mred: unknown key; remove it"


def test_letters_of_every_language_stay_as_they_are() -> None:
    assert str(Fault("a.yaml", 0, 0, "größe: 名前", "remove it")) == "a.yaml: größe: 名前; remove it"
