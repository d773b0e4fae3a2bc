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
        "prometheus_target_scrapes_exceeded_sample_limit_total",
    }
)
"""Prometheus 3.5."""

PROMETHEUS_AT_WORK: Final = frozenset(
    {
        *("prometheus_notifications_latency_seconds_sum", "prometheus_notifications_latency_seconds_count"),
        "prometheus_remote_storage_highest_timestamp_in_seconds",
        "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
    }
)
"""Those of its series that are there from the first alert sent, and where `remote_write` is configured."""

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
        *("node_pressure_memory_waiting_seconds_total", "node_time_seconds", "node_vmstat_oom_kill"),
    }
)
"""node_exporter 1.9 and newer, on Linux, with the collectors that are on by default."""

RAY_SERVE_LATENCIES: Final = (
    "ray_serve_deployment_processing_latency_ms",
    "ray_serve_http_request_latency_ms",
    "ray_serve_request_router_fulfillment_time_ms",
)
"""Ray Serve's histograms of requests, in milliseconds."""

RAY_SERVE_EDGES_MS: Final = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0),
    *(1000.0, 2000.0, 5000.0, 10_000.0, 60_000.0, 120_000.0, 300_000.0, 600_000.0),
)
"""Their edges, unless the cluster is started with others (RAY_SERVE_REQUEST_LATENCY_BUCKETS_MS)."""

RAY_SERVE: Final = frozenset(
    {
        *("ray_serve_num_http_requests_total", "ray_serve_num_http_error_requests_total"),
        *("ray_serve_deployment_request_counter_total", "ray_serve_deployment_error_counter_total"),
        *("ray_serve_deployment_queued_queries", "ray_serve_num_ongoing_requests_at_replicas"),
        *("ray_serve_deployment_replica_healthy", "ray_serve_deployment_replica_starts_total"),
        *("ray_serve_deployment_status", "ray_serve_application_status", "ray_serve_proxy_status"),
        *("ray_serve_replica_processing_queries", "ray_serve_replica_utilization_percent"),
        "ray_serve_autoscaling_target_replicas",
        *(f"{metric}{suffix}" for metric in RAY_SERVE_LATENCIES for suffix in HISTOGRAM_SUFFIXES),
    }
)
"""Ray Serve 2.60, as each node's agent exports them. The counter of requests counts successes only, and that of errors
is not there before the first one."""

EDGES: Final[dict[str, tuple[float, ...]]] = {
    names.EXTRACTION_DURATION: names.DURATION_EDGES_SECONDS,
    names.STAGE_DURATION: names.DURATION_EDGES_SECONDS,
    names.EXTRACTION_PAYLOAD: names.PAYLOAD_EDGES_BYTES,
    names.CACHE_OPERATION_DURATION: names.CACHE_EDGES_SECONDS,
    names.BATCH_DURATION: names.DURATION_EDGES_SECONDS,
    names.BATCH_SIZE: names.BATCH_SIZE_EDGES,
    names.BATCH_WAIT: names.DURATION_EDGES_SECONDS,
    names.BATCH_UTILISATION: names.RATIO_EDGES,
    **dict.fromkeys(RAY_SERVE_LATENCIES, RAY_SERVE_EDGES_MS),
}
"""Upper bucket edges of histograms, in the metric's own unit. A share is exact at an edge only, so an objective may
draw its limit there alone."""

THIRD_PARTY: Final = SYNTHETIC | PROMETHEUS | PROMETHEUS_AT_WORK | ALERTMANAGER | NODE_EXPORTER | RAY_SERVE


def own() -> frozenset[str]:
    """Every series that featurewatch exports."""
    metrics = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and value.startswith(PREFIX)
    }
    parts = {f"{metric}{suffix}" for metric in names.HISTOGRAMS for suffix in HISTOGRAM_SUFFIXES}
    return frozenset(metrics | parts)
