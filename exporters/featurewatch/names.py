"""Every metric, label, unit and bucket edge, spelled once.

Instrumentation, rules, panels and the responder import these names; a metric that a rule or a panel uses and that is
not declared here (or in the manifest of a third-party exporter) is a phantom, and `featurewatch check` refuses it.
Names follow the Prometheus conventions: base units, `_total` for counters, ratios between 0 and 1.
"""

from __future__ import annotations

from typing import Final, Literal

# --- labels -----------------------------------------------------------------------------------------------------
SERVICE: Final = "service"
EXTRACTOR: Final = "extractor"
SERVED_FROM: Final = "served_from"
OUTCOME: Final = "outcome"
ERROR_TYPE: Final = "error_type"
STAGE: Final = "stage"
INPUT: Final = "input"
DIRECTION: Final = "direction"
CACHE_NAME: Final = "cache"
OPERATION: Final = "operation"
RESULT: Final = "result"
BATCH: Final = "batch"
SIGNAL: Final = "signal"
METRIC: Final = "metric"
REASON: Final = "reason"
GPU: Final = "gpu"
UUID: Final = "uuid"
PRODUCT: Final = "product"
DRIVER: Final = "driver"
CLOCK: Final = "clock"
KIND: Final = "kind"
MIG: Final = "mig"
PROCESS: Final = "process"
VERSION: Final = "version"
APPLICATION: Final = "application"
DEPLOYMENT: Final = "deployment"
"""A Ray Serve application, and a deployment of it: on every series that a replica exports."""
STATUS: Final = "status"

ENVIRONMENT: Final = "environment"
"""Added by Prometheus to what leaves it (`external_labels`); its own series do not carry it."""
SEVERITY: Final = "severity"
OBJECTIVE: Final = "objective"
CATEGORY: Final = "category"
TEAM: Final = "team"
OWNER: Final = "owner"
ESCALATION_LEVEL: Final = "escalation_level"
"""On alerts that repeat another one at the next level of its policy: "2", "3", …"""
ALERTNAME: Final = "alertname"
ORIGINAL_ALERT: Final = "original_alert"
"""On an escalation level: the name of the alert that nobody has acknowledged."""
POLICY: Final = "policy"
LEVEL: Final = "level"
QUANTILE: Final = "quantile"
INCIDENT: Final = "incident"
MEMBER: Final = "member"
MEMBER_SEVERITY: Final = "member_severity"
"""On what silences the members of an incident: the name and the severity of the alert that it silences."""
CHANNEL: Final = "channel"
SOURCE: Final = "source"
ACTION: Final = "action"
TARGET: Final = "target"
MODE: Final = "mode"
STATE: Final = "state"
MAC: Final = "mac"

# --- label values -----------------------------------------------------------------------------------------------
ServedFrom = Literal["compute", "cache", "fallback"]
"""Where the features of a successful extraction came from. A failed one was served from nowhere: `none`."""

COMPUTE: Final = "compute"
CACHE: Final = "cache"
FALLBACK: Final = "fallback"
NOWHERE: Final = "none"

SUCCESS: Final = "success"
ERROR: Final = "error"
CANCELLED: Final = "cancelled"
"""The caller went away. It says nothing about the extractor, so it counts neither as success nor as error."""

OTHER: Final = "other"
"""The label value that takes whatever lies beyond a cardinality cap."""

EXTRACTION_SERIES: Final[tuple[tuple[str, str], ...]] = (
    (COMPUTE, SUCCESS),
    (CACHE, SUCCESS),
    (FALLBACK, SUCCESS),
    (NOWHERE, ERROR),
    (NOWHERE, CANCELLED),
)
"""The (served_from, outcome) pairs that exist. All are exported from the start, at 0, so that no increase is missed."""

# --- metrics ----------------------------------------------------------------------------------------------------
EXTRACTION_DURATION: Final = "featurewatch_extraction_duration_seconds"
"""Histogram {service, extractor, served_from, outcome}: how long extractions took, by monotonic clock."""

