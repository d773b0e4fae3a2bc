"""A runbook to begin with, for an alert that has none: today's headings, a query that exists, and what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from featurewatch.rules.dependencies import names_in
from featurewatch.rules.model import Alert, Group

MARK = "<!-- To be written: "
"""What a stub says of each part that nobody has written yet."""


def stubs(groups: tuple[Group, ...], folder: Path) -> Iterator[tuple[str, str]]:
    """(file name, text) of every runbook that is missing in `folder`. What is there is never touched."""
    told: set[str] = set()
    for group in groups:
        for alert in group.alerts:
            if alert.name not in told and not (folder / f"{alert.name}.md").exists():
                yield f"{alert.name}.md", stub(alert, groups)
            told.add(alert.name)


def stub(alert: Alert, groups: tuple[Group, ...]) -> str:
    """The page of one alert."""
    recorded = [rule.name for group in groups for rule in group.recordings if rule.name in names_in(alert.expr)]
    asked = dict.fromkeys([*recorded, f'ALERTS{{alertname="{alert.name}"}}', "up"])
    queries = "\n\n".join(
        f"{number}. {title}\n\n   ```console\n   curl -s 'http://127.0.0.1:9090/api/v1/query' "
        f"--data-urlencode 'query={query}'\n   ```"
        for number, (title, query) in enumerate(
            zip(("The value now", "Since when", "Who answers"), asked, strict=False), 1
        )
    )
    steps = alert.annotations.get("first_steps", "")
    objective = alert.labels.get("objective", "")
    return f"""# {alert.name}

## What it means
The objective `{objective}` is violated: promised is {alert.annotations.get("limit", "otherwise")}.

{MARK}what the value is made of, and what it leaves out. -->

## What the user feels
{MARK}what somebody notices who does not look at dashboards. -->

## First three queries
{queries}

## Likely causes
{MARK}what it was the last times. -->

Until then, what objectives.yaml says to do first:

{steps}

## How to silence it
```console
amtool silence add alertname={alert.name} \\
  --alertmanager.url=http://127.0.0.1:9093 --duration=1h --author="$USER" --comment='why, and the ticket'
```

## When to escalate
{MARK}after how long, and to whom. -->
"""
