"""A whole objectives.yaml for tests: the one at the root belongs to the user, who may change it."""

from __future__ import annotations

import yaml

from featurewatch.yaml_text import dump

TEXT = """\
version: featurewatch/v1

service: market-features # the label `service` of every series and alert
team: feature-platform
environment: demo

traffic:
  minimum: 40/s # the quietest rate at which a ratio still means something; decides how far the rules look back

delivery:
  budget: 15s # from the first bad extraction to the message, severity critical; decides every interval

retention: 35d

links:
  dashboards: http://127.0.0.1:3000/d
  runbooks: http://127.0.0.1:3000/runbooks

objectives:
  - name: extraction-latency
    kind: quantile
    title: 95 % of extractions are faster than the limit
    alert: ExtractionTooSlow
    category: latency
    quantile: 0.95
    of: extraction_duration
    limits:
      - { above: 100ms, severity: high }
      - { above: 150ms, severity: critical }
    first_steps:
      - Look which source got slow (compute, cache, fallback) on the dashboard.
      - Compare with the cache hit ratio and with CPU saturation of the same minutes.
      - If one deployment changed in the last hour, roll it back.

  - name: cache-hit-ratio
    kind: ratio
    title: Extractions served from the cache
    alert: CacheHitRatioLow
    category: cache
    good: served_from_cache
    limits:
      - { below: 85%, severity: medium }
    first_steps:
      - Look whether the cache was emptied or restarted.
      - Compare its capacity and time to live with the number of distinct requests.

  - name: fallback-ratio
    kind: ratio
    title: Extractions served by the fallback
    alert: FallbackRatioHigh
    category: fallback
    bad: served_from_fallback
    limits:
      - { above: 5%, severity: medium }
    first_steps:
      - Read the log of the main extractor for the error or the time-out that sends work to the fallback.
      - Check the data source that the main extractor reads.

  - name: error-ratio
    kind: ratio
    title: Failed extractions
    alert: ErrorRatioHigh
    category: errors
    bad: failed
    limits:
      - { above: 0.1%, severity: high }
    first_steps:
      - Look at featurewatch_extraction_errors_total by error_type.
      - Find the first stack trace of that type in the log.

  - name: extractor-up
    kind: presence
    title: The extractor answers
    alert: ExtractorDown
    category: availability
    of: target
    limits:
      - { absent_for: 10s, severity: critical }
    first_steps:
      - See whether the process runs and what its log says last.
      - Restart it, or move traffic away from the host.

  - name: extraction-data
    kind: presence
    title: The extractor measures extractions
    alert: ExtractionDataAbsent
    category: availability
    of: events
    limits:
      - { absent_for: 30s, severity: high }
    first_steps:
      - See whether requests reach the extractor at all.
      - Open its /metrics and look for featurewatch_extraction_duration_seconds.

notify:
  critical: [pagerduty, slack, email, webhook]
  high: [slack, email]
  medium: [email]
  low: []

  email:
    to: [oncall@example.org]
    from: featurewatch@example.org
    smarthost: inbox:2525
    require_tls: false # the local inbox speaks no TLS; leave this line out for a real relay
    username: featurewatch
    password_file: secrets/smtp_password
  slack:
    channel: "#feature-alerts"
    api_url_file: secrets/slack_api_url
  pagerduty:
    routing_key_file: secrets/pagerduty_routing_key
    url: http://inbox:8025/v2/enqueue # leave this line out for PagerDuty itself
  webhook:
    url_file: secrets/webhook_url
"""


def acting(text: str, actions: str) -> str:
    """A file that has a responder, with these targets and actions in place of its own."""
    content = {key: value for key, value in yaml.safe_load(text).items() if key not in ("targets", "actions")}
    content["responder"]["audit_key_file"] = "secrets/audit_key"
    return dump(content) + actions