EXTRACTION_ERRORS: Final = "featurewatch_extraction_errors_total"
"""Counter {service, extractor, error_type}: failed extractions by exception class, capped (`other`)."""

EXTRACTIONS_IN_PROGRESS: Final = "featurewatch_extractions_in_progress"
"""Gauge {service, extractor}: extractions that have begun and not ended."""

STAGE_DURATION: Final = "featurewatch_stage_duration_seconds"
"""Histogram {service, extractor, stage}: how long a stage of an extraction took, whether it succeeded or not."""

STAGE_ERRORS: Final = "featurewatch_stage_errors_total"
"""Counter {service, extractor, stage}: stages that an exception left. A cancellation is none."""

NEWEST_INPUT: Final = "featurewatch_newest_input_timestamp_seconds"
"""Gauge {service, extractor, input}: Unix time of the newest input; its age is `time()` minus this."""

EXTRACTION_PAYLOAD: Final = "featurewatch_extraction_payload_bytes"
"""Histogram {service, extractor, direction}: sizes of what came in (`input`) and went out (`output`), where given."""

CACHE_OPERATION_DURATION: Final = "featurewatch_cache_operation_duration_seconds"
"""Histogram {service, cache, operation, result}: how long the cache took, as its user sees it."""

CACHE_LOOKUPS: Final = "featurewatch_cache_lookups_total"
"""Counter {service, cache, result}: keys that were looked up, as `hit` or `miss`; several at once count one by one."""

CACHE_EVICTIONS: Final = "featurewatch_cache_evictions_total"
"""Counter {service, cache, reason}: entries that left: `capacity`, `expired`, `deleted`, `cleared`."""

CACHE_ENTRIES: Final = "featurewatch_cache_entries"
"""Gauge {service, cache}: entries kept now, those that have expired unnoticed included. NaN while unknown."""

CACHE_CAPACITY: Final = "featurewatch_cache_capacity_entries"
"""Gauge {service, cache}: entries that fit."""

CACHE_SIZE: Final = "featurewatch_cache_size_bytes"
"""Gauge {service, cache}: bytes kept now. NaN while unknown."""

CACHE_CAPACITY_BYTES: Final = "featurewatch_cache_capacity_bytes"
"""Gauge {service, cache}: bytes that fit."""

CACHE_FILL: Final = "featurewatch_cache_fill_ratio"
"""Gauge {service, cache}: what is kept over what fits. NaN without a limit."""

CACHE_EFFICIENCY: Final = "featurewatch_cache_efficiency_ratio"
"""Gauge {service, cache}: hit ratio of the last five minutes times fill ratio. NaN without look-ups or a limit."""

CACHE_WARMED: Final = "featurewatch_cache_warmed_total"
"""Counter {service, cache}: entries that were put there by warming."""

CACHE_WARMED_USED: Final = "featurewatch_cache_warmed_used_total"
"""Counter {service, cache}: of these, the entries that were hit at least once. Their share is what warming is worth."""

BATCH_DURATION: Final = "featurewatch_batch_duration_seconds"
"""Histogram {service, batch, outcome}: how long batches took; outcome `late` for those reaped before they ended."""

BATCH_SIZE: Final = "featurewatch_batch_size_items"
"""Histogram {service, batch, outcome}: items per batch. The rate of its sum is the throughput in items per second."""

BATCH_WAIT: Final = "featurewatch_batch_wait_seconds"
"""Histogram {service, batch}: how long items waited for their batch to begin."""

BATCH_UTILISATION: Final = "featurewatch_batch_utilisation_ratio"
"""Histogram {service, batch}: items over the most that fit into a batch."""

BATCH_CAPACITY: Final = "featurewatch_batch_capacity_items"
"""Gauge {service, batch}: items that fit into a batch."""

BATCH_ERRORS: Final = "featurewatch_batch_errors_total"
"""Counter {service, batch, error_type}: failed batches by exception class, capped (`other`)."""

