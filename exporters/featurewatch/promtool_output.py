"""What promtool prints when something is wrong, as faults with file and line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from featurewatch.faults import Fault

_CHECKING = re.compile(r"Checking (?P<file>.+)")
_FAILED = re.compile(r"\s*FAILED:\s*(?P<rest>.*)")
_QUIET = re.compile(r"\s*(SUCCESS.*)?")
_PLACED = re.compile(r"(?P<file>.+?\.ya?ml): (?P<line>\d+):(?P<column>\d+): (?P<what>.+)")
_OF_FILE = re.compile(r"(?P<file>\S+\.ya?ml): (?P<what>.+)")
_YAML = re.compile(r".*\byaml: line (?P<line>\d+): (?P<what>.+)")
_UNMARSHAL = re.compile(r".*\byaml: unmarshal errors:")
_UNMARSHALLED = re.compile(r"  line (?P<line>\d+): (?P<what>.+)")
_NAMED = re.compile(r"    name: (?P<name>.*),")
_LOOKED = re.compile(r"    (?P<what>(?:alertname: |expr: ).+, time: .+?),?\s*")
_VALUED = re.compile(r'expr: (?P<expr>".*"), time: (?P<time>\w+)')
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_RULE = re.compile(r"    (?P<what>rule: .+, err: .+)")


def faults(what: str, files: Sequence[Path], output: str) -> list[Fault]:
    """Each complaint once, at the place that promtool names, or at the test that failed."""
    remedy = f"found by {what}"
    found = list(dict.fromkeys(_read(what, files, output.splitlines())))
    return [Fault(file, line, column, text, remedy) for file, line, column, text in found]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of samples on disk."""

    ulid: str
    begin: float
    """Seconds since the epoch."""
    end: float
    samples: int
    chunks: int
    series: int


EXPOSITION = "/metrics"
"""What an exposition is called that has no file."""

_BLOCK = re.compile(r"(?P<ulid>[0-9A-Z]{26})\s+(?P<begin>-?\d+)\s+(?P<end>-?\d+)\s+\S+\s+(?P<counts>\d+\s+\d+\s+\d+).*")
_IN_LINE = re.compile(r"error while linting: text format parsing error in line (?P<line>\d+): (?P<what>.+)")
_WHILE_PARSING = re.compile(r'.*while parsing: (?P<text>".*")')


def blocks(output: str) -> tuple[Block, ...]:
    """The table of `promtool tsdb list`; times there are milliseconds."""
    found = []
    for match in filter(None, map(_BLOCK.fullmatch, output.splitlines())):
        samples, chunks, series = map(int, match["counts"].split())
        begin, end = int(match["begin"]) / 1000, int(match["end"]) / 1000
        found.append(Block(match["ulid"], begin, end, samples, chunks, series))
    return tuple(found)


def of_metrics(output: str, exposition: str) -> tuple[Fault, ...]:
    """The complaints of `promtool check metrics`, which names the metric, at the first line about it."""
    lines = exposition.splitlines()
    found = []
    for text in filter(None, map(str.strip, output.splitlines())):
        if broken := _IN_LINE.fullmatch(text):
            line, what = int(broken["line"]), broken["what"]
        else:
            metric = text.split(" ")[0]
            about = re.compile(rf"(# (TYPE|HELP) )?{re.escape(metric)}(_bucket|_count|_sum)?[ {{].*")
            line, what = next((at for at, each in enumerate(lines, start=1) if about.match(each)), 0), text
        found.append(Fault(EXPOSITION, line, 1 if line else 0, what, "found by promtool check metrics"))
    return tuple(found)


def of_samples(output: str, file: str, content: str) -> tuple[Fault, ...]:
    """The complaint of `promtool tsdb create-blocks-from`, which quotes where it stopped, at that line."""
    what = output.strip().splitlines()[-1] if output.strip() else "was refused without a word"
    line = 0
    if stopped := _WHILE_PARSING.fullmatch(what):
        begin = _unquoted(stopped["text"]).splitlines()[0]
        line = next((at for at, text in enumerate(content.splitlines(), start=1) if text.startswith(begin)), 0)
    return (Fault(file, line, 1 if line else 0, what, "found by promtool tsdb create-blocks-from"),)


