"""What is written about the project is true of it: commands, folders, links, sizes, and what an import does."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from tests.conftest import CHECKOUT

from featurewatch import cli
from featurewatch.demo.scenes import NAMES

ROOT = CHECKOUT / "exporters"
PACKAGE = ROOT / "featurewatch"
STATEMENTS = ("rules", "alertmanager", "dashboards", "deploy", "examples")

PUBLIC = {"featurewatch.names", "featurewatch.ray", "featurewatch.responder.repair.retraining"}
"""Modules, beside the package itself, whose names are for others to use."""
LONGEST_MODULE = 300

MAKE = re.compile(r"(?:^|[`\s(])make ((?:[a-z][a-z-]* ?)+)", re.MULTILINE)
MODULE = re.compile(r"-m (featurewatch[\w.]*)")
COMMAND = re.compile(r"(?:^|`)(?:\.venv/bin/)?featurewatch ([a-z]+)", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
SHELL = re.compile(r"```(?:console|sh|bash|shell)\n(.*?)```", re.DOTALL)


@cache
def _tracked() -> tuple[Path, ...]:
    """Every file of the project: tracked, or not yet and not ignored. In a folder without git, all of them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [CHECKOUT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    else:
        hidden = {".venv", ".featurewatch", "node_modules", ".git", "__pycache__"}
        paths = [path for path in CHECKOUT.rglob("*") if not hidden & set(path.relative_to(CHECKOUT).parts)]
    return tuple(sorted(path for path in paths if path.is_file()))


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            yield path, data.decode("utf-8", "replace")


def _name(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def _pages() -> list[tuple[Path, str]]:
    return [(path, text) for path, text in _texts() if path.suffix == ".md"]


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _targets() -> dict[str, str]:
    """Each target of the Makefile with its line of help, empty where it has none."""
    text = (CHECKOUT / "Makefile").read_text()
    return {
        found[1]: (found[2] or "").strip()
        for found in re.finditer(r"^([a-z][a-z-]*):[^=\n]*?(?:## (.*))?$", text, re.M)
    }


def _said_in_code(text: str) -> str:
    """What a page tells people to type: its inline code and its shell blocks."""
    inline = re.findall(r"`([^`\n]+)`", CODE.sub("", text))
    return "\n".join([*inline, *SHELL.findall(text)])


# --- commands -----------------------------------------------------------------------------------------------------
def test_every_make_target_that_a_page_names_exists() -> None:
    targets = _targets()
    unknown = [
        f"{_name(path)}: make {target}"
        for path, text in _pages()
        for words in MAKE.findall(_said_in_code(text))
        for target in words.split()
        if target not in targets
    ]
    assert unknown == []


def test_every_make_target_that_a_message_names_exists() -> None:
    targets = _targets()
    unknown = [
        f"{_dotted(path)}: make {words}"
        for path in _modules()
        for words in re.findall(r"`make ([a-z]+)", path.read_text())
        if words not in targets
    ]
    assert unknown == []


def test_make_help_lists_every_target_and_every_target_is_phony() -> None:
    targets = _targets()
    helped = subprocess.run(["make", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert [target for target, said in targets.items() if not said] == []
    assert [target for target in targets if not re.search(rf"^  make {target} +\S", helped, re.MULTILINE)] == []
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony.split()) == set(targets)


def test_every_command_that_a_page_or_the_makefile_names_exists() -> None:
    help_text = cli._parser().format_help()
    known = set(re.findall(r"^    ([a-z]+) ", help_text, re.MULTILINE))
    assert {"up", "check"} <= known
    sources = [(path, _said_in_code(text)) for path, text in _pages()]
    makefile = re.sub(r"\$\(FEATUREWATCH\)", "featurewatch", (CHECKOUT / "Makefile").read_text())
    sources.append((CHECKOUT / "Makefile", re.sub(r"^\t@?", "", makefile, flags=re.MULTILINE)))
    unknown = [
        f"{_name(path)}: featurewatch {command}"
        for path, text in sources
        for command in COMMAND.findall(text)
        if command not in known
    ]
    assert unknown == []


def test_every_module_that_the_makefile_or_a_page_runs_exists() -> None:
    sources = [*_pages(), (CHECKOUT / "Makefile", (CHECKOUT / "Makefile").read_text())]
    missing = [
        f"{_name(path)}: {module}"
        for path, text in sources
        for module in MODULE.findall(text)
        if not (place := ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
        and not (place / "__main__.py").is_file()
    ]
    assert missing == []


def test_the_scenes_that_help_and_the_makefile_list_are_those_there_are() -> None:
    assert [word.strip(" ,") for word in re.split(r", | or ", cli.SCENES.replace(" (the default)", ""))] == list(NAMES)
    assert f"SCENE={'|'.join(NAMES)}" in _targets()["demo"]


# --- pages --------------------------------------------------------------------------------------------------------
def test_every_link_between_files_leads_to_one() -> None:
    broken = []
    for path, text in _pages():
        for target in LINK.findall(CODE.sub("", text)):
            url = urlsplit(target)
            if not url.scheme and url.path and not (path.parent / unquote(url.path)).exists():
                broken.append(f"{_name(path)}: {target}")
    assert broken == []


def test_every_anchor_of_a_link_is_a_heading() -> None:
    broken = []
    for path, text in _pages():
        for target in LINK.findall(CODE.sub("", text)):
            url = urlsplit(target)
            page = path.parent / unquote(url.path) if url.path else path
            if not url.scheme and url.fragment and page.suffix == ".md" and page.is_file():
                headings = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text()), re.MULTILINE)
                if url.fragment not in {_anchor(heading) for heading in headings}:
                    broken.append(f"{_name(path)}: {target}")
    assert broken == []


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_every_folder_in_the_readmes_table_exists_and_each_top_folder_is_in_it() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    listed = {name.rstrip("/") for name in re.findall(r"^\| \[`([^`]+)`\]", readme, re.MULTILINE)}
    assert [name for name in listed if not (CHECKOUT / name).exists()] == []
    top = {path.relative_to(CHECKOUT).parts[0] for path in _tracked() if len(path.relative_to(CHECKOUT).parts) > 1}
    assert {name for name in top if not name.startswith(".")} - {"tests"} <= listed


# --- what is committed --------------------------------------------------------------------------------------------
def test_no_file_names_a_machine_or_a_registry_of_packages() -> None:
    places = re.compile(r"(?<![\w.:}>-])/(?:work|tmp/fw)(?:/|\b)")
    hosts = re.compile(
        r"pythonhosted|registry\.npmjs|registry\.yarnpkg|pypi\.org/simple|artifactory|jfrog"
        r"|--index-url|--extra-index-url|https?://[\w.-]*(?:registry|nexus|artifacts?)\.(?!example\.)"
    )
    found = [
        f"{_name(path)}:{number}: {line.strip()[:100]}"
        for path, text in _texts()
        if path != Path(__file__)
        for number, line in enumerate(text.splitlines(), start=1)
        if places.search(line) or hosts.search(line)
    ]
    assert found == []


def test_a_module_fits_into_one_view() -> None:
    long = {
        _dotted(path): lines for path in _modules() if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    # A vocabulary to look words up in; it holds no step that one would have to follow.
    long.pop("featurewatch.names", None)
    assert long == {}


# --- the two kinds of folder --------------------------------------------------------------------------------------
@pytest.mark.parametrize("folder", STATEMENTS)
def test_a_folder_of_statements_is_no_package_and_imports_no_other_one(folder: str) -> None:
    assert not (CHECKOUT / folder / "__init__.py").exists()
    wrong = [
        f"{_name(path)} imports {module}"
        for path in _tracked()
        if path.suffix == ".py" and path.relative_to(CHECKOUT).parts[0] == folder
        for module in _imports(path)
        if module.split(".")[0] in {*STATEMENTS, "exporters", "tests"} - {folder}
    ]
    assert wrong == []


def test_dashboards_import_nothing_but_featurewatch() -> None:
    wrong = [
        f"{_name(path)} imports {module}"
        for path in (CHECKOUT / "dashboards").glob("*.dashboard.py")
        for module in _imports(path)
        if module.split(".")[0] not in {"featurewatch", "__future__"}
    ]
    assert wrong == []


def test_examples_use_featurewatchs_public_names_and_vocabulary_only() -> None:
    wrong = [
        f"{_name(path)} imports {module}"
        for path in (CHECKOUT / "examples").rglob("*.py")
        for module in _imports(path)
        if module.startswith("featurewatch.") and module not in PUBLIC
    ]
    assert wrong == []


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


# --- what an import does ------------------------------------------------------------------------------------------
_IMPORT_ALL = """
import importlib, sys, threading
opened = []
def look(event, arguments):
    if event in ("socket.bind", "socket.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"):
        opened.append(event)
sys.addaudithook(look)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(opened, [thread.name for thread in threading.enumerate()])
"""


def test_importing_every_module_opens_nothing_and_starts_nothing() -> None:
    # Alembic runs its migrations, and Ray itself binds a port when it is imported, to see whether there is IPv6.
    elsewhere = {"__main__", "migrations", "ray"}
    names = [_dotted(path) for path in _modules() if not elsewhere & {path.stem, *path.relative_to(ROOT).parts}]
    assert len(names) > 100
    assert _python(_IMPORT_ALL, *names) == "[] ['MainThread']"


def test_no_module_reads_the_environment_when_it_is_imported() -> None:
    reading = {
        _dotted(path)
        for path in _modules()
        for node in _at_import(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    assert reading == set()


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: everything but the bodies of functions and what is for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from (
                part
                for default in child.args.defaults + child.args.kw_defaults
                if default
                for part in ast.walk(default)
            )
            continue
        yield child
        yield from _at_import(child)


def test_measuring_needs_nothing_but_python() -> None:
    code = (
        "import sys; before = set(sys.modules); import featurewatch\n"
        "for name in featurewatch.__all__: getattr(featurewatch, name)\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    assert _python(code) == "['featurewatch']"


def test_importing_featurewatch_loads_none_of_its_parts() -> None:
    code = "import sys, featurewatch; print([name for name in sys.modules if name.startswith('featurewatch.')])"
    assert _python(code) == "[]"


def test_the_command_line_loads_no_package_before_it_knows_the_command() -> None:
    code = (
        "import sys; before = set(sys.modules); from featurewatch import cli\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    assert _python(code) == "['featurewatch']"


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