BATCHES_IN_PROGRESS: Final = "featurewatch_batches_in_progress"
"""Gauge {service, batch}: batches that have begun, and neither ended nor been reaped."""

BATCHES_REAPED: Final = "featurewatch_batches_reaped_total"
"""Counter {service, batch}: batches that had not ended after the longest time they were given."""

OBSERVATIONS_REFUSED: Final = "featurewatch_observations_refused_total"
"""Counter {service, extractor, reason}: durations that were NaN, infinite or negative.

Instead of `extractor`, those of a cache carry `cache`, and those of a batch `batch`. Those of a `NativeHistogram` carry
neither service nor extractor, but `metric`, its name.
"""

LABEL_VALUES_FOLDED: Final = "featurewatch_label_values_folded_total"
"""Counter {service, extractor}: observations whose label value went into `other` because of the cardinality cap.

Instead of `extractor`, those of a cache carry `cache`, and those of a batch `batch`.
"""

INTERNAL_ERRORS: Final = "featurewatch_internal_errors_total"
"""Counter {service}: errors inside featurewatch that were kept from the caller."""

PROCESSES: Final = "featurewatch_processes"
"""Gauge: living processes whose counts a scrape of a `MultiprocessRegistry` has added up."""

PROCESSES_ENDED: Final = "featurewatch_processes_ended_total"
"""Counter: processes that have ended and whose counts are kept."""

PROCESS_FILES_IGNORED: Final = "featurewatch_process_files_ignored"
"""Gauge {reason}: files (`damaged`) and series (`conflict`) in the shared folder that this scrape could not add up."""

REQUESTS_REJECTED: Final = "featurewatch_requests_rejected_total"
"""Counter {service, extractor, status}: requests answered with 4xx, the caller's fault; they are no extractions."""

BUILD_INFO: Final = "featurewatch_build_info"
"""Gauge {service, version}, always 1."""

RAY_REPLICAS_STARTED: Final = "featurewatch_ray_replicas_started_total"
"""Counter {service, application, deployment}: replicas that have begun to measure, restarts included."""

SERVICE_HOST: Final = "featurewatch_service_host_info"
"""Gauge {service}, always 1: this service runs on the machine that the exporter watches.

What belongs to a machine gets its service by `instance`: `featurewatch_service_host_info * on (instance) group_left ()
max by (instance) (featurewatch_gpu_utilisation_ratio)`.
"""

PROCESS_UP: Final = "featurewatch_process_up"
"""Gauge {process}: whether at least one process of this name runs."""

PROCESS_COUNT: Final = "featurewatch_process_count"
"""Gauge {process}: processes of this name."""

PROCESS_CPU: Final = "featurewatch_process_cpu_seconds_total"
"""Counter {process}: processor time of all that ran while they were watched, and of the children they waited for."""

PROCESS_MEMORY: Final = "featurewatch_process_memory_bytes"
"""Gauge {process, kind}: resident memory (`rss`), and what they share counted once (`pss`, where readable)."""

PROCESS_THREADS: Final = "featurewatch_process_threads"
"""Gauge {process}: threads."""

PROCESS_OPEN_FILES: Final = "featurewatch_process_open_files"
"""Gauge {process}: open file descriptors."""

PROCESS_OPEN_FILES_RATIO: Final = "featurewatch_process_open_files_ratio"
"""Gauge {process}: open file descriptors over the limit, of the process that is nearest to it."""

PROCESS_IO: Final = "featurewatch_process_io_bytes_total"
"""Counter {process, kind}: bytes `read` from and `written` to storage."""

PROCESS_SWITCHES: Final = "featurewatch_process_context_switches_total"
"""Counter {process, kind}: `voluntary` (it waited) and `involuntary` (it was pushed off the processor)."""

PROCESS_STARTED: Final = "featurewatch_process_start_timestamp_seconds"
"""Gauge {process}: Unix time at which the youngest of them started."""

