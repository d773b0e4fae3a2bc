"""Which metrics exist: ours as `names` spells them, and those of the programs beside us that rules and panels may use.

What is in no list is a phantom, a panel that stays empty for ever. The lists are short on purpose: whoever uses a new
metric of another program adds it here, having seen it exported.
"""

from __future__ import annotations

from typing import Final

from featurewatch import names

HISTOGRAM_SUFFIXES: Final = ("_bucket", "_count", "_sum")
PREFIX: Final = "featurewatch_"

SYNTHETIC: Final = frozenset(
    {
        *("ALERTS", "ALERTS_FOR_STATE"),
        *("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling"),
        "scrape_series_added",
    }
)
"""What Prometheus itself adds to what it scrapes and judges."""

PROMETHEUS: Final = frozenset(
    {
        *("prometheus_build_info", "prometheus_ready"),
        *("prometheus_config_last_reload_successful", "prometheus_config_last_reload_success_timestamp_seconds"),
        *("prometheus_notifications_alertmanagers_discovered", "prometheus_notifications_dropped_total"),
        *("prometheus_notifications_errors_total", "prometheus_notifications_queue_capacity"),
        *("prometheus_notifications_queue_length", "prometheus_notifications_sent_total"),
        *("prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total"),
        *("prometheus_rule_group_iterations_total", "prometheus_rule_group_last_duration_seconds"),
        *("prometheus_rule_group_interval_seconds", "prometheus_target_scrapes_sample_out_of_order_total"),
        *("prometheus_tsdb_head_samples_appended_total", "prometheus_tsdb_head_series"),
        *("prometheus_tsdb_storage_blocks_bytes", "prometheus_tsdb_wal_storage_size_bytes"),
    }
)
"""Prometheus 3.5."""

ALERTMANAGER: Final = frozenset(
    {
        *("alertmanager_alerts", "alertmanager_alerts_received_total", "alertmanager_alerts_invalid_total"),
        *("alertmanager_build_info", "alertmanager_config_last_reload_successful"),
        *("alertmanager_notifications_total", "alertmanager_notifications_failed_total"),
        *(f"alertmanager_notification_latency_seconds{suffix}" for suffix in HISTOGRAM_SUFFIXES),
        "alertmanager_silences",
    }
)
"""Alertmanager 0.28 and newer."""

NODE_EXPORTER: Final = frozenset(
    {
        *("node_boot_time_seconds", "node_cpu_seconds_total", "node_exporter_build_info"),
        *("node_disk_io_time_seconds_total", "node_disk_read_bytes_total", "node_disk_written_bytes_total"),
        *("node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
        *("node_load1", "node_load5", "node_load15"),
        *("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
        *("node_memory_SwapFree_bytes", "node_memory_SwapTotal_bytes"),
        *("node_network_receive_bytes_total", "node_network_transmit_bytes_total"),
        *("node_pressure_cpu_waiting_seconds_total", "node_pressure_io_waiting_seconds_total"),
        *("node_pressure_memory_waiting_seconds_total", "node_vmstat_oom_kill"),
    }
)
"""node_exporter 1.9 and newer, on Linux, with the collectors that are on by default."""

THIRD_PARTY: Final = SYNTHETIC | PROMETHEUS | ALERTMANAGER | NODE_EXPORTER


def own() -> frozenset[str]:
    """Every series that featurewatch exports."""
    metrics = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and value.startswith(PREFIX)
    }
    parts = {f"{metric}{suffix}" for metric in names.HISTOGRAMS for suffix in HISTOGRAM_SUFFIXES}
    return frozenset(metrics | parts)