Complaint = tuple[str, int, int, str]


def _read(what: str, files: Sequence[Path], lines: list[str]) -> Iterator[Complaint]:
    """Line by line. promtool takes the files in the order given, with one verdict for each where it tests."""
    waiting = list(files) if "test" in what else []
    file = os.fspath(files[0]) if files else what
    test = ""
    block: list[str] = []
    for line in [*lines, ""]:
        verdict = _FAILED.fullmatch(line)
        if waiting and (verdict or line.strip() == "SUCCESS"):
            yield from _block(file, test, block)
            file, test, block = os.fspath(waiting.pop(0)), "", []
        if verdict:
            line = verdict["rest"]
        if checking := _CHECKING.fullmatch(line):
            yield from _block(file, test, block)
            file, block = checking["file"], []
        elif named := _NAMED.fullmatch(line):
            test = named["name"]
        elif _UNMARSHAL.fullmatch(line):
            continue
        elif placed := _PLACED.fullmatch(line):
            yield placed["file"], int(placed["line"]), int(placed["column"]), placed["what"]
        elif (bad := _YAML.fullmatch(line)) or (bad := _UNMARSHALLED.fullmatch(line)):
            yield file, int(bad["line"]), 1, bad["what"]
        elif whole := _OF_FILE.fullmatch(line):
            yield whole["file"], 0, 0, whole["what"]
        elif rule := _RULE.fullmatch(line):
            yield file, 0, 0, rule["what"]
        elif _LOOKED.fullmatch(line) or (_QUIET.fullmatch(line) and block):
            yield from _block(file, test, block)
            block = [line] if line.strip() else []
        elif not _QUIET.fullmatch(line):
            block.append(line)


def _block(file: str, test: str, block: list[str]) -> Iterator[Complaint]:
    """What was expected at one moment of a test and what was found; or a complaint of several lines."""
    text = "\n".join(line.strip() for line in block if line.strip())
    if not text:
        return
    if _LOOKED.fullmatch(block[0]):
        line = _line_of_value(file, text) if text.startswith("expr: ") else _line_of_test(file, test)
        text = f"{test}: {text}" if test and not text.startswith("expr: ") else text
    else:
        line = 0
    yield file, line, 1 if line else 0, text


def _line_of_test(file: str, test: str) -> int:
    """Where the test of this name begins; 0 where that cannot be told."""
    for case in _cases(file):
        name = _value(case, "name")
        if name is not None and name.value == test:
            return int(name.start_mark.line) + 1
    return 0


def _line_of_value(file: str, complaint: str) -> int:
    """Where an expected value stands, of which promtool tells the expression but not the test."""
    match = _VALUED.match(complaint)
    for case in _cases(file) if match else ():
        for check in _items(case, "promql_expr_test"):
            expr, time = _value(check, "expr"), _value(check, "eval_time")
            if not (match and expr and time and expr.value == _unquoted(match["expr"])):
                continue
            if _milliseconds(time.value) == _milliseconds(match["time"]):
                return int(expr.start_mark.line) + 1
    return 0


def _milliseconds(duration: str) -> int:
    """promtool writes the 108s of a test as 1m48s."""
    sizes = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
    return sum(int(number) * sizes[unit] for number, unit in _DURATION.findall(duration))


def _unquoted(text: str) -> str:
    """What Go has put between quotes, which for an expression is what JSON would."""
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _cases(file: str) -> list[yaml.Node]:
    try:
        root = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return []
    return _items(root, "tests")


def _items(node: yaml.Node | None, key: str) -> list[yaml.Node]:
    found = _value(node, key)
    return list(found.value) if isinstance(found, yaml.SequenceNode) else []


def _value(node: yaml.Node | None, wanted: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == wanted), None)