CONTAINER_CPU_LIMIT: Final = "featurewatch_container_cpu_limit_cores"
"""Gauge: processors that the cgroup may use. Absent without a limit."""

CONTAINER_CPU: Final = "featurewatch_container_cpu_seconds_total"
"""Counter: processor time of the cgroup."""

CONTAINER_PERIODS: Final = "featurewatch_container_cpu_periods_total"
"""Counter: scheduling periods (usually 100 ms) in which the cgroup wanted to run."""

CONTAINER_THROTTLED_PERIODS: Final = "featurewatch_container_cpu_throttled_periods_total"
"""Counter: those in which it was stopped because its share was used up: each costs up to 100 ms of latency."""

CONTAINER_THROTTLED: Final = "featurewatch_container_cpu_throttled_seconds_total"
"""Counter: time for which it was stopped."""

CONTAINER_MEMORY: Final = "featurewatch_container_memory_bytes"
"""Gauge {kind}: memory of the cgroup, `used` (page cache included) and `working_set` (without what can be dropped)."""

CONTAINER_MEMORY_LIMIT: Final = "featurewatch_container_memory_limit_bytes"
"""Gauge: memory at which the cgroup's processes are killed. Absent without a limit."""

CONTAINER_OOM_KILLS: Final = "featurewatch_container_oom_kills_total"
"""Counter: processes of the cgroup that were killed for want of memory."""

CONTAINER_PRESSURE: Final = "featurewatch_container_pressure_seconds_total"
"""Counter {kind}: time in which some process of the cgroup waited for `cpu`, `memory` or `io`."""

GPU_DRIVER_UP: Final = "featurewatch_gpu_driver_up"
"""Gauge: 1 when NVML and the driver answer."""

GPU_DRIVER_PROBLEM: Final = "featurewatch_gpu_driver_problem"
"""Gauge {reason}, 1 while it lasts: NVML's error in lower case, such as `library_not_found`; or `timeout`."""

GPU_UP: Final = "featurewatch_gpu_up"
"""Gauge {gpu, uuid}: 1 when the GPU answers; 0 for one that was seen before and is lost."""

GPU_INFO: Final = "featurewatch_gpu_info"
"""Gauge {gpu, uuid, product, driver}, always 1."""

GPU_READ_FAILURES: Final = "featurewatch_gpu_read_failures_total"
"""Counter {gpu, uuid, reason}: values that the GPU has and could not be read, by NVML's error."""

GPU_UTILISATION: Final = "featurewatch_gpu_utilisation_ratio"
"""Gauge {gpu, uuid}: share of the driver's last sampling period in which a kernel ran. Absent on a MIG GPU."""

GPU_MEMORY_BUSY: Final = "featurewatch_gpu_memory_busy_ratio"
"""Gauge {gpu, uuid}: share of that period in which device memory was read or written."""

GPU_MEMORY_USED: Final = "featurewatch_gpu_memory_used_bytes"
"""Gauge {gpu, uuid}: device memory in use, the driver's own included."""

GPU_MEMORY_TOTAL: Final = "featurewatch_gpu_memory_total_bytes"
"""Gauge {gpu, uuid}: device memory there is."""

GPU_TEMPERATURE: Final = "featurewatch_gpu_temperature_celsius"
"""Gauge {gpu, uuid}: temperature of the chip."""

GPU_POWER: Final = "featurewatch_gpu_power_watts"
"""Gauge {gpu, uuid}: power drawn."""

GPU_POWER_LIMIT: Final = "featurewatch_gpu_power_limit_watts"
"""Gauge {gpu, uuid}: power at which the GPU slows itself down."""

GPU_ENERGY: Final = "featurewatch_gpu_energy_joules_total"
"""Counter {gpu, uuid}: energy used since the driver was loaded."""

GPU_CLOCK: Final = "featurewatch_gpu_clock_hertz"
"""Gauge {gpu, uuid, clock}: current clock: `graphics`, `sm`, `memory`, `video`."""

