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
from types import CodeType
from typing import Any, TypeVar, cast

from featurewatch.measure.marks import mark
from featurewatch.measure.outcomes import Outcomes

F = TypeVar("F", bound=Callable[..., Any])

# Names begin with _fw_ so that no parameter of a wrapped function hides one.
_TEMPLATE = """\
def _fw_make(_fw_function, _fw_clock, _fw_append, _fw_buffer, _fw_capacity, _fw_fold,
             _fw_read_mark, _fw_set_mark, _fw_raised, _fw_marked, _fw_trouble, _fw_running, _fw_len):
    {async_}def measured({parameters}):
        try:
            _fw_outer = _fw_read_mark()
            if _fw_outer is not None:
                _fw_set_mark(None)
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
                _fw_set_mark(_fw_outer)
            except Exception as _fw_inner:
                _fw_trouble(_fw_inner)
            raise
        try:
            _fw_seconds = _fw_clock() - _fw_started
            _fw_said = _fw_read_mark()
            if _fw_said is None:
                _fw_append(_fw_seconds)
                if _fw_len(_fw_buffer) >= _fw_capacity:
                    _fw_fold()
            else:
                _fw_set_mark(None)
                _fw_marked(_fw_seconds, _fw_said)
            {end}
            if _fw_outer is not None:
                _fw_set_mark(_fw_outer)
        except Exception as _fw_error:
            _fw_trouble(_fw_error)
        return _fw_result
    return measured
"""


def measured(function: F, outcomes: Outcomes, clock: Callable[[], float], source: str, running: list[None] | None) -> F:
    """The function, measured; `source` is what counts when the body says nothing."""
    refuse_what_cannot_be_timed(function)
    parameters, arguments = signature_text(function)
    code = _compiled(
        _TEMPLATE.format(
            parameters=parameters,
            arguments=arguments,
            async_="async " if is_async(function) else "",
            await_="await " if is_async(function) else "",
            begin="" if running is None else "_fw_running.append(None)",
            end="" if running is None else "if _fw_running: _fw_running.pop()",
        )
    )
    namespace: dict[str, Any] = {}
    exec(code, namespace)  # noqa: S102 - the text above, filled with the names of the function's parameters
    append, buffer, fold = outcomes.successes[source]
    wrapper = namespace["_fw_make"](
        *(function, clock, append, buffer, outcomes.capacity, fold),
        *(mark.get, mark.set, outcomes.raised, outcomes.marked, outcomes.trouble, running, len),
    )
    if inspect.isfunction(function):
        wrapper.__defaults__ = function.__defaults__
        wrapper.__kwdefaults__ = function.__kwdefaults__
    return cast("F", functools.wraps(function)(wrapper))


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<featurewatch measure>", "exec")


def is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - the method itself is wanted
    )


def refuse_what_cannot_be_timed(function: Callable[..., Any]) -> None:
    """TypeError for generators, whose call returns before any work is done, and for what cannot be called."""
    if isinstance(function, (classmethod, staticmethod, property)):
        raise TypeError(f"put @monitor.measure below @{type(function).__name__}, next to the function")
    if not callable(function):
        raise TypeError(f"@monitor.measure measures functions, not {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator: its call returns before it works. "
            "Put `with monitor.extraction():` around the work that shall be timed"
        )


def signature_text(function: Callable[..., Any]) -> tuple[str, str]:
    """The function's parameters as source, and the arguments that pass them on.

    Defaults are left out: the wrapper shares the function's own default objects.
    """
    anything = "*_fw_args, **_fw_kwargs", "*_fw_args, **_fw_kwargs"
    if not inspect.isfunction(function):
        return anything
    parameters: list[str] = []
    arguments: list[str] = []
    previous: inspect._ParameterKind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for parameter in inspect.signature(function, follow_wrapped=False).parameters.values():
        name, kind = parameter.name, parameter.kind
        if kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            return anything
        if not name.isidentifier() or name.startswith("_fw_"):
            return anything
        if previous is parameter.POSITIONAL_ONLY and kind is not parameter.POSITIONAL_ONLY:
            parameters.append("/")
        if kind is parameter.KEYWORD_ONLY and previous is not parameter.KEYWORD_ONLY:
            parameters.append("*")
        parameters.append(name)
        arguments.append(f"{name}={name}" if kind is parameter.KEYWORD_ONLY else name)
        previous = kind
    if previous is inspect.Parameter.POSITIONAL_ONLY:
        parameters.append("/")
    return ", ".join(parameters), ", ".join(arguments)
