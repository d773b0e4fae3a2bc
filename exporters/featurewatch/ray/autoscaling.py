"""Ray adds replicas while an objective is missed: a policy that asks Prometheus what the alert asks.

Queue lengths, which Ray's own policy goes by, say how busy replicas are. They do not say whether features arrive in
time: eight calls that share one core are no queue. This policy keeps Ray's as the base and adds replicas on top of it
while more extractions are slow than the objective allows.
"""

from __future__ import annotations

import math
from typing import Any

from ray.serve import autoscaling_policy
from ray.serve.config import AutoscalingContext

try:
    from ray.serve.autoscaling_policy import PrometheusQueryMixin
except ImportError as missing:
    raise ImportError("SlowShare needs a Ray that asks Prometheus: pip install 'ray[serve]>=2.60'") from missing

RELAXED = 0.5
"""Share of what is allowed below which replicas may go: between it and the limit, what is there stays."""


class SlowShare(PrometheusQueryMixin):  # type: ignore[misc]  # Ray is not typed
    """Scales a deployment by the share of its extractions that are too slow. For `AutoscalingConfig(policy=…)`:

        AutoscalingPolicy(policy_function=SlowShare, policy_kwargs={
            "query": 'max(service_extractor:extraction_latency_100ms:bad_ratio_rate1m{service="market-features"})',
            "allowed": 0.05, "prometheus_address": "http://127.0.0.1:9090"})

    With p95 < 100 ms promised, 0.05 is allowed. Above it, the deployment gets `step` times as many replicas as run now
    (at least one more); the next step follows when those are running and the share, in a new window, is still too
    large. At half of what is allowed and above, none are taken away; below, at most one at a time. Whenever
    Prometheus does not answer or has no data, Ray's own policy (`target_ongoing_requests`) decides alone.
    `min_replicas`, `max_replicas` and the delays of the `AutoscalingConfig` hold throughout.

    Args, all of which must be JSON:
        query: PromQL for one number, the share of slow extractions between 0 and 1: best the very series that the
            alert judges. It is evaluated every `fetch_interval_s`.
        allowed: the share that the objective allows, 1 - quantile.
        step: factor by which the replicas grow.
        settle_seconds: how long after a step the next one waits, beside Ray's own delays: the window of the query, so
            that what the new replicas achieve is seen before more are added.
        prometheus_address: `http://host:port`; else the environment variable RAY_PROMETHEUS_HOST of the controller.
        fetch_interval_s, cache_ttl_s: how often Ray asks, and for how long it believes the answer.
    """

    def __init__(
        self,
        query: str,
        allowed: float,
        step: float = 1.5,
        settle_seconds: float = 60.0,
        prometheus_address: str | None = None,
        fetch_interval_s: float = 5.0,
        cache_ttl_s: float = 15.0,
    ) -> None:
        if not 0 < allowed < 1:
            raise ValueError(f"allowed is a share between 0 and 1, such as 0.05 for a p95, found {allowed!r}")
        if not step > 1:
            raise ValueError(f"step must be above 1, found {step!r}")
        super().__init__(
            prometheus_address=prometheus_address,
            prometheus_queries=[query],
            fetch_interval_s=fetch_interval_s,
            cache_ttl_s=cache_ttl_s,
        )
        self.query = query
        self.allowed = allowed
        self.step = step
        self.settle_seconds = settle_seconds
        # Ray applies factors, bounds and delays to the policies it is given, but not to one inside of another.
        self._base = autoscaling_policy.replica_queue_length_autoscaling_policy

    def __call__(self, context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
        wanted, state = self._base(context)
        share = (self.prometheus_metrics or {}).get(self.query)
        if share is not None:
            wanted = replicas(
                share=share / self.allowed,
                running=context.current_num_replicas,
                target=context.target_num_replicas,
                base=wanted,
                step=self.step if self._settled(context) else 1.0,
            )
        return wanted, state

    def _settled(self, context: AutoscalingContext) -> bool:
        since = context.last_scale_up_time
        return since is None or (context.current_time or math.inf) - since >= self.settle_seconds


def replicas(share: float, running: int, target: int, base: float, step: float) -> float:
    """How many replicas there should be.

    `share` is that of slow extractions over what is allowed; `base` what the queues ask for. While replicas that were
    asked for are not running yet, no further ones are.
    """
    if share > 1 and running >= target:
        return max(base, target if step <= 1 else max(target + 1, math.ceil(target * step)))
    return max(base, target if share >= RELAXED else target - 1)
