"""Each alert is fired by its cause and by nothing else, ends with it or when the runbook says, and by no burst."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.causes import API, BEFORE, CAUSES, DURING, EVERYBODY, STEP_SECONDS, series
from tests.alerts.scaled import OPS

RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((OPS / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
FIRING = 'count by (alertname) (ALERTS{alertstate="firing"})'
MINUTES = {"s": 1 / 60, "m": 1, "h": 60}
SOON = 2.5  # minutes in which an alert ends that tells of a state
LASTS = DURING * STEP_SECONDS // 60


def minutes(duration: str) -> float:
    return int(duration[:-1]) * MINUTES[duration[-1]]


def shows(alert: str) -> float:
    """Return for how many minutes an alert looks back."""
    return max((minutes(found) for found in re.findall(r"\[(\w+):?\]", RULES[alert]["expr"])), default=0)


def at(minute: float, alerts: Iterable[str]) -> dict[str, Any]:
    """Expect exactly these alerts, so many minutes after the cause began."""
    seconds = round(BEFORE * STEP_SECONDS + minute * 60)
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts]
    return {"expr": FIRING, "eval_time": f"{seconds}s", "exp_samples": samples}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules without what only people read."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "alerts.yml").write_text((OPS / "prometheus/alerts.yml").read_text())
    return folder


def outcome(folder: Path, *tests: dict[str, Any]) -> str:
    """Have promtool run these; return what it says of failures."""
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": ["alerts.yml"], "evaluation_interval": "15s", "tests": list(tests)}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)  # noqa: S607 - `make alerts` puts it on PATH
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("alert", CAUSES)
def test_a_cause_fires_its_alert_alone_and_it_ends(rules: Path, alert: str) -> None:
    beside = {"NoApi": ["TargetDown"]}.get(alert, [])  # of two targets
    end = LASTS + max(SOON, shows(alert) + 0.5)
    fired = [at(LASTS - 1, [alert])] if not beside else []
    calm = [at(minute, []) for minute in (-20, -5, -1, end, end + 20)]
    lasting = [at(LASTS + SOON, [alert])] if shows(alert) > SOON else []
    expected = {
        "interval": "15s",
        "input_series": series(CAUSES[alert], DURING),
        "promql_expr_test": fired + calm + lasting,
    }
    assert outcome(rules, expected) == ""


@pytest.mark.parametrize("alert", [alert for alert in CAUSES if "for" in RULES[alert]])
def test_a_cause_that_is_soon_over_fires_nothing(rules: Path, alert: str) -> None:
    moment = max(1, round((minutes(RULES[alert]["for"]) - shows(alert)) * 60 / STEP_SECONDS) - 1)
    calm = [at(minute / 2, []) for minute in range(30)]
    expected = {"interval": "15s", "input_series": series(CAUSES[alert], moment), "promql_expr_test": calm}
    assert outcome(rules, expected) == ""


def test_one_process_that_keeps_dying_counts_and_a_release_that_restarts_all_does_not(rules: Path) -> None:
    ended = " ".join(f"{start}x19" for start in (1, 2, 3, 4, 4, 4, 4))  # every 5 minutes, with its two children
    of_parent = [{"series": f'process_start_time_seconds{{{API},process="{n}"}}', "values": ended} for n in range(3)]
    once = [{"series": f"process_start_time_seconds{{{who}}}", "values": "1x79 2x79"} for who in EVERYBODY[1:]]
    fired = [{"labels": '{alertname="ProcessesDie"}', "value": 1}]
    expected = [
        {"expr": FIRING, "eval_time": time, "exp_samples": samples}
        for time, samples in (("9m", []), ("16m", fired), ("21m", []), ("30m", []))
    ]
    others = [one for one in series({}, DURING) if "start_time" not in one["series"]]
    wrong = {"interval": "15s", "input_series": [*others, *of_parent, *once], "promql_expr_test": expected}
    assert outcome(rules, wrong) == ""


@pytest.mark.parametrize("file", ["prometheus.yml", "prometheus-hosts.yml"])
def test_prometheus_takes_its_files(file: str) -> None:
    subprocess.run(["promtool", "check", "config", OPS / "prometheus" / file], check=True)  # noqa: S607


def test_alertmanager_takes_its_file() -> None:
    subprocess.run(["amtool", "check-config", OPS / "alertmanager/alertmanager.yml"], check=True)  # noqa: S607
