"""How a generated wrapper takes the arguments of the function it wraps, and passes them on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EXTRACTION = "extraction"
"""The parameter that the wrapper fills when the function marks its own extraction."""

_ANYTHING = "*_fw_args, **_fw_kwargs"


@dataclass(frozen=True, slots=True)
class Passing:
    """Source text for the wrapper's parameters and for the call, and the default values of the parameters."""

    parameters: str
    arguments: str
    defaults: tuple[Any, ...] | None = None
    keyword_defaults: dict[str, Any] | None = None


def passing(function: Callable[..., Any], *, fill: bool) -> Passing:
    """The function's own parameters where possible, else `*args, **kwargs`; with `fill`, `extraction` is filled in.

    TypeError when `fill` is asked for and the function has no parameter that could be filled.
    """
    parameters = inspect.signature(function, follow_wrapped=False).parameters if inspect.isfunction(function) else None
    filled = parameters.get(EXTRACTION) if parameters is not None else None
    if fill and (filled is None or filled.kind is filled.VAR_POSITIONAL or filled.kind is filled.VAR_KEYWORD):
        raise TypeError(f"with mark=True, {function!r} needs a parameter named `{EXTRACTION}`")
    if parameters is None or not all(_can_be_spelled(parameter) for parameter in parameters.values()):
        if fill and filled is not None and filled.kind is not filled.KEYWORD_ONLY:
            raise TypeError(f"with mark=True and *args, {function!r} must take `{EXTRACTION}` by keyword only")
        return Passing(_ANYTHING, f"{_ANYTHING}, {EXTRACTION}=_fw_extraction" if fill else _ANYTHING)
    taken: list[str] = []
    given: list[str] = []
    previous: inspect._ParameterKind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for name, parameter in parameters.items():
        value = "_fw_extraction" if fill and name == EXTRACTION else name
        given.append(f"{name}={value}" if parameter.kind is parameter.KEYWORD_ONLY else value)
        if value is not name:
            continue
        if previous is parameter.POSITIONAL_ONLY and parameter.kind is not parameter.POSITIONAL_ONLY:
            taken.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and previous is not parameter.KEYWORD_ONLY:
            taken.append("*")
        taken.append(name)
        previous = parameter.kind
    if previous is inspect.Parameter.POSITIONAL_ONLY:
        taken.append("/")
    # The wrapper shares the function's own default objects.
    having = [
        parameter
        for name, parameter in parameters.items()
        if parameter.default is not parameter.empty and not (fill and name == EXTRACTION)
    ]
    defaults = tuple(parameter.default for parameter in having if parameter.kind is not parameter.KEYWORD_ONLY)
    keyword = {parameter.name: parameter.default for parameter in having if parameter.kind is parameter.KEYWORD_ONLY}
    return Passing(", ".join(taken), ", ".join(given), defaults or None, keyword or None)


def _can_be_spelled(parameter: inspect.Parameter) -> bool:
    return (
        parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.name.isidentifier()
        and not parameter.name.startswith("_fw_")
    )
