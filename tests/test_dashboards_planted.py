"""The list of mistakes that the checker of dashboards is judged by."""

from __future__ import annotations

from pathlib import Path

import yaml

from featurewatch.dashboards import check

LIST = Path(check.__file__).with_name("planted.yaml")


def test_the_list_names_many_kinds_of_mistakes_each_once() -> None:
    faults = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    kinds = [fault["kind"] for fault in faults]
    assert len(kinds) >= 100
    assert len(kinds) == len(set(kinds))
    assert all(fault["found"] and (fault.get("set") or fault.get("remove")) for fault in faults)
