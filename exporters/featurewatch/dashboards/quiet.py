"""Texts of panels that may rightly be empty, each with the reason; any other panel that is empty is a fault."""

from __future__ import annotations

from typing import Final

NO_GPU: Final = "no GPU is watched"
NO_RAY: Final = "Ray Serve is not scraped"
NO_PROCESS: Final = "no process is watched"
NO_CONTAINER: Final = "no container limit"
NO_BATCH: Final = "no batches"
NO_FRESHNESS: Final = "nobody says how new the input is"
NO_PAYLOAD: Final = "nobody says how large the payloads are"
NO_WARMING: Final = "nothing was warmed"
NO_EVICTION: Final = "nothing was evicted"
NO_BUDGET: Final = "not enough history yet"
NO_PACE: Final = "not being spent"
NO_GROWTH: Final = "nothing grows"
NO_USUAL: Final = "not enough history to know what is usual"
NO_ALERT: Final = "no alert"
NO_DELIVERY: Final = "nothing was sent"
NO_HANDLING: Final = "nothing to hand over, or no responder"
NO_PUSH: Final = "nothing is pushed"
NO_PREVIEW: Final = "the preview is not scraped"
NO_REJECTION: Final = "nobody counts rejected requests"
NO_PRESSURE: Final = "the kernel does not tell"
NO_CACHE: Final = "no cache is watched"
NO_STAGE: Final = "no stages"
NO_BYTES: Final = "it counts entries, not bytes"
NO_PROGRESS: Final = "nobody counts what is in progress"
NO_SLOW: Final = "none was slower"
NO_FIRING: Final = "Nothing fires: nothing to do"
NO_HAPPENING: Final = "nothing happened"
NO_REFUSAL: Final = "nothing was refused"

REASONS: Final[dict[str, str]] = {
    NO_GPU: "most machines have no GPU, and its exporter runs only where one is",
    NO_RAY: "Ray Serve is one way to run an extractor, not the only one",
    NO_PROCESS: "the exporter of processes is started with the names to watch",
    NO_CONTAINER: "outside a container, or in one without limits, there are none to tell of",
    NO_BATCH: "an extractor that works on one request at a time has no batches",
    NO_FRESHNESS: "only the extractor knows how new its input is, and may not say",
    NO_PAYLOAD: "sizes are recorded where the caller gives them",
    NO_WARMING: "a cache that is not warmed has nothing that warming could be worth",
    NO_EVICTION: "a cache that fits everything evicts nothing",
    NO_BUDGET: "long windows are summed from short sums and begin when those have",
    NO_PACE: "with no bad event in the last hour a budget lasts for ever",
    NO_GROWTH: "a forecast needs half an hour of growth; what does not fill up is never full",
    NO_USUAL: "an anomaly is judged from half an hour of history on, a season from three days on",
    NO_ALERT: "no alert is what everybody wishes for",
    NO_DELIVERY: "how long sending takes is known once something was sent",
    NO_HANDLING: "what people did is known where the responder runs and something fired",
    NO_PUSH: "OTLP is one way out; most are scraped",
    NO_PREVIEW: "the preview's counters are scraped where that is configured",
    NO_REJECTION: "only those who answer requests themselves can reject any",
    NO_PRESSURE: "pressure and kills are told by newer kernels, where that is switched on",
    NO_CACHE: "an extractor may have no cache, or none that is watched",
    NO_BYTES: "a cache of objects in memory does not know their sizes",
    NO_PROGRESS: "whoever tells of an extraction when it has ended cannot tell when it began",
    NO_SLOW: "no slow extraction is what was promised",
    NO_FIRING: "no alert is what everybody wishes for",
    NO_HAPPENING: "nothing to mark is a calm time",
    NO_REFUSAL: "a counter by reason begins with the first refusal",
    NO_STAGE: "an extractor that measures no stages is one stage",
}


def reason(no_value: str) -> str:
    """Why a panel that says this may be empty; empty itself where it may not."""
    return REASONS.get(no_value, "")
