"""Dashboard, alert rules, runbook and reference name what is there, and all of it.

No Prometheus and no Grafana are needed: the files are read as YAML and JSON, the metrics from a running API.
"""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.settings import Settings
from entrypoints.web.http.metrics import reference
from tests.alerts.causes import CAUSES
from tests.alerts.runbook import companions
from tests.api import running_api

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
DASHBOARD = cast(dict[str, Any], json.loads((OPS / "grafana/dashboards/order-engine.json").read_text()))
RULES = [
    cast(dict[str, Any], rule)
    for group in yaml.safe_load((OPS / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PROMETHEUS = yaml.safe_load((OPS / "prometheus/prometheus.yml").read_text())
RUNBOOK = {path.stem: path.read_text() for path in (ROOT / "docs/runbook").glob("*.md")}
# What Prometheus itself makes of a scrape, and what `process_*` is made of where there is a /proc.
NOT_OURS = {"up"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}
_WORD = re.compile(r"[a-z_]+[a-z0-9_]*")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in RULES)


def named(expression: str) -> set[str]:
    """Return the metrics of an expression: what is left of it without its labels, texts, times and functions."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|without) \([^)]*\)", " ", expression)
    functions = set(re.findall(r"([a-z_0-9]+)\s*\(", bare))
    return set(_WORD.findall(bare)) - functions - {"and", "or", "unless", "by"}


def labelled(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the metrics of an expression that are picked by labels, and which labels those are."""
    for name, labels in re.findall(r"([a-z_0-9]+)\{([^}]*)\}", expression):
        yield name, set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', labels)))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def exposed() -> dict[str, set[str]]:
    """Every series' name that a real API tells after an order, with the labels that it has."""
    async with running_api() as api:
        order_id = await api.submit()
        await api.engine.execute(order_id)
        await api.watch(order_id)
        text = (await api.operations.get("/metrics")).text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for suffix in SUFFIXES[family.type]:
            found.setdefault(family.name + suffix, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_names_are_found_in_expressions() -> None:
    expression = 'sum by (le) (rate(a_total{b="c[5m] d"}[5m])) / max(e) > 0.1 or vector(0) unless f == 1'
    assert named(expression) == {"a_total", "e", "f"}
    assert list(labelled(expression)) == [("a_total", {"b"})]


@pytest.mark.asyncio(loop_scope="module")
async def test_every_metric_of_dashboard_and_rules_is_told(exposed: dict[str, set[str]]) -> None:
    used = set().union(*map(named, expressions()))
    assert len(used) > 30
    assert used - set(exposed) - NOT_OURS == set()


@pytest.mark.asyncio(loop_scope="module")
async def test_every_metric_is_on_the_dashboard(exposed: dict[str, set[str]]) -> None:
    shown = set().union(*(named(target["expr"]) for panel in panels() for target in panel["targets"]))
    ours = {name for name in exposed if name.startswith("order_engine_")}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}
    assert families - {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} == set()


@pytest.mark.asyncio(loop_scope="module")
async def test_labels_that_are_picked_exist(exposed: dict[str, set[str]]) -> None:
    given = {"job", "instance"}  # by Prometheus
    for expression in expressions():
        for name, labels in labelled(expression):
            known = exposed.get(name, set())
            # Without a series of that family in this run, as of sockets that were cut, nothing is known of its labels.
            assert name in NOT_OURS or name.startswith("process_") or not known or labels <= known | given, expression


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    home = {name: page for page, text in RUNBOOK.items() for name in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    assert {rule["alert"] for rule in RULES} == set(home)
    for rule in RULES:
        name = rule["alert"]
        place = f"runbook/{home[name]}.md#{name.lower()}"
        assert rule["annotations"]["runbook_url"] == "{{ $externalLabels.docs }}/" + place
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))


def test_an_alert_ends_soon_after_its_cause_or_says_how_long_it_shows() -> None:
    sections = dict(section.split("\n", 1) for text in RUNBOOK.values() for section in text.split("\n## ")[1:])
    shown = {"10m": "for 10 minutes", "15m": "for 15 minutes", "1h": "for an hour"}
    for rule in RULES:
        [*windows] = set(re.findall(r"\[(\w+):?\]", rule["expr"]))
        for window in windows:
            if minutes(window) > 2:
                assert f"It shows {shown[window]}" in sections[rule["alert"]], rule["alert"]
                assert "for" not in rule, rule["alert"]
            elif "for" in rule:  # else a burst that is over would fire it
                assert minutes(window) <= minutes(rule["for"]), rule["alert"]


def minutes(duration: str) -> float:
    return int(duration[:-1]) * {"s": 1 / 60, "m": 1, "h": 60}[duration[-1]]


def test_every_section_says_what_to_look_at_and_what_to_do() -> None:
    for section in "".join(RUNBOOK.values()).split("\n## ")[1:]:
        assert re.search(r"^Look: .", section, re.MULTILINE), section
        assert re.search(r"^Do: .", section, re.MULTILINE), section


def test_the_runbooks_first_page_leads_to_each_alert() -> None:
    listed = re.findall(r"\[(\w+)\]\(runbook/\w+\.md#\w+\)", (ROOT / "docs/runbook.md").read_text())
    assert sorted(listed) == sorted(rule["alert"] for rule in RULES)


def test_the_reference_is_what_the_code_declares() -> None:
    assert reference() in (ROOT / "docs/metrics.md").read_text()


def test_expressions_are_balanced() -> None:
    for expression in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing), expression


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    boxes = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    for one, other in combinations(boxes, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y
    assert all(box["x"] + box["w"] <= 24 for box in boxes)
    for panel in panels():
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "prometheus"


def test_grafana_finds_its_source_and_its_dashboard() -> None:
    [source] = yaml.safe_load((OPS / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")
    [provider] = yaml.safe_load((OPS / "grafana/provisioning/dashboards/order-engine.yml").read_text())["providers"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    folder = provider["options"]["path"]
    assert f"./ops/grafana/dashboards:{folder}:ro" in compose["grafana"]["volumes"]
    home = compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/order-engine.json"


def test_make_alerts_has_a_cause_for_each_alert() -> None:
    assert set(CAUSES) == {rule["alert"] for rule in RULES}


def test_alertmanager_keeps_back_what_the_runbook_says_comes_with_another_alert() -> None:
    file = yaml.safe_load((OPS / "alertmanager/alertmanager.yml").read_text())
    kept_back: dict[str, set[str]] = {}
    for rule in file["inhibit_rules"]:
        [source] = re.findall(r'alertname="(\w+)"', " ".join(rule["source_matchers"]))
        [targets] = re.findall(r'alertname=~?"([\w|]+)"', " ".join(rule["target_matchers"]))
        kept_back.setdefault(source, set()).update(targets.split("|"))
    assert kept_back == {alert: set(with_it.all) for alert, with_it in companions().items() if with_it.all}
    severities = {rule["labels"]["severity"] for rule in RULES}
    routed = {matcher for route in file["route"]["routes"] for matcher in route["matchers"]}
    assert routed == {'severity="critical"'}
    assert severities == {"critical", "warning"}


def test_prometheus_on_hosts_scrapes_the_same_jobs_at_the_ports_of_the_settings() -> None:
    hosts = yaml.safe_load((OPS / "prometheus/prometheus-hosts.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"] for job in hosts["scrape_configs"]}
    settings = Settings()
    assert jobs == {
        "order-engine-api": [{"targets": [f"127.0.0.1:{settings.operations_port}"]}],
        "order-engine-worker": [{"targets": [f"127.0.0.1:{settings.worker_http_port}"]}],
    }
    assert hosts["rule_files"] == PROMETHEUS["rule_files"]
    assert hosts["alerting"]["alert_relabel_configs"] == PROMETHEUS["alerting"]["alert_relabel_configs"]
    assert [list(config["global"]["external_labels"]) for config in (hosts, PROMETHEUS)] == [["docs"], ["docs"]]


def test_prometheus_scrapes_what_compose_runs() -> None:
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in PROMETHEUS["scrape_configs"]}
    assert {name: (found["names"], found["port"]) for name, found in jobs.items()} == {
        "order-engine-api": (["api"], 3003),
        "order-engine-worker": (["worker"], 3001),
    }
    [rules] = PROMETHEUS["rule_files"]
    assert (OPS / "prometheus" / rules).is_file()
