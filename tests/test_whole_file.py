from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import CHECKOUT

from featurewatch import whole_file


def test_all_files_are_written_with_their_folders_and_nothing_else_is_left(tmp_path: Path) -> None:
    whole_file.write_all({tmp_path / "a/b.txt": b"one", tmp_path / "c.txt": b"two"})
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["b.txt", "c.txt"]
    assert (tmp_path / "a/b.txt").read_bytes() == b"one"


def test_one_that_cannot_be_written_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(b"old")
    (tmp_path / "file").write_bytes(b"not a folder")
    with pytest.raises(OSError, match=r"file"):
        whole_file.write_all({tmp_path / "good": b"new", tmp_path / "file/below": b"new"})
    assert (tmp_path / "good").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "good"]


def test_a_full_disk_is_told_with_the_name_of_the_file_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from featurewatch import whole_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: whole_file.write_all({Path('small'): b'new', Path('large'): b'x' * 5000})\n"
        "except OSError as error: print(error.errno, error.filename)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "exporters")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(errno.EFBIG), "large"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"small": b"old"}


def test_what_a_killed_run_left_behind_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / f".x{whole_file.UNFINISHED}").write_bytes(b"half of")
    whole_file.write(tmp_path / "x", b"all of it")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"all of it"


def test_it_writes_through_no_link_that_somebody_put_there(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / f".x{whole_file.UNFINISHED}").symlink_to("precious")
    whole_file.write(tmp_path / "x", b"new")
    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert not (tmp_path / "x").is_symlink()


def test_a_file_has_its_mode_from_the_start(tmp_path: Path) -> None:
    whole_file.write(tmp_path / "secret", b"s", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
