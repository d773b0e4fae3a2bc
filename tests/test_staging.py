from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.checkout_sample import change, checkout, contents, decided

from featurewatch import check, staging
from featurewatch.amtool import Amtool
from featurewatch.faults import Fault, Faulty
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.staging import Addresses, stage
from featurewatch.tools.toolbox import Tools

NOTHING = Addresses({})
MOVED = Addresses(
    {"prometheus:9090": "127.0.0.1:19090", "inbox:8025": "127.0.0.1:18025", "inbox:2525": "127.0.0.1:12525"}
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return checkout(tmp_path / "a checkout: # mine")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "run here: # now"


def _stage(project: Project, target: Path, addresses: Addresses = NOTHING, *checks: staging.Check) -> None:
    stage(project.root, project.secrets, addresses, target, checks)


def _real(project: Project, tools: Tools) -> tuple[staging.Check, ...]:
    binaries = check.Binaries(Promtool(tools.promtool.path), Amtool(tools.amtool.path))
    return check.configuration_checks(project, decided(project), binaries)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("prometheus:9090", "127.0.0.1:19090"),
        ("http://prometheus:9090/graph", "http://127.0.0.1:19090/graph"),
        ('["prometheus:9090","inbox:2525"]', '["127.0.0.1:19090","127.0.0.1:12525"]'),
        ("it listens on inbox:8025.", "it listens on 127.0.0.1:18025."),
        ("my-prometheus:9090", "my-prometheus:9090"),
        ("old.prometheus:9090", "old.prometheus:9090"),
        ("prometheus:90901", "prometheus:90901"),
        ("prometheus:9090.example.org", "prometheus:9090.example.org"),
        ("prometheus:9091 prometheus 9090", "prometheus:9091 prometheus 9090"),
        ("Prometheus:9090", "Prometheus:9090"),
    ],
)
def test_an_address_is_replaced_exactly_and_nothing_like_it(text: str, wanted: str) -> None:
    assert MOVED.apply(text) == wanted


def test_an_address_that_another_is_replaced_by_is_not_replaced_again() -> None:
    swapped = Addresses({"a:1": "b:2", "b:2": "a:1"})
    assert swapped.apply("a:1 b:2") == "b:2 a:1"


def test_the_staged_files_are_the_committed_ones_with_other_addresses(project: Project, target: Path) -> None:
    _stage(project, target, MOVED)
    for place, source in {
        "prometheus/prometheus.yaml": "deploy/prometheus/prometheus.yaml",
        "prometheus/rules/extraction.rules.yaml": "rules/extraction.rules.yaml",
        "alertmanager/templates/email.tmpl": "alertmanager/templates/email.tmpl",
    }.items():
        assert (target / place).read_text() == MOVED.apply((project.root / source).read_text()), place
    assert "127.0.0.1:12525" in (target / "alertmanager/alertmanager.yaml").read_text()


def test_alertmanager_finds_its_secrets_wherever_it_was_started(project: Project, target: Path) -> None:
    _stage(project, target)
    loaded = yaml.safe_load((target / "alertmanager/alertmanager.yaml").read_text())
    assert loaded["global"]["smtp_auth_password_file"] == str(target / "alertmanager/secrets/smtp_password")
    places = [line for line in (target / "alertmanager/alertmanager.yaml").read_text().splitlines() if "_file:" in line]
    assert len(places) == 4
    assert all(str(target) in place for place in places)


def test_the_demos_secrets_follow_the_inbox_and_nobody_else_may_read_them(project: Project, target: Path) -> None:
    _stage(project, target, MOVED)
    folder = target / "alertmanager/secrets"
    assert (folder / "webhook_url").read_text() == "http://127.0.0.1:18025/webhook\n"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert (project.secrets / "webhook_url").read_text() == "http://inbox:8025/webhook\n"


def test_alertmanager_gets_the_secrets_that_its_configuration_names_and_no_other(
    project: Project, target: Path
) -> None:
    (project.secrets / "another_parts").write_text("x")
    _stage(project, target, MOVED)
    names = {path.name for path in (target / "alertmanager/secrets").iterdir()}
    assert names == {"smtp_password", "slack_api_url", "pagerduty_routing_key", "webhook_url"}
    # The sample declares no responder.
    assert {path.name for path in project.secrets.iterdir()} == {
        *names,
        "audit_key",
        "responder_token",
        "another_parts",
    }


def test_a_secret_of_any_bytes_is_copied_as_it_is(project: Project, target: Path) -> None:
    (project.secrets / "smtp_password").write_bytes(b"\xff\x00inbox:8025")
    _stage(project, target, MOVED)
    assert (target / "alertmanager/secrets/smtp_password").read_bytes() == b"\xff\x00inbox:8025"


@pytest.mark.parametrize("spoil", [os.mkfifo, lambda path: path.write_bytes(b"x" * (staging.LARGEST_SECRET + 1))])
def test_what_cannot_be_a_secret_is_not_copied(project: Project, target: Path, spoil: Callable[[Path], object]) -> None:
    (project.secrets / "smtp_password").unlink()
    spoil(project.secrets / "smtp_password")
    _stage(project, target, MOVED)
    assert not (target / "alertmanager/secrets/smtp_password").exists()


