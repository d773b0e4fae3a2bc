"""Whatever bytes a file holds, reading it is bounded and ends in data or in a fault with its place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurewatch.faults import Fault, Faulty
from featurewatch.objectives.source import MAXIMUM_BYTES, MAXIMUM_DEPTH, parse, read


def fault_of(content: bytes) -> Fault:
    with pytest.raises(Faulty) as caught:
        parse(content, "objectives.yaml")
    (fault,) = caught.value.faults
    return fault


def test_every_value_knows_its_line_and_column() -> None:
    source = parse(b"a: 1\nb:\n  - x\n  - { c: 2, d: 3 }\n", "f.yaml")
    assert source.data == {"a": 1, "b": ["x", {"c": 2, "d": 3}]}
    assert source.places[("a",)] == (1, 1)
    assert source.places[("b", 0)] == (3, 5)
    assert source.places[("b", 1, "d")] == (4, 13)


def test_a_fault_at_a_missing_key_points_to_what_encloses_it() -> None:
    source = parse(b"a:\n  b:\n    c: 1\n", "f.yaml")
    fault = source.fault(("a", "b", "missing", "deeper"), "what", "remedy")
    assert (fault.line, fault.column) == (2, 3)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse(b"\xef\xbb\xbfversion: x\n", "f").data == {"version": "x"}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n", b"---\n...\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    try:
        source = parse(content, "f")
    except Faulty as error:
        assert "empty" in str(error)  # noqa: PT017 - `---` alone is a document that holds nothing
    else:
        assert source.data is None


def test_a_file_of_100_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    large = tmp_path / "objectives.yaml"
    with large.open("wb") as stream:
        stream.write(b"version: featurewatch/v1\n")
        stream.truncate(100 * 1024 * 1024)
    began = time.process_time()
    with pytest.raises(Faulty, match=rf"larger than {MAXIMUM_BYTES // 1024} KiB"):
        read(large)
    assert time.process_time() - began < 1


def test_the_largest_file_that_is_allowed_is_read() -> None:
    content = b"a: " + b"x" * (MAXIMUM_BYTES - 3)
    assert len(parse(content, "f").data["a"]) == MAXIMUM_BYTES - 3
    assert "larger" in fault_of(content + b"x").what


@pytest.mark.parametrize("missing", ["nowhere.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_fault_of_that_file(tmp_path: Path, missing: str) -> None:
    with pytest.raises(Faulty, match=r"called\.yaml: cannot be read"):
        read(tmp_path / missing, "called.yaml")


def test_invalid_utf_8_is_a_fault_in_its_line() -> None:
    fault = fault_of(b"a: 1\nb: \xff\xfe\n")
    assert (fault.line, fault.what) == (2, "not UTF-8")


@pytest.mark.parametrize(("content", "place"), [(b"a: 1\nb: \x00\n", (2, 4)), ("ä: ö\nü:  \x01".encode(), (2, 5))])
def test_a_character_that_yaml_forbids_is_a_fault_at_its_place(content: bytes, place: tuple[int, int]) -> None:
    fault = fault_of(content)
    assert (fault.line, fault.column) == place
    assert "U+000" in fault.what


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"a: 1\nb: [1, 2\n", 3, "not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "not YAML"),
        (b"a: 1\n---\nb: 2\n", 2, "single document"),
        (b'a: "\\ud800"\n', 1, "not YAML"),
        (
            b"a: 1\nb: !!python/object/apply:os.system [id]\n",
            2,
            "the tag tag:yaml.org,2002:python/object/apply:os.system",
        ),
        (b"a: !!int ''\n", 1, "the tag tag:yaml.org,2002:int"),
        (b"a: !own {}\n", 1, "the tag !own"),
        (b"a: &x 1\nb: *x\n", 2, "the alias *x"),
        (b"a: &x\n  <<: *x\n", 2, "the alias *x"),
        (b"b: 1\n? [a]\n: 2\n", 2, "a key that is not text"),
    ],
)
def test_what_is_not_plain_yaml_is_a_fault_in_its_line(content: bytes, line: int, what: str) -> None:
    if what.startswith("a key"):
        (fault,) = parse(content, "f").faults
    else:
        fault = fault_of(content)
    assert fault.line == line
    assert what in fault.what


def test_a_key_twice_is_told_with_both_lines_and_the_rest_is_still_read() -> None:
    source = parse(b"a: 1\nb: 2\na: 3\nb: 4\n", "f")
    assert [(fault.line, fault.what, fault.remedy) for fault in source.faults] == [
        (3, "the key 'a' again", "it stands in line 1 already"),
        (4, "the key 'b' again", "it stands in line 2 already"),
    ]


def billion_laughs() -> bytes:
    lines = [b"a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for before, name in zip(b"abcdefgh", b"bcdefghi", strict=True):
        lines.append(b"%c: &%c [%s]" % (name, name, b", ".join([b"*%c" % before] * 9)))
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("bomb", "what"),
    [
        (billion_laughs(), "the alias *a"),
        (b"[" * 200_000, "nested too deeply"),
        (b"{a: " * 60_000, "nested too deeply"),
        (b"- " * 100_000, "nested too deeply"),
        (b"? " * 100_000, "nested too deeply"),
        (b"[" + b"1," * 120_000 + b"1]", "too many values"),
        (b"- x\n" * 60_000, "too many values"),
        (b"".join(b"k%d: 1\n" % number for number in range(25_000)), "too many values"),
        (b"a: [" + b"[]," * 80_000 + b"]", "too many values"),
    ],
    ids=["aliases", "brackets", "braces", "dashes", "questions", "flow", "list", "keys", "empties"],
)
def test_a_bomb_is_refused_in_little_time(bomb: bytes, what: str) -> None:
    began = time.process_time()
    assert what in fault_of(bomb).what
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "number", [b"1:" * 120_000 + b"1", b"1:" * 9_000 + b"1.0", b"0x" + b"f" * 100_000, b"9" * 200_000]
)
def test_a_number_that_would_take_long_to_compute_stays_text(number: bytes) -> None:
    began = time.process_time()
    assert parse(b"a: " + number, "f").data == {"a": number.decode()}
    assert time.process_time() - began < 2


def test_only_numbers_truths_and_nothing_are_more_than_text() -> None:
    source = parse(b"a: 2020-01-01\nb: 1.5\nc: yes\nd: ~\ne: 0x\nf: '5'\ng: =\nh: 0b_\n", "f")
    assert source.data == {
        "a": "2020-01-01", "b": 1.5, "c": True, "d": None, "e": "0x", "f": "5", "g": "=", "h": "0b_",
    }  # fmt: skip


def test_the_deepest_document_that_is_allowed_is_read() -> None:
    parse(b"[" * MAXIMUM_DEPTH + b"]" * MAXIMUM_DEPTH, "f")
    assert "nested" in fault_of(b"[" * (MAXIMUM_DEPTH + 1) + b"1" + b"]" * (MAXIMUM_DEPTH + 1)).what


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_faulty(content: bytes) -> None:
    try:
        parse(content, "f")
    except Faulty as error:
        assert error.faults  # noqa: PT017


SCRAPS = (
    *(
        "a",
        "b: ",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "!!int ",
        "!!set ",
        "! ",
        "'",
        '"',
        "|\n",
        ">",
    ),
    *(
        "#",
        "\n",
        "\n  ",
        "\t",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "<<: ",
        "~",
        "1:1.0",
        "0x",
        "1e9",
        ".nan",
        ".inf",
        "yes",
    ),
    *("2020-01-01", "2020-13-45 99:99:99", "\0", "\x85", "\u2028", "\ufeff", "é", "=", "0b_", "+", "-.", "_", "\\u"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(SCRAPS), max_size=30).map("".join))
def test_no_scraps_of_yaml_raise_anything_but_faulty(text: str) -> None:
    try:
        parse(text.encode(), "f")
    except Faulty as error:
        assert all("\n" not in str(fault) for fault in error.faults)  # noqa: PT017
