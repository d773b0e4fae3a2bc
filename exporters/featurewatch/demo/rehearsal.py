"""The stack for the length of a story: the same rules, with delays of escalation that an audience can wait for.

Made from the objectives by the same generator; objectives.yaml and the committed rules stay as they are, and what was
committed is put back at the end. `make up` puts it back as well, should the story be killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from featurewatch import names, whole_file
from featurewatch.generate import HEADER
from featurewatch.objectives.handling import Handling, Policy
from featurewatch.objectives.model import Objectives
from featurewatch.project import OBJECTIVES
from featurewatch.rules.build import EXTRACTORS_JOB, groups
from featurewatch.rules.model import render
from featurewatch.rules.plan import Plan, plan
from featurewatch.yaml_text import dump

LEVEL_SECONDS: Final = 20.0
"""Between two levels of a rehearsed policy: enough to read the messages of one before the next is due."""


def rehearsed(plan_: Plan, seconds: float = LEVEL_SECONDS) -> Plan:
    """The same plan with policies whose levels follow each other after `seconds`."""
    objectives = plan_.objectives
    return plan(_hurried(objectives, seconds), OBJECTIVES)


def rule_files(plan_: Plan) -> dict[str, str]:
    """Name to text of every file of rules."""
    return {f"{group.name}.rules.yaml": dump(render(group), HEADER) for group in groups(plan_)}


def with_target(configuration: str, target: str, service: str) -> str:
    """Prometheus' configuration with one extractor more, at host:port."""
    config = yaml.safe_load(configuration)
    [job] = [job for job in config["scrape_configs"] if job["job_name"] == EXTRACTORS_JOB]
    job["static_configs"].append({"targets": [target], "labels": {names.SERVICE: service}})
    return dump(config, HEADER)


@contextmanager
def playing(
    folder: Path, texts: Mapping[str, str], usual: Mapping[str, str], reload: Callable[[], None]
) -> Iterator[None]:
    """Prometheus goes by `texts`, which stand in `folder` inside the block, and by `usual` after it.

    `reload` lets it read them. Files that are alike in both are not touched. Raises OSError, and what `reload` raises.
    """
    changed = [name for name, text in texts.items() if usual.get(name) != text and (folder / name).is_file()]
    try:
        whole_file.write_all({folder / name: texts[name].encode() for name in changed})
        reload()
        yield
    finally:
        whole_file.write_all({folder / name: usual[name].encode() for name in changed if name in usual})
        reload()


def _hurried(objectives: Objectives, seconds: float) -> Objectives:
    handling: Handling = objectives.handling
    policies = tuple(_hurried_policy(policy, seconds) for policy in handling.policies)
    return replace(objectives, handling=replace(handling, policies=policies))


def _hurried_policy(policy: Policy, seconds: float) -> Policy:
    levels = tuple(replace(level, after=seconds * (level.number - 1)) for level in policy.levels)
    return replace(policy, levels=levels)
