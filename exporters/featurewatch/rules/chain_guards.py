"""What the chain watches of itself: one guard for each way in which it can fail, on the way through from end to end."""

from __future__ import annotations

from typing import Final

from featurewatch import delivery
from featurewatch.objectives.model import Severity
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import recorded, repair_guards
from featurewatch.rules.guard import Guard

SAMPLE_LIMIT: Final = 20_000
"""Samples that one target may send; the scrape configuration sets it."""

DELIVERY_SECONDS: Final = "chain:delivery_seconds:mean5m"
"""Recorded: from evaluation to delivery, by channel."""


def delivery_limit(timing: delivery.Timing) -> float:
    """Seconds from the evaluation that fires to the delivered message, `for` excluded, that the budget counts with."""
    return timing.group_wait + delivery.SEND


def guards(timing: delivery.Timing) -> tuple[Guard, ...]:
    """Every alert, in the order of the way through: scrape, store, judge, route, tell, repair."""
    return (*_scraping(), *_storing(), *_judging(), *_telling(timing), *repair_guards.guards())


def _scraping() -> tuple[Guard, ...]:
    target = "{{ $labels.job }} at {{ $labels.instance }}"
    near = round(0.8 * SAMPLE_LIMIT)
    return (
        Guard(
            "ScrapeFailing",
            Severity.MEDIUM,
            120.0,
            f"min by (job, instance, service) (up) == 0\nunless on (service)\n{recorded.SERVICE_UP} == 0",
            f"{target} does not answer its scrape",
            "it has answered no scrape for 2m",
            "every scrape is answered",
            ("Ask its /metrics by hand.", "Read `lastError` of the target in Prometheus' list of targets."),
        ),
        Guard(
            "TargetFlapping",
            Severity.MEDIUM,
            0.0,
            "max by (job, instance) (\n  changes(up[10m])\n) >= 6",
            f"{target} comes and goes",
            "it came or went {{ $value | humanize }} times in 10m",
            "fewer than 6 changes in 10m",
            ("Look whether its process restarts.", "Compare the duration of its scrapes with the time limit."),
        ),
        Guard(
            "SampleLimitNear",
            Severity.MEDIUM,
            120.0,
            f"max by (job, instance) (scrape_samples_post_metric_relabeling) > {near}",
            f"{target} exports nearly as much as is accepted",
            "it exports {{ $value | humanize }} samples",
            f"at most {near} of the {SAMPLE_LIMIT} that are accepted; with more, it counts as down",
            ("Count its series by metric name.", "Find the label that has so many values, and cap it."),
        ),
        Guard(
            "SampleLimitExceeded",
            Severity.HIGH,
            0.0,
            _increase("prometheus_target_scrapes_exceeded_sample_limit_total"),
            "A target exports more than is accepted and counts as down",
            "{{ $value | humanize }} scrapes were refused in 5m",
            f"at most {SAMPLE_LIMIT} samples for each target",
            (
                "Find the target: its `lastError` says `sample limit exceeded`.",
                "Cap the label that has so many values.",
            ),
        ),
        Guard(
            "ClockSkew",
            Severity.MEDIUM,
            60.0,
            "max by (job, instance) (\n  abs(node_time_seconds - timestamp(node_time_seconds))\n) > 1",
            "The clock of {{ $labels.instance }} is wrong",
            "it differs from Prometheus' by {{ $value | humanizeDuration }}",
            "at most 1s; beyond that, ages, freshness and the order of samples mean nothing",
            ("Ask `timedatectl` on both machines.", "Start the time service again."),
        ),
    )


def _storing() -> tuple[Guard, ...]:
    return (
        Guard(
            "SeriesGrowing",
            Severity.MEDIUM,
            300.0,
            "max by (job, instance) (prometheus_tsdb_head_series)\n>\n"
            "1.5 * max by (job, instance) (prometheus_tsdb_head_series offset 1h)\nand\n"
            "max by (job, instance) (prometheus_tsdb_head_series) >= 10000",
            "Prometheus at {{ $labels.instance }} holds many more series than an hour ago",
            "it holds {{ $value | humanize }} series",
            "at most 1.5 times as many as an hour ago, from 10000 on",
            ("Look which metric names have the most series.", "Undo the change that brought a label with many values."),
        ),
        Guard(
            "RemoteWriteBehind",
            Severity.HIGH,
            120.0,
            "max by (job, instance) (prometheus_remote_storage_highest_timestamp_in_seconds)\n"
            "- on (job, instance) group_right ()\n"
            "max by (job, instance, remote_name) (prometheus_remote_storage_queue_highest_sent_timestamp_seconds)\n"
            "> 120",
            "Remote storage {{ $labels.remote_name }} lags behind",
            "its newest sample is {{ $value | humanizeDuration }} old",
            "at most 2m",
            ("See whether the remote end answers and accepts.", "Compare shards with the highest allowed number."),
        ),
    )


