"""promtool tests of the chain's own alerts: for each, series at its limit, over it and back, told step by step.

Every series is given twice, with another value of a label that no rule speaks of: a rule that picks the wrong one of
them, or does not put them together, shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.rules import repair_cases
from featurewatch.rules.build import EXTRACTORS_JOB
from featurewatch.rules.cases import Case, Desk, series
from featurewatch.rules.chain_delivery_cases import DeliveryCase
from featurewatch.rules.chain_probe import ASIDE, PROMETHEUS, Labels, Probe, firing, twice
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import Plan

NODE = {"job": "node", "instance": "node:9100"}


def cases(plan: Plan, group: Group) -> Iterator[tuple[float, Case]]:
    """All cases of the chain, each with the seconds between its evaluations."""
    service = plan.objectives.service
    alerts = {alert.name: alert for alert in group.alerts}
    for probe in probes(service):
        step = probe.step or group.interval
        yield step, _case(Desk(service, step), alerts[probe.alert], probe)
    yield group.interval, DeliveryCase(plan, Desk(service, group.interval), alerts["DeliverySlow"]).case()


def probes(service: str) -> tuple[Probe, ...]:
    """One for each way in which each alert fires."""
    slack = {"integration": "slack", "reason": "serverError"}
    rules = {"rule_group": "extraction"}
    return (
        Probe(
            "ScrapeFailing",
            "a target beside the extractors is down for two minutes; the extractor's own alert tells of that one",
            (
                ("up", {**NODE, ASIDE: "a"}, "1x3 0x12 1x5"),
                ("up", {**NODE, ASIDE: "b"}, "1x30"),
                ("up", {"job": EXTRACTORS_JOB, "instance": "extractor:8000", names.SERVICE: service}, "0x30"),
            ),
            NODE,
            {12: "0", 16: "0"},
            (3, 11, 17),
        ),
        Probe(
            "TargetFlapping",
            "five changes in ten minutes, then the sixth",
            (("up", {**NODE, ASIDE: "a"}, "1x5 0 1 0 1 0x4 1x60"), ("up", {**NODE, ASIDE: "b"}, "1x30 0x60")),
            NODE,
            {15: "6", 44: "6"},
            (14, 45),
        ),
        Probe(
            "SampleLimitNear",
            "at four fifths of the limit, then one sample over",
            twice("scrape_samples_post_metric_relabeling", NODE, "16000x10 16001x12 16000x3", "5x30"),
            NODE,
            {19: "16k", 23: "16k"},
            (10, 18, 24),
        ),
        _counted("SampleLimitExceeded", "prometheus_target_scrapes_exceeded_sample_limit_total", PROMETHEUS),
        Probe(
            "ClockSkew",
            "a second fast, then a little more slow",
            twice("node_time_seconds", NODE, "1+15x10 163.95+15x8 300+15x5", "0.5+15x30"),
            NODE,
            {15: "1.05s", 19: "1.05s"},
            (10, 14, 20),
        ),
        Probe(
            "SeriesGrowing",
            "one and a half times as many as an hour ago, then one more",
            twice("prometheus_tsdb_head_series", PROMETHEUS, "10000x60 14000x179 15000x10 15001x40 10000x5", "10x400"),
            PROMETHEUS,
            {272: "15k", 292: "15k"},
            (251, 271, 293),
        ),
        Probe(
            "SeriesGrowing",
            "so few series that their growth is no news, then enough",
            twice("prometheus_tsdb_head_series", PROMETHEUS, "6000x60 9999x9 10000x9 6000x2", "10x100"),
            PROMETHEUS,
            {76: "10k", 80: "10k"},
            (70, 75, 81),
            step=60.0,
        ),
        Probe(
            "RemoteWriteBehind",
            "two minutes behind, then a second more",
            (
                *twice("prometheus_remote_storage_highest_timestamp_in_seconds", PROMETHEUS, "0+15x40", "5x40"),
                *twice(
                    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
                    {**PROMETHEUS, "remote_name": "archive"},
                    "-120+15x10 44+15x12 360+15x5",
                    "-1000x40",
                ),
                *_other_prometheus({**PROMETHEUS, "job": "another"}),
                *_other_prometheus({**PROMETHEUS, "instance": "another:9090"}),
            ),
            {**PROMETHEUS, "remote_name": "archive"},
            {19: "2m 1s", 23: "2m 1s"},
            (10, 18, 24),
        ),
        _counted("RuleEvaluationFailing", "prometheus_rule_evaluation_failures_total", rules),
        Probe(
            "RuleEvaluationSlow",
            "at four fifths of the interval, then over",
            (
                *twice("prometheus_rule_group_last_duration_seconds", rules, "0.8x10 0.81x12 0.1x3", "0.05x30"),
                *twice("prometheus_rule_group_interval_seconds", rules, "1x40", "0.5x40"),
            ),
            rules,
            {19: "810ms", 23: "810ms"},
            (10, 18, 24),
        ),
        _counted("RuleEvaluationMissed", "prometheus_rule_group_iterations_missed_total", rules),
        *(
            Probe(
                "ConfigurationReloadFailed",
                f"{job} refuses its configuration for two minutes",
                twice(f"{job}_config_last_reload_successful", {"job": job, "instance": job}, "1x3 0x8 1x3", "1x30"),
                {"job": job, "instance": job},
                {8: "0", 12: "0"},
                (3, 7, 13),
            )
            for job in ("prometheus", "alertmanager")
        ),
        Probe(
            "AlertmanagerMissing",
            "one is known, then none",
            twice("prometheus_notifications_alertmanagers_discovered", PROMETHEUS, "1x3 0x8 1x3", "5x30"),
            PROMETHEUS,
            {8: "0", 12: "0"},
            (3, 7, 13),
        ),
        Probe(
            "AlertmanagerUnreachable",
            "it takes no alert for two minutes",
            twice(
                "prometheus_notifications_errors_total",
                {"alertmanager": "http://alertmanager:9093/api/v2/alerts"},
                "0x5 1+1x7 8x10",
                "0x8 1+1x4 5x10",
            ),
            {"alertmanager": "http://alertmanager:9093/api/v2/alerts"},
            {10: "6", 15: "2.667"},
            (5, 9, 16),
        ),
        _counted("NotificationsDropped", "prometheus_notifications_dropped_total", PROMETHEUS),
        _counted("NotificationsFailing", "alertmanager_notifications_failed_total", slack),
        *repair_cases.probes(),
    )


def _counted(alert: str, counter: str, labels: Labels) -> Probe:
    """Nothing, one event of one series, one of the other, nothing for as long as the rule looks back."""
    told = "no event, one, another, and none in the last five minutes"
    given = twice(counter, labels, "0x25 1x40", "0x26 1x40")
    return Probe(alert, told, given, labels, {26: "1", 27: "2", 45: "1"}, (25, 46))


def _other_prometheus(labels: Labels) -> tuple[tuple[str, Labels, str], ...]:
    """Whose remote write keeps up."""
    return (
        ("prometheus_remote_storage_highest_timestamp_in_seconds", labels, "0+15x40"),
        (
            "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
            {**labels, "remote_name": "archive"},
            "0+15x40",
        ),
    )


def _case(desk: Desk, alert: Alert, probe: Probe) -> Case:
    looks = {step: firing(alert, probe.labels, value) for step, value in probe.firing.items()}
    looks |= {step: [] for step in probe.silent}
    return desk.case(
        f"{alert.name}: {probe.told}",
        [series(metric, tuple(labels.items()), values) for metric, labels, values in probe.given],
        [desk.look(step, alert.name, looks[step]) for step in sorted(looks)],
    )