def test_alertmanager_records_its_events_where_it_is_told_to(project: Project, target: Path, tools: Tools) -> None:
    events = target / "a place: with 'quotes'.jsonl"
    staging.stage(project.root, project.secrets, MOVED, target, _real(project, tools), events)
    staged = yaml.safe_load((target / "alertmanager/alertmanager.yaml").read_text())
    assert staged["event_recorder"] == {"file_outputs": [{"path": str(events)}]}


def test_real_binaries_accept_what_is_staged(project: Project, target: Path, tools: Tools) -> None:
    _stage(project, target, MOVED, *_real(project, tools))
    assert (target / "prometheus/prometheus.yaml").is_file()


@pytest.mark.parametrize(
    ("place", "old", "new", "file"),
    [
        ("rules/extraction.rules.yaml", "groups:", "groups: [", "rules"),
        ("rules/extraction.rules.yaml", "rate(", "rate((", "rules"),
        ("deploy/prometheus/prometheus.yaml", "scrape_interval: ", "scrape_interval: minus ", "prometheus.yaml"),
        ("alertmanager/alertmanager.yaml", "receivers:", "receivers: nonsense #", "alertmanager.yaml"),
        ("alertmanager/templates/email.tmpl", "{{ define", "{{ defin", "templates"),
    ],
)
def test_a_bad_file_never_replaces_a_good_configuration(
    project: Project, target: Path, tools: Tools, place: str, old: str, new: str, file: str
) -> None:
    checks = _real(project, tools)
    _stage(project, target, MOVED, *checks)
    before = contents(target)
    change(project, place, old, new)
    with pytest.raises(Faulty) as caught:
        _stage(project, target, MOVED, *checks)
    assert contents(target) == before
    told = str(caught.value)
    assert str(project.root) in told or file in told
    assert ".unchecked-" not in told, "the copy is gone; the user needs the name of the committed file"


def test_a_missing_secret_never_reaches_the_running_configuration(project: Project, target: Path, tools: Tools) -> None:
    checks = _real(project, tools)
    _stage(project, target, MOVED, *checks)
    before = contents(target)
    (project.secrets / "pagerduty_routing_key").unlink()
    with pytest.raises(Faulty, match=r"secrets/pagerduty_routing_key: .*missing"):
        _stage(project, target, MOVED, *checks)
    assert contents(target) == before


@pytest.mark.parametrize(
    ("gone", "what"),
    [("rules/*.rules.yaml", r"rules: holds no"), ("deploy/prometheus/prometheus.yaml", r"prometheus.yaml: is missing")],
)
def test_without_its_files_nothing_is_staged(project: Project, target: Path, gone: str, what: str) -> None:
    for path in project.root.glob(gone):
        path.unlink()
    with pytest.raises(Faulty, match=what):
        _stage(project, target)
    assert contents(target) == {}


def test_a_file_that_is_not_text_is_a_fault_with_its_name(project: Project, target: Path) -> None:
    (project.root / "alertmanager/templates/email.tmpl").write_bytes(b"caf\xe9")
    with pytest.raises(Faulty, match=r"email\.tmpl: is not UTF-8 text"):
        _stage(project, target)


def test_stale_files_go_and_what_is_not_of_the_parts_stays(project: Project, target: Path) -> None:
    _stage(project, target)
    (target / "prometheus/rules/old.rules.yaml").write_text("groups: []\n")
    (target / "alertmanager/secrets/old").symlink_to("nowhere")
    (target / "parts").mkdir()
    (target / "parts/prometheus.json").write_text("{}")
    (target / "stack.json").write_text("{}")
    _stage(project, target)
    assert not (target / "prometheus/rules/old.rules.yaml").exists()
    assert not (target / "alertmanager/secrets/old").is_symlink()
    assert (target / "parts/prometheus.json").read_text() == "{}"
    assert (target / "stack.json").exists()


def test_what_a_killed_run_left_behind_is_cleared_away(project: Project, target: Path) -> None:
    (target / ".unchecked-killed/alertmanager/secrets").mkdir(parents=True)
    _stage(project, target)
    assert sorted(path.name for path in target.iterdir()) == ["alertmanager", "prometheus"]


def test_a_check_that_breaks_leaves_everything_as_it_was(project: Project, target: Path) -> None:
    _stage(project, target)
    before = contents(target)

    def broken(_: Path) -> list[Fault]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _stage(project, target, MOVED, broken)
    assert contents(target) == before


def test_a_reader_always_finds_whole_files(project: Project, target: Path) -> None:
    """It reads while the configuration changes to and fro between two that are both whole."""
    _stage(project, target)
    path = target / "prometheus/prometheus.yaml"
    whole = {path.read_text(), MOVED.apply(path.read_text())}
    seen: set[str] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for addresses in (MOVED, NOTHING) * 5:
            _stage(project, target, addresses)
    finally:
        over.set()
        reader.join()
    assert seen == whole


def test_what_a_configuration_refers_to_is_there_before_the_configuration(
    project: Project, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = Path.replace

    def watched(self: Path, place: Path) -> Path:
        placed.append(place.name)
        return replace(self, place)

    monkeypatch.setattr(Path, "replace", watched)
    _stage(project, target)
    assert set(placed[-2:]) == {"alertmanager.yaml", "prometheus.yaml"}
