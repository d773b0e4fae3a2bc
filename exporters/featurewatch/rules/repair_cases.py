"""promtool tests of the alerts on automatic repair; see `chain_cases`."""

from __future__ import annotations

from featurewatch import names
from featurewatch.rules.chain_probe import Probe, twice

GROW = {names.ACTION: "grow"}
RESPONDER = {"job": "responder", "instance": "responder:8090"}
BEGIN, END = 4, 12
"""The first and the last step of what is wrong."""


def probes() -> tuple[Probe, ...]:
    """One for each alert."""
    waiting = {**GROW, names.STATE: "waiting"}
    blind = {**GROW, names.REASON: "unreadable"}
    return (
        Probe(
            "RepairFailing",
            "no run failed, then some did, then one helped",
            twice(names.REPAIR_FAILURES, GROW, "0x3 1x3 3x4 0x3", "0x7 1x4 0x3"),
            GROW,
            {BEGIN: "1", END: "3"},
            (BEGIN - 1, END + 1),
        ),
        Probe(
            "RepairSwitchedOff",
            "it may run, then not, then again",
            twice(names.REPAIR_SWITCHED_OFF, GROW, "0x3 1x8 0x3", "0x7 1x4 0x3"),
            GROW,
            {BEGIN: "1", END: "1"},
            (BEGIN - 1, END + 1),
        ),
        Probe(
            "RepairBlind",
            "its target cannot be read for two minutes, while another guard holds it back all the time",
            (
                *twice(names.REPAIR_HELD_BACK, blind, "0x3 1x8 0x3", "0x7 1x4 0x3"),
                *twice(names.REPAIR_HELD_BACK, {**GROW, names.REASON: "cool-down"}, "1x30", "1x30"),
            ),
            GROW,
            {BEGIN + 4: "1", END: "1"},
            (BEGIN - 1, BEGIN + 3, END + 1),
        ),
        Probe(
            "RepairFlapping",
            "as often back and forth as is allowed, then once more",
            twice(names.REPAIR_REVERSALS, {names.TARGET: "ray"}, "2x3 3x8 2x3", "1x30"),
            {names.TARGET: "ray"},
            {BEGIN: "3", END: "3"},
            (BEGIN - 1, END + 1),
        ),
        Probe(
            "RepairAwaitsApproval",
            "a run waits, then two, while others are under way all the time",
            (
                *twice(names.REPAIR_OPEN, waiting, "0x3 1x8 0x3", "0x7 1x4 0x3"),
                *twice(names.REPAIR_OPEN, {**GROW, names.STATE: "holding"}, "1x30", "1x30"),
            ),
            GROW,
            {BEGIN: "1", END: "2"},
            (BEGIN - 1, END + 1),
        ),
        Probe(
            "AuditBroken",
            "the chain holds, then not, then again",
            twice(names.AUDIT_HOLDS, RESPONDER, "1x3 0x8 1x3", "1x30"),
            RESPONDER,
            {BEGIN: "0", END: "0"},
            (BEGIN - 1, END + 1),
        ),
        Probe(
            "AuditShortened",
            "an entry is gone, until nobody remembers it",
            twice(names.AUDIT_ENTRIES, RESPONDER, "9x1 10x1 9x100", "5x110"),
            RESPONDER,
            {BEGIN: "9", 92: "9"},
            (BEGIN - 1, 93),
            step=240.0,
        ),
    )
