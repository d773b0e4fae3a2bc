"""A Prometheus beside the example: it finds the nodes, scrapes Ray itself, and judges by the checkout's rules."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30.0


def configuration(exporter_port: int, ray_port: int, service: str) -> dict[str, object]:
    """As in docs/instrumentation/ray-serve.md, for one machine."""
    return {
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"},
        "rule_files": [str(CHECKOUT / "rules" / "*.rules.yaml")],
        "scrape_configs": [
            {
                "job_name": "extractors",
                "honor_labels": True,
                "scrape_protocols": ["PrometheusProto", "OpenMetricsText1.0.0", "PrometheusText0.0.4"],
                "always_scrape_classic_histograms": True,
                "http_sd_configs": [{"url": f"http://127.0.0.1:{exporter_port}/targets", "refresh_interval": "5s"}],
                "relabel_configs": [{"target_label": "service", "replacement": service}],
            },
            {
                "job_name": "ray",
                "static_configs": [{"targets": [f"127.0.0.1:{ray_port}"], "labels": {"service": service}}],
            },
        ],
    }


def _binary() -> str:
    """The Prometheus that `make tools` finds or fetches."""
    argv = [sys.executable, "-m", "featurewatch.cli", "tools", "--json"]
    answer = subprocess.run(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - ours
    if answer.returncode:
        raise RuntimeError("`make tools` says why there is no Prometheus")
    return next(str(tool["path"]) for tool in json.loads(answer.stdout) if tool["name"] == "prometheus")


@contextmanager
def running(folder: Path, port: int, config: dict[str, object]) -> Iterator[str]:
    """Its address. RuntimeError when there is no Prometheus, none can be fetched, or it does not start."""
    binary = _binary()
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (folder / "prometheus.yaml").write_text(json.dumps(config, indent=2), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    argv = [
        str(binary),
        "--config.file=prometheus.yaml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=native-histograms",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log)  # noqa: S603 - found by ourselves
        try:
            _wait(process, f"{address}/-/ready", folder / "prometheus.log")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < end:
        try:
            opener.open(ready, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Prometheus did not start; see {log}")
