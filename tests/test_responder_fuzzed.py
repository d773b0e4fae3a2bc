"""Whatever is sent to the API as its own description allows, or does not: no 5xx, and no role beyond its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from tests.conftest import CHECKOUT
from tests.objectives_sample import acting
from tests.responder_stack import Stack, bearing, stack
from tests.test_responder_repair_api import WAITING

from featurewatch.objectives.load import load
from featurewatch.responder.repair import run as runs
from featurewatch.responder.tokens import Role
from featurewatch.tools.toolbox import Tools

NEEDED = {
    ("post", "/api/v1/notifications"): Role.OPERATOR,
    ("post", "/api/v1/alerts"): Role.OPERATOR,
    ("post", "/api/v1/silences"): Role.OPERATOR,
    ("delete", "/api/v1/silences/{number}"): Role.OPERATOR,
    ("put", "/api/v1/alerts/{number}/acknowledgement"): Role.OPERATOR,
    ("delete", "/api/v1/alerts/{number}/acknowledgement"): Role.OPERATOR,
    ("put", "/api/v1/alerts/{number}/false-positive"): Role.OPERATOR,
    ("delete", "/api/v1/alerts/{number}/false-positive"): Role.OPERATOR,
    ("put", "/api/v1/incidents/{number}/acknowledgement"): Role.OPERATOR,
    ("delete", "/api/v1/incidents/{number}/acknowledgement"): Role.OPERATOR,
    ("post", "/api/v1/on-call/{role}/overrides"): Role.OPERATOR,
    ("post", "/api/v1/on-call/{role}/hand-over"): Role.OPERATOR,
    ("delete", "/api/v1/on-call/{role}/overrides/{number}"): Role.OPERATOR,
    ("post", "/api/v1/actions/runs/{number}/decision"): Role.OPERATOR,
    ("post", "/api/v1/actions/{name}/switch-on"): Role.ADMIN,
    ("put", "/api/v1/stop"): Role.OPERATOR,
    ("delete", "/api/v1/stop"): Role.ADMIN,
    ("get", "/api/v1/tokens"): Role.ADMIN,
    ("post", "/api/v1/tokens"): Role.ADMIN,
    ("delete", "/api/v1/tokens/{name}"): Role.ADMIN,
}
"""Who may do what is not reading."""

EXAMPLES = 12
"""Of each operation for each caller; the description's own limits are among them."""

ENDLESS = "/api/v1/events"

DECISION = "/api/v1/actions/runs/{number}/decision"

THERE = 10
"""So many runs wait for a decision, for each of the four kinds of callers."""

ACTIONS = """
targets:
  - { name: ray, kind: ray-serve, url: "http://127.0.0.1:9", application: a, deployment: b, timeout: 1s }
actions:
  - { name: grow, kind: scale-up, on: [{ alert: ExtractionTooSlow }], target: ray, replicas: [1, 2], approval: admin }
"""


@pytest.fixture(scope="module")
def running(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("fuzzed")
    objectives = folder / "objectives.yaml"
    objectives.write_text(acting((CHECKOUT / "objectives.yaml").read_text(), ACTIONS))
    load(objectives)
    with stack(tools, folder, objectives=objectives, repair_seconds=3_600.0) as started:
        yield started


def described(running: Stack) -> schemathesis.BaseSchema:
    schema = running.client.get("/api/v1/openapi.json").json()
    return schemathesis.openapi.from_dict(schema).exclude(path=ENDLESS)


def test_every_operation_that_changes_anything_has_a_role_in_the_table(running: Stack) -> None:
    paths = running.client.get("/api/v1/openapi.json").json()["paths"]
    changing = {(method, path) for path, item in paths.items() for method in item if method != "get"}
    assert {key for key in NEEDED if key[0] != "get"} == changing


@pytest.mark.long
@pytest.mark.parametrize("role", [None, *Role])
def test_no_request_is_answered_with_5xx_and_none_goes_beyond_its_role(running: Stack, role: Role | None) -> None:
    # Anew for each role: an operator who stops everything ends what waits.
    with running.database.writing() as connection:
        for number in range(THERE):
            approver = "admin" if number % 2 else "operator"
            runs.write(connection, {**WAITING, "key": f"{role} {number}", "approver": approver})
    tried = 0
    for found in described(running).get_all_operations():
        operation = found.ok()  # type: ignore[union-attr] # a description that cannot be read fails here
        _try(operation, str(running.client.base_url), role)
        tried += 1
    assert tried >= 30
    with running.database.reading() as connection:
        made, _ = runs.listed(connection, 10_000)
    deciders = {(one.approver, one.decided_by) for one in made if one.decided_by is not None}
    assert deciders <= {("operator", "some-operator"), ("operator", "some-admin"), ("admin", "some-admin")}


def _try(operation: Any, base: str, role: Role | None) -> None:
    headers = bearing(role) if role is not None else {}
    least = NEEDED.get((operation.method.lower(), operation.path), Role.VIEWER)

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def hold(case: Any) -> None:
        case.headers.pop("Authorization", None)
        _aim(case)
        answer = case.call(base_url=base, headers=headers, timeout=60)
        case.validate_response(answer, checks=[not_a_server_error])
        told = (case.method, case.formatted_path, answer.text)
        if role is None or role < least:
            # What has no such path, or cannot be read, is refused before anybody is asked who they are.
            assert answer.status_code in ({401} if role is None else {403}) | {404, 405, 422}, told
        elif operation.path == DECISION and role is Role.OPERATOR:
            assert answer.status_code != 401, told  # some runs need an admin, and say so
        else:
            assert answer.status_code not in (401, 403), told
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"], told

    hold()


def _aim(case: Any) -> None:
    """Chance hardly ever meets what is there: let every second number, and name, be one of those."""
    given = case.path_parameters
    number, name = given.get("number"), given.get("name")
    if isinstance(number, int) and number % 2:
        given["number"] = number % (4 * THERE) + 1
    if isinstance(name, str) and len(name) % 2:
        given["name"] = "grow"