GPU_THROTTLED: Final = "featurewatch_gpu_throttled"
"""Gauge {gpu, uuid, reason}: 1 while the clocks are held down for this reason."""

GPU_ECC_ERRORS: Final = "featurewatch_gpu_ecc_errors_total"
"""Counter {gpu, uuid, kind}: memory errors in the GPU's life, `corrected` and `uncorrected`."""

GPU_PROCESSES: Final = "featurewatch_gpu_processes"
"""Gauge {gpu, uuid}: processes that use the GPU."""

GPU_PROCESS_MEMORY: Final = "featurewatch_gpu_process_memory_bytes"
"""Gauge {gpu, uuid, process}: device memory by name of the process, 20 names at most, then `other`."""

GPU_MIG: Final = "featurewatch_gpu_mig_enabled"
"""Gauge {gpu, uuid}: whether the GPU is partitioned. Absent on models that cannot be."""

GPU_MIG_MEMORY_USED: Final = "featurewatch_gpu_mig_memory_used_bytes"
"""Gauge {gpu, uuid, mig}: memory in use of one MIG instance."""

GPU_MIG_MEMORY_TOTAL: Final = "featurewatch_gpu_mig_memory_total_bytes"
"""Gauge {gpu, uuid, mig}: memory of one MIG instance."""

OTLP_ITEMS: Final = "featurewatch_otlp_items_total"
"""Counter {signal, result}: spans (`traces`), log records (`logs`) and pushes (`metrics`) that were `offered` to be
sent, were `sent`, or `failed`. Offered without the other two: what waits in the queue, or was pushed out of it.
"""

PREVIEW_QUERIES_ASKED: Final = "featurewatch_preview_queries_asked_total"
"""Counter: questions that readers of the preview had for Prometheus or the responder."""

PREVIEW_QUERIES_SENT: Final = "featurewatch_preview_queries_sent_total"
"""Counter: those that were really sent; the others were answered with what somebody else had just been told."""

# --- the responder -----------------------------------------------------------------------------------------------
ACKNOWLEDGED: Final = "featurewatch_acknowledged"
"""Gauge {alertname, service, extractor, severity}: 1 while somebody has the firing alert in hand, else 0."""

ALERT_STARTED: Final = "featurewatch_alert_started_timestamp_seconds"
"""Gauge {alertname, service, extractor, severity}: when the firing alert began, whatever was restarted since."""

RESPONDER_ALERTS_TAKEN: Final = "featurewatch_responder_alerts_taken_total"
"""Counter {source}: alerts in messages that were committed to the history."""

RESPONDER_MESSAGES_REFUSED: Final = "featurewatch_responder_messages_refused_total"
"""Counter {reason}: messages that were not taken; Alertmanager sends those again that had no fault of their own."""

RESPONDER_INCIDENTS: Final = "featurewatch_responder_incidents"
"""Gauge {severity}: incidents that last."""

RESPONDER_FIRINGS: Final = "featurewatch_responder_firings"
"""Gauge {alertname, severity}: how often an alert fired in the last day, repeats of Alertmanager not counted."""

RESPONDER_FLAPS: Final = "featurewatch_responder_flaps"
"""Gauge {alertname, severity}: those of the last day that began within ten minutes of the end of the one before."""

RESPONDER_NOISE: Final = "featurewatch_responder_noise_ratio"
"""Gauge {alertname, severity}: share of them that flapped, ended by themselves within five minutes, or were false."""

RESPONDER_ESCALATIONS: Final = "featurewatch_responder_escalations"
"""Gauge {level}: how often a level of a policy was reached in the last day."""

RESPONDER_TIME_TO_ACKNOWLEDGE: Final = "featurewatch_responder_time_to_acknowledge_seconds"
"""Gauge {quantile}: from the start of an alert until somebody took it in hand, of the last day."""

RESPONDER_TIME_TO_RESOLVE: Final = "featurewatch_responder_time_to_resolve_seconds"
"""Gauge {quantile}: from the start of an alert to its end, of the last day."""

