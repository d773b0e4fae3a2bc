"""The wrapper that `@monitor.measure` puts around a function, written for that function's own signature.

A wrapper that takes `*args, **kwargs` builds a tuple and a dict per call and unpacks them again, which costs half as
much as the measuring itself. So the wrapper is generated, as dataclasses generate `__init__`: same parameters, passed
on by position, and only the branches that the monitor's options need. Where the signature does not allow that, the
same text is generated with `*args, **kwargs`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from featurewatch.measure.extraction import Extraction, ExtractionBlock
from featurewatch.measure.marks import outstanding, set_aside, take
from featurewatch.measure.outcomes import Outcomes
from featurewatch.measure.passing import EXTRACTION, passing
from featurewatch.names import ServedFrom

# Names begin with _fw_ so that no parameter of a wrapped function hides one. They are globals of the generated code
# rather than closure cells, since every call would copy all cells, also those that only errors need.
_TEMPLATE = """\
{async_}def measured({parameters}):
    {make}
    try:
        _fw_outer = _fw_set_aside() if _fw_outstanding else None
        {begin}
        _fw_started = _fw_clock()
    except Exception as _fw_error:
        _fw_trouble(_fw_error)
        return {await_}_fw_function({arguments})
    try:
        _fw_result = {await_}_fw_function({arguments})
    except BaseException as _fw_error:
        try:
            _fw_raised(_fw_clock() - _fw_started, _fw_error)
            {end}
            if _fw_outstanding:
                _fw_take(_fw_outer)
        except Exception as _fw_inner:
            _fw_trouble(_fw_inner)
        raise
    try:
        _fw_seconds = _fw_clock() - _fw_started
        {end}
        if _fw_outstanding:
            _fw_said = _fw_take(_fw_outer)
            if _fw_said is not None:
                _fw_known = _fw_source(_fw_said)
                if _fw_known is None:
                    _fw_marked(_fw_seconds, _fw_said)
                else:
                    _fw_said_append, _fw_said_buffer, _fw_said_fold = _fw_known
                    _fw_said_append(_fw_seconds)
                    if len(_fw_said_buffer) >= _fw_capacity:
                        _fw_said_fold()
                return _fw_result
        {choose}
        _fw_buffer.append(_fw_seconds)
        if len(_fw_buffer) >= _fw_capacity:
            _fw_fold()
    except Exception as _fw_error:
        _fw_trouble(_fw_error)
    return _fw_result
"""
_OBSERVED = """\
{async_}def measured({parameters}):
    with _fw_block(_fw_default) as _fw_extraction:
        return {await_}_fw_function({arguments})
"""
_MAKE = """\
_fw_extraction = _fw_Extraction()
    _fw_extraction.served_from = _fw_default"""
_CHOOSE = """\
try:
            _, _fw_buffer, _fw_fold = _fw_successes[_fw_extraction.served_from]
        except Exception:
            _fw_marked(_fw_seconds, _fw_extraction.served_from)
            return _fw_result"""


@dataclass(frozen=True, slots=True)
class Measuring:
    """What the wrapper of one function needs to know of its monitor."""

    outcomes: Outcomes
    clock: Callable[[], float]
    running: list[None] | None
    source: ServedFrom
    mark: bool
    observed: type[ExtractionBlock] | None = None
    """The block of a monitor with observers, which then does it all."""


def measured(function: Callable[..., Any], how: Measuring) -> Callable[..., Any]:
    """The function, measured. With `how.mark` the wrapper fills the parameter `extraction` and does not have it itself.

    TypeError says what cannot be measured, and what to do instead.
    """
    _refuse_what_cannot_be_timed(function)
    passed = passing(function, fill=how.mark)
    is_async = _is_async(function)
    text = (_OBSERVED if how.observed else _TEMPLATE).format(
        parameters=passed.parameters,
        arguments=passed.arguments,
        async_="async " if is_async else "",
        await_="await " if is_async else "",
        begin="" if how.running is None else "_fw_running.append(None)",
        end="" if how.running is None else "if _fw_running: _fw_running.pop()",
        make=_MAKE if how.mark else "",
        choose=_CHOOSE if how.mark else "",
    )
    _, buffer, fold = how.outcomes.successes[how.source]
    namespace: dict[str, Any] = {
        "_fw_function": function,
        "_fw_clock": how.clock,
        "_fw_buffer": buffer,
        "_fw_capacity": how.outcomes.capacity,
        "_fw_fold": fold,
        "_fw_outstanding": outstanding,
        "_fw_set_aside": set_aside,
        "_fw_take": take,
        "_fw_source": how.outcomes.successes.get,
        "_fw_successes": how.outcomes.successes,
        "_fw_raised": how.outcomes.raised,
        "_fw_marked": how.outcomes.marked,
        "_fw_trouble": how.outcomes.trouble,
        "_fw_running": how.running,
        "_fw_Extraction": Extraction,
        "_fw_default": how.source,
        "_fw_block": how.observed,
    }
    exec(_compiled(text), namespace)  # noqa: S102 - the text above, filled with the names of the parameters
    wrapper = namespace["measured"]
    wrapper.__defaults__ = passed.defaults
    wrapper.__kwdefaults__ = passed.keyword_defaults
    functools.update_wrapper(wrapper, function)
    if how.mark:
        signature = inspect.signature(function)
        seen = [parameter for name, parameter in signature.parameters.items() if name != EXTRACTION]
        wrapper.__signature__ = signature.replace(parameters=seen)
    return wrapper  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<featurewatch measure>", "exec")


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - the method itself is wanted
    )


def _refuse_what_cannot_be_timed(function: Callable[..., Any]) -> None:
    if isinstance(function, (classmethod, staticmethod, property)):
        raise TypeError(f"put @monitor.measure below @{type(function).__name__}, next to the function")
    if not callable(function):
        raise TypeError(f"@monitor.measure measures functions, not {function!r}")
    if isinstance(function, type):
        raise TypeError(
            f"@monitor.measure measures functions, not classes: measure a method of {function.__qualname__}"
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator: its call returns before it works. "
            "Put `with monitor.extraction():` around the work that shall be timed"
        )
