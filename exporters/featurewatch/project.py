"""Where things lie in a checkout: the statements, and the folder that a native run keeps beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from featurewatch.faults import Fault, Faulty

OBJECTIVES = "objectives.yaml"
STATE_VARIABLE = "FEATUREWATCH_STATE"
SECRETS_VARIABLE = "FEATUREWATCH_SECRETS"
TOOLS_VARIABLE = "FEATUREWATCH_TOOLS_DIR"


@dataclass(frozen=True, slots=True)
class Project:
    """The folders of one deployment."""

    root: Path
    state: Path
    """Data, logs, sockets and staged configuration; nothing in it is committed."""
    tools: Path
    secrets: Path
    """Files that hold what must not be committed; their names stand in objectives.yaml."""

    @property
    def objectives(self) -> Path:
        return self.root / OBJECTIVES

    def make_state(self) -> None:
        """Have the state folder, closed to other users when this makes it. Raises OSError."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)


def find(start: Path, environment: Mapping[str, str]) -> Project:
    """The checkout that holds `start`: the nearest folder upward with an objectives.yaml. Raises `Faulty`.

    Three variables move what is not committed: FEATUREWATCH_STATE (default .featurewatch), FEATUREWATCH_SECRETS
    (default STATE/secrets) and FEATUREWATCH_TOOLS_DIR (default STATE/tools).
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / OBJECTIVES).is_file():
            state = Path(environment.get(STATE_VARIABLE) or folder / ".featurewatch").resolve()
            return Project(
                root=folder,
                state=state,
                tools=Path(environment.get(TOOLS_VARIABLE) or state / "tools").resolve(),
                secrets=Path(environment.get(SECRETS_VARIABLE) or state / "secrets").resolve(),
            )
    raise Faulty([Fault(str(start), 0, 0, f"no {OBJECTIVES} here or above", "run featurewatch inside a checkout")])
