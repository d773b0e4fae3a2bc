"""What the chain watches of automatic repair: that it helps, rests, is let, and that its audit is whole."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.rules.guard import Guard

FLAPPING = 2
"""Runs of one hour that may take back what an earlier one did: a roll-back, and one more."""


def guards() -> tuple[Guard, ...]:
    """Silent where nothing is repaired: then the responder exports none of it."""
    action = "Action {{ $labels.action }}"
    return (
        Guard(
            "RepairFailing",
            Severity.HIGH,
            0.0,
            f"max by ({names.ACTION}) ({names.REPAIR_FAILURES}) > 0",
            f"{action} did not help",
            "{{ $value | humanize }} of its runs failed in a row",
            "every run comes true, and its alerts end",
            (
                "Repair by hand what it could not: its alerts still fire.",
                "Read its last run: `featurewatch actions --runs`.",
            ),
        ),
        Guard(
            "RepairSwitchedOff",
            Severity.HIGH,
            0.0,
            f"max by ({names.ACTION}) ({names.REPAIR_SWITCHED_OFF}) > 0",
            f"{action} failed too often and is switched off",
            "its circuit breaker is open",
            "it runs when it is wished for",
            (
                "Repair by hand, and find out why it failed: `featurewatch audit`.",
                "Then let it run again: `featurewatch actions --switch-on NAME`.",
            ),
        ),
        Guard(
            "RepairBlind",
            Severity.HIGH,
            60.0,
            f'max by ({names.ACTION}) ({names.REPAIR_HELD_BACK}{{{names.REASON}="unreadable"}}) > 0',
            f"{action} is wished for and cannot see its target",
            "its target has not been readable for 1m",
            "an action whose alert fires can read its target",
            ("Ask the target by hand.", "Compare address, token and certificate with objectives.yaml."),
        ),
        Guard(
            "RepairFlapping",
            Severity.MEDIUM,
            0.0,
            f"max by ({names.TARGET}) ({names.REPAIR_REVERSALS}) > {FLAPPING}",
            "Repair goes back and forth on {{ $labels.target }}",
            "{{ $value | humanize }} runs of the last hour undid earlier ones",
            f"at most {FLAPPING} in an hour",
            (
                "Stop repair if that is safer: `featurewatch stop`.",
                "Look for two actions with opposite wishes, or for one that never helps.",
            ),
        ),
        Guard(
            "RepairAwaitsApproval",
            Severity.HIGH,
            0.0,
            f'sum by ({names.ACTION}) ({names.REPAIR_OPEN}{{{names.STATE}="waiting"}}) > 0',
            f"{action} waits for somebody to agree",
            "{{ $value | humanize }} runs wait",
            "nobody is waited for; without an answer it lapses",
            ("Read what it would call: `featurewatch approve`.", "Agree, or refuse with `--refuse`."),
        ),
        Guard(
            "AuditBroken",
            Severity.CRITICAL,
            0.0,
            f"min by (job, instance) ({names.AUDIT_HOLDS}) < 1",
            "The audit of {{ $labels.instance }} was tampered with, or cannot be anchored",
            "its chain does not hold",
            "each entry is as it was written, and none is missing",
            (
                "Stop repair: `featurewatch stop`.",
                "See which entries: `featurewatch audit verify`; keep a copy of database and anchor.",
            ),
        ),
        Guard(
            "AuditShortened",
            Severity.CRITICAL,
            0.0,
            f"max by (job, instance) ({names.AUDIT_ENTRIES})\n<\n"
            f"max by (job, instance) (\n  max_over_time({names.AUDIT_ENTRIES}[6h])\n)",
            "The audit of {{ $labels.instance }} has lost entries",
            "it has {{ $value | humanize }} entries, and had more within 6h",
            "it only grows",
            (
                "Stop repair: `featurewatch stop`.",
                "Find out who replaced or cut the database; compare with the anchor and the log.",
            ),
        ),
    )
