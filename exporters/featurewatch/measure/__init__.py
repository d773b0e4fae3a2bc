"""Measuring inside the process: what an extractor's code touches, and how it reaches Prometheus.

`ExtractionMonitor` (monitor) appends durations to a `Histogram` (histogram) of a `Registry` (registry); a scrape folds
the buffers and writes them down (exposition, scrape), over ASGI (metrics_app) or a small server (metrics_server).
Everything here needs the standard library only.
"""