def _judging() -> tuple[Guard, ...]:
    who = "Rule group {{ $labels.rule_group }}"
    return (
        Guard(
            "RuleEvaluationFailing",
            Severity.HIGH,
            0.0,
            _increase("prometheus_rule_evaluation_failures_total", "rule_group"),
            f"{who} fails",
            "{{ $value | humanize }} evaluations failed in 5m",
            "no evaluation fails; one that does judges nothing",
            ("Read the error in Prometheus' list of rules.", "Look for labels that are matched many to many."),
        ),
        Guard(
            "RuleEvaluationSlow",
            Severity.MEDIUM,
            120.0,
            "max by (rule_group) (prometheus_rule_group_last_duration_seconds)\n>\n"
            "0.8 * max by (rule_group) (prometheus_rule_group_interval_seconds)",
            f"{who} is nearly too slow",
            "one evaluation takes {{ $value | humanizeDuration }}",
            "at most 0.8 of its interval",
            (
                "See which of its rules takes longest.",
                "Give Prometheus more processor, or the group a longer interval.",
            ),
        ),
        Guard(
            "RuleEvaluationMissed",
            Severity.HIGH,
            0.0,
            _increase("prometheus_rule_group_iterations_missed_total", "rule_group"),
            f"{who} misses evaluations",
            "{{ $value | humanize }} evaluations were left out in 5m",
            "none is left out; what happens meanwhile is not judged",
            ("See how long one evaluation takes.", "Look at the processor's load on Prometheus' machine."),
        ),
        Guard(
            "ConfigurationReloadFailed",
            Severity.HIGH,
            60.0,
            "min by (job, instance) (prometheus_config_last_reload_successful) == 0\nor\n"
            "min by (job, instance) (alertmanager_config_last_reload_successful) == 0",
            "{{ $labels.job }} at {{ $labels.instance }} refused its configuration",
            "it goes on with the one from before",
            "the newest configuration is in force",
            ("Read its log: it names file and line.", "Run `make check`, repair, run `make reload`."),
        ),
    )


def _telling(timing: delivery.Timing) -> tuple[Guard, ...]:
    allowed = delivery_limit(timing)
    return (
        Guard(
            "AlertmanagerMissing",
            Severity.CRITICAL,
            60.0,
            "min by (job, instance) (prometheus_notifications_alertmanagers_discovered) < 1",
            "Prometheus at {{ $labels.instance }} knows no Alertmanager",
            "it knows {{ $value | humanize }}",
            "at least one; without it nobody is told of anything",
            ("Look at `alerting` in its configuration.", "Look at its list of Alertmanagers."),
        ),
        Guard(
            "AlertmanagerUnreachable",
            Severity.CRITICAL,
            60.0,
            _increase("prometheus_notifications_errors_total", "alertmanager", window=60.0),
            "Prometheus cannot hand alerts to {{ $labels.alertmanager }}",
            "{{ $value | humanize }} alerts were not taken in 1m",
            "every alert is taken; another Alertmanager of a pair may have it",
            ("See whether it runs and answers /-/ready.", "Read its log and Prometheus'."),
        ),
        Guard(
            "NotificationsDropped",
            Severity.CRITICAL,
            0.0,
            _increase("prometheus_notifications_dropped_total", "job, instance"),
            "Prometheus at {{ $labels.instance }} dropped alerts",
            "{{ $value | humanize }} were dropped in 5m",
            "none is dropped",
            ("See whether any Alertmanager answers.", "Compare the length of the queue with its capacity."),
        ),
        Guard(
            "NotificationsFailing",
            Severity.HIGH,
            0.0,
            _increase("alertmanager_notifications_failed_total", "integration, reason"),
            "Messages by {{ $labels.integration }} fail ({{ $labels.reason }})",
            "{{ $value | humanize }} were given up in 5m",
            "none is given up",
            ("Read Alertmanager's log: it has the answer of the other side.", "Check the secret and the address."),
        ),
        Guard(
            "DeliverySlow",
            Severity.MEDIUM,
            60.0,
            f"{DELIVERY_SECONDS} > {number_text(allowed)}",
            "Messages by {{ $labels.integration }} take too long",
            "from evaluation to delivery it takes {{ $value | humanizeDuration }} on average",
            f"at most {duration_text(allowed)}, `for` excluded: the delivery budget counts with it",
            ("Compare its parts: evaluation, handover, sending.", "Look how fast the other side answers."),
        ),
    )


def _increase(counter: str, by: str = "job, instance", window: float = 300.0) -> str:
    return f"sum by ({by}) (\n  increase({counter}[{duration_text(window)}])\n) > 0"