RESPONDER_DELIVERY: Final = "featurewatch_responder_delivery_seconds"
"""Gauge {quantile}: from the start of an alert until Alertmanager's message was here, of the last day."""

RESPONDER_DEDUPE: Final = "featurewatch_responder_dedupe_ratio"
"""Gauge: share of what Alertmanager told in the last day that told nothing new."""

RESPONDER_FALSE_POSITIVES: Final = "featurewatch_responder_false_positive_ratio"
"""Gauge: share of the last day's alerts that people marked as false."""

RESPONDER_DATABASE_UP: Final = "featurewatch_responder_database_up"
"""Gauge: 1 when the database answered the last question; 0: what is exported of alerts is as it was before."""

# --- automatic repair --------------------------------------------------------------------------------------------
REPAIR_RUNS: Final = "featurewatch_repair_runs_total"
"""Counter {action, mode, outcome}: runs that ended, in a `mode` of `dry-run` or `real`, as `recovered`, `failed`, …"""

REPAIR_OPEN: Final = "featurewatch_repair_open"
"""Gauge {action, state}: runs that have not ended, such as those that are `waiting` for somebody's agreement."""

REPAIR_FAILURES: Final = "featurewatch_repair_failures"
"""Gauge {action}: real runs in a row that failed, since the last one that helped or since it was switched on again."""

REPAIR_SWITCHED_OFF: Final = "featurewatch_repair_switched_off"
"""Gauge {action}: 1 while it failed too often and nobody has switched it on again."""

REPAIR_HELD_BACK: Final = "featurewatch_repair_held_back"
"""Gauge {action, reason}, 1 while an alert wishes for it and a guard holds it back."""

REPAIR_REVERSALS: Final = "featurewatch_repair_reversals"
"""Gauge {target}: runs of the last hour that wished back what an earlier one of that hour had found."""

REPAIR_STOPPED: Final = "featurewatch_repair_stopped"
"""Gauge: 1 while somebody has stopped every action."""

AUDIT_ENTRIES: Final = "featurewatch_audit_entries"
"""Gauge: entries of the audit."""

AUDIT_HEAD: Final = "featurewatch_audit_head_info"
"""Gauge {mac}, always 1: the beginning of the last entry's HMAC, kept here where no database can change it."""

AUDIT_HOLDS: Final = "featurewatch_audit_holds"
"""Gauge: 1 when the last look found the audit whole; 0: it was changed, cut, or its anchor cannot be kept."""

HISTOGRAMS: Final[frozenset[str]] = frozenset(
    {
        EXTRACTION_DURATION,
        EXTRACTION_PAYLOAD,
        STAGE_DURATION,
        CACHE_OPERATION_DURATION,
        BATCH_DURATION,
        BATCH_SIZE,
        BATCH_WAIT,
        BATCH_UTILISATION,
    }
)
"""The metrics that are exported as `_bucket`, `_count` and `_sum`."""

# --- bucket edges -----------------------------------------------------------------------------------------------
DURATION_EDGES_SECONDS: Final[tuple[float, ...]] = (
    *(0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.09, 0.1),
    *(0.11, 0.12, 0.135, 0.15, 0.175, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5, 10.0),
)
"""Upper edges of the classic buckets, dense around the promise (100, 150, 200 ms).

A threshold is judged by the exact share of extractions beyond it, so it must be one of these; the compiler refuses
any other.
"""

CACHE_EDGES_SECONDS: Final[tuple[float, ...]] = (
    *(0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005),
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
"""From a look-up in memory (a microsecond) to a server that does not answer."""

PAYLOAD_EDGES_BYTES: Final[tuple[float, ...]] = tuple(float(4**power) for power in range(3, 14))
"""64 bytes to 64 MiB."""

BATCH_SIZE_EDGES: Final[tuple[float, ...]] = tuple(float(2**power) for power in range(13))
"""1 to 4,096 items."""

RATIO_EDGES: Final[tuple[float, ...]] = tuple(tenth / 10 for tenth in range(1, 11))
