"""The files in ops/ as they are, but that time is short in them: what takes 12 minutes there takes one here."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
FASTER = 12
DOCS_URL = "https://git.example.com/order-engine/docs"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def seconds(duration: str) -> float:
    """Return how long a duration of the files takes here."""
    return timedelta(**{_UNITS[duration[-1]]: int(duration[:-1])}).total_seconds() / FASTER


def prometheus(folder: Path, targets: dict[str, list[str]], alertmanager: str) -> Path:
    """Write Prometheus' files; `targets` are the addresses of each job."""
    rules = (OPS / "prometheus/alerts.yml").read_text()
    rules = re.sub(r"(?<=\[)\d+[smh](?=:?\])|(?<=for: )\d+[smh]", lambda found: _short(found[0]), rules)
    (folder / "alerts.yml").write_text(rules)
    config = _read(OPS / "prometheus/prometheus-hosts.yml")
    for name in ("scrape_interval", "evaluation_interval"):
        config["global"][name] = _short(config["global"][name])
    config["global"]["external_labels"] = {"docs": DOCS_URL}
    config["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [alertmanager]}]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
    return _written(folder / "prometheus.yml", config)


def alertmanager(folder: Path, receiver_url: str) -> Path:
    """Write Alertmanager's file, all of whose receivers are at `receiver_url`."""
    config = _read(OPS / "alertmanager/alertmanager.yml")
    for route in (config["route"], *config["route"]["routes"]):
        for name in ("group_wait", "group_interval", "repeat_interval"):
            if name in route:
                route[name] = _short(route[name])
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{receiver_url}/{receiver['name']}"}]
    return _written(folder / "alertmanager.yml", config)


def _short(duration: str) -> str:
    return f"{round(seconds(duration) * 1000)}ms"


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(file.read_text()))


def _written(file: Path, config: dict[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(config))
    return file
