"""YAML as a person would write it: block style, keys in the order given, long text as it stands. Deterministic."""

from __future__ import annotations

from typing import Any

import yaml

_LINE_ENDS = frozenset("\r\x85\u2028\u2029")
"""Ends of lines that are not `\\n`."""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes text of several lines literally."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if _LINE_ENDS.intersection(value):
        style = '"'  # escaped; in any other style YAML would take them for ends of lines
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(data: Any, header: str = "") -> str:
    """`data` as YAML text below a comment that says what it is and what it was made from."""
    comment = "".join(f"# {line}\n" if line else "#\n" for line in header.splitlines())
    body = yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True, indent=2)
    return comment + body
