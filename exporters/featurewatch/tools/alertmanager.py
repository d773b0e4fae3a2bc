"""Starting Alertmanager from an unpacked Debian package, which looks for its templates under /usr.

Debian's build reads `default.tmpl` and `email.tmpl` from /usr/share/prometheus/alertmanager and refuses any
configuration without them. (amtool of the same package never looks there.) There are four ways round that; the first
that works on this machine is taken, and none of them changes what Alertmanager does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from featurewatch.tools.errors import ToolError

TEMPLATES: Final = Path("/usr/share/prometheus/alertmanager")
TEMPLATE_FILES: Final = ("default.tmpl", "email.tmpl")
_PROBE_SECONDS: Final = 20.0

# Two names for one directory, equally long: what the binary holds, and one that leads to wherever it is started.
_BUILT_IN: Final = bytes(TEMPLATES)
_ALTERED: Final = b"/proc/self/cwd" + b"/." * 10


class Way(Enum):
    """How Alertmanager gets to see its templates."""

    PLAIN = "as it is"
    OVERLAY = "with its templates laid over /usr/share, in a mount namespace of its own"
    COPY = "with its templates copied to /usr/share"
    ALTERED = "as an altered copy"


class InPlace(Enum):
    """What /usr/share/prometheus/alertmanager holds, compared with what belongs to the binary."""

    SAME = "same"
    ABSENT = "absent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides the way."""

    needs_templates: bool
    in_place: InPlace
    overlay_works: bool
    may_copy: bool


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start it: append Alertmanager's own arguments (absolute paths, please) to `argv`, start it in `cwd`.

    Its pid is that of the process started: every way ends in an exec, so signals reach Alertmanager itself.
    """

    argv: tuple[str, ...]
    cwd: Path | None
    """Where it must be started; None: anywhere."""
    way: Way
    note: str
    """One line for the user; empty where there is nothing to say."""


def choose(facts: Facts, allowed: Collection[Way] = tuple(Way)) -> Way | None:
    """The first way that the facts permit, or None."""
    permitted = {
        Way.PLAIN: not facts.needs_templates or facts.in_place is InPlace.SAME,
        Way.OVERLAY: facts.overlay_works,
        # Another version's templates stay as they are: they belong to whoever put them there.
        Way.COPY: facts.may_copy and facts.in_place is InPlace.ABSENT,
        Way.ALTERED: True,
    }
    return next((way for way in Way if permitted[way] and way in allowed), None)


def alertmanager_command(
    binary: Path,
    keep: Path,
    templates: Path = TEMPLATES,
    allowed: Collection[Way] = tuple(Way),
    effective_uid: Callable[[], int] = os.geteuid,
) -> Launch:
    """How to start this Alertmanager on this machine; what it prepares for that is kept in the folder `keep`.

    `templates` is where the templates are looked for and copied to. Raises ToolError where no way works.
    """
    own = binary.resolve().parent.parent / "share/prometheus/alertmanager"
    needs = _needs_templates(binary)
    in_place = compare(own, templates)
    overlay = None
    if needs and in_place is not InPlace.SAME and Way.OVERLAY in allowed and _complete(own):
        overlay = _working_overlay(binary, own, templates, root=effective_uid() == 0)
    facts = Facts(
        needs_templates=needs,
        in_place=in_place,
        overlay_works=overlay is not None,
        may_copy=effective_uid() == 0 and _complete(own),
    )
    way = choose(facts, allowed)
    if way is Way.PLAIN:
        return Launch((str(binary),), None, way, "")
    if not _complete(own):
        raise ToolError(
            f"{binary} is Debian's build and needs {' and '.join(TEMPLATE_FILES)} of its package: put them into {own}"
        )
    if way is Way.OVERLAY and overlay is not None:
        return Launch((*overlay, str(binary)), None, way, f"alertmanager runs {way.value}")
    if way is Way.COPY:
        _copy_templates(own, templates)
        return Launch((str(binary),), None, way, f"alertmanager's templates were copied to {templates}")
    if way is Way.ALTERED:
        copy = altered_copy(binary, keep)
        note = f"alertmanager runs as an altered copy, {copy}: it looks for its templates elsewhere"
        return Launch((str(copy),), own, way, note)
    raise ToolError(f"{binary} cannot be started in any of these ways: {', '.join(item.value for item in allowed)}")


def compare(own: Path, templates: Path) -> InPlace:
    """Whether the templates under /usr are those that came with the binary."""
    there = [templates / name for name in TEMPLATE_FILES]
    if not there[0].is_file():
        return InPlace.ABSENT
    if not _complete(own) or own.resolve() == templates.resolve():
        return InPlace.SAME
    same = all(file.is_file() and file.read_bytes() == (own / file.name).read_bytes() for file in there)
    return InPlace.SAME if same else InPlace.OTHER


def overlay_prefix(own: Path, templates: Path, root: bool) -> tuple[str, ...]:
    """The words to put before a command so that it sees `own`'s /usr/share laid over the machine's.

    `mount` splits its options at colons and commas, which a checkout's path may hold; so the shell steps into the
    folder and the layer is called `.`. The subshell keeps the working directory of the command itself.
    """
    layer, target = own.parents[1], templates.parents[1]
    namespaces = ("--mount",) if root else ("--user", "--map-root-user", "--mount")
    script = f'(cd "$0" && mount -t overlay overlay -o lowerdir=.:{target} {target}) && exec "$@"'
    return ("unshare", *namespaces, "sh", "-c", script, str(layer))


def altered_copy(binary: Path, keep: Path) -> Path:
    """A copy of the binary that looks for its templates in its working directory; made once per original."""
    original = binary.read_bytes()
    copy = keep / f"alertmanager-altered-{hashlib.sha256(original).hexdigest()[:16]}"
    if copy.is_file():
        return copy
    keep.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=".altered-", dir=keep)
    with os.fdopen(handle, "wb") as file:
        file.write(original.replace(_BUILT_IN, _ALTERED))
    partial = Path(unfinished)
    partial.chmod(0o755)
    partial.rename(copy)
    return copy


def _needs_templates(binary: Path) -> bool:
    return _BUILT_IN in binary.read_bytes()


def _complete(own: Path) -> bool:
    return all((own / name).is_file() for name in TEMPLATE_FILES)


def _working_overlay(binary: Path, own: Path, templates: Path, root: bool) -> tuple[str, ...] | None:
    # Root needs no user namespace, and in one it would lose its way past other users' file permissions; but a
    # container's root may be allowed only that.
    for as_root in (True, False) if root else (False,):
        prefix = overlay_prefix(own, templates, as_root)
        sees = f'cmp -s "$1/{TEMPLATE_FILES[0]}" "$2/{TEMPLATE_FILES[0]}" && exec "$0" --version'
        trial = (*prefix, "sh", "-c", sees, str(binary), str(own), str(templates))
        try:
            answer = subprocess.run(  # noqa: S603
                trial, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PROBE_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.returncode == 0:
            return prefix
    return None


def _copy_templates(own: Path, templates: Path) -> None:
    templates.mkdir(parents=True, exist_ok=True, mode=0o755)
    # default.tmpl last: it is what "in place" is judged by.
    for name in reversed(TEMPLATE_FILES):
        shutil.copyfile(own / name, templates / name)
        (templates / name).chmod(0o644)
