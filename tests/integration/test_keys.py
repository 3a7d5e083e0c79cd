"""API keys on real servers: made by the command line, taken by the API, and refused soon after they are revoked."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen

from tests.api import ORDER
from tests.eventually import eventually
from tests.processes import finished, running


@frozen
class Engine:
    """An API whose clients need keys, and its command line."""

    url: str
    settings: dict[str, str]

    def keys(self, *arguments: str) -> Any:
        """Run a command that must succeed, and return its answer."""
        ended = finished("keys", *arguments, "--json", settings=self.settings)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def status(self, key: str, **order: object) -> int:
        """Send an order with a key; return the answer's status."""
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(f"{self.url}/api/orders/execute", json={**ORDER, **order}, headers=headers).status_code


@pytest.fixture
def engine(migrated_url: str, redis_db_url: str, tmp_path: Path) -> Iterator[Engine]:
    settings = {
        "POSTGRES_URL": migrated_url,
        "REDIS_URL": redis_db_url,
        "AUTH": "api-key",
        "KEY_PEPPER_FILE": str(tmp_path / "pepper"),
    }
    assert finished("keys", "create", "--owner", "first", settings=settings).returncode == 0  # makes the pepper
    with running("api", settings=settings) as process:
        yield Engine(process.url, settings)


async def test_a_keys_whole_life(engine: Engine) -> None:
    made = engine.keys("create", "--owner", "anna", "--name", "desk", "--scope", "orders:write", "--days", "1")
    assert (made["key"][:8], made["owner"], made["scopes"]) == ("oe_test_", "anna", ["orders:write"])
    assert engine.status(made["key"], userId="anna") == 202
    assert engine.status(made["key"], userId="bert") == 403
    assert engine.status(made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B"), userId="anna") == 401

    new = engine.keys("rotate", made["keyId"], "--overlap", "1")
    assert new["replaces"] == made["keyId"]
    assert [engine.status(one["key"], userId="anna") for one in (made, new)] == [202, 202]

    assert engine.keys("revoke", made["keyId"])["revokedAt"] is not None
    async with asyncio.timeout(5):
        await eventually(lambda: engine.status(made["key"], userId="anna") == 401)
    assert engine.status(new["key"], userId="anna") == 202

    listed = engine.keys("list")
    assert [(key["name"], key["revokedAt"] is None) for key in listed] == [
        ("first", True),
        ("desk", False),
        ("desk", True),
    ]
    text = finished("keys", "list", settings=engine.settings).stdout
    assert "desk" in text
    for secret in (made["key"], new["key"]):
        assert secret not in text + json.dumps(listed)


async def test_its_last_use_is_written_meanwhile(engine: Engine) -> None:
    made = engine.keys("create", "--owner", "anna")
    assert engine.status(made["key"], userId="anna") == 202
    async with asyncio.timeout(10):
        await eventually(lambda: engine.keys("list")[-1]["lastUsedAt"] is not None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--owner", " "), "must not be blank"),
        (("create", "--owner", "a", "--scope", "everything"), "must be of orders:read"),
        (("create", "--owner", "a", "--network", "10.0.0.1/8"), "must be addresses"),
        (("create", "--owner", "a", "--name", "a\x1bb"), "must not contain control characters"),
        (("create", "--owner", "a", "--days", "0"), "it would have expired already"),
        (("revoke", "x"), "There is no such key"),
        (("rotate", "00000000-0000-4000-8000-000000000000"), "There is no such key"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    migrated_url: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    pepper = str(tmp_path / "pepper")
    ended = finished("keys", *arguments, settings={"POSTGRES_URL": migrated_url, "KEY_PEPPER_FILE": pepper})
    assert ended.returncode in (1, 2)
    assert said in " ".join(ended.stderr.replace("│", " ").split())
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "command", [("api",), ("worker",), ("migrate",), ("keys", "list"), ("queue", "counts"), ("dev",)]
)
def test_every_start_is_refused_that_is_not_safe(command: tuple[str, ...]) -> None:
    far = {
        "POSTGRES_URL": "postgresql://u:hunter2@192.0.2.7/db",
        "REDIS_URL": "redis://:hunter2@192.0.2.7",
        "HOST": "0.0.0.0",  # noqa: S104 - it is refused
    }
    ended = finished(*command, settings=far)
    assert ended.returncode == 2
    for waiver in ("no-auth", "plain-postgres", "plain-redis"):
        assert f"ORDER_ENGINE_INSECURE={waiver}" in ended.stderr
    assert "hunter2" not in ended.stderr


def test_a_pepper_that_others_may_read_ends_the_start(migrated_url: str, redis_db_url: str, tmp_path: Path) -> None:
    pepper = tmp_path / "pepper"
    pepper.write_text("x" * 64)
    settings = {"POSTGRES_URL": migrated_url, "REDIS_URL": redis_db_url, "AUTH": "api-key", "PORT": "0"}
    for mode in (0o644, None):
        if mode is None:
            pepper.unlink()
        else:
            pepper.chmod(mode)
        ended = finished("api", settings={**settings, "KEY_PEPPER_FILE": str(pepper)})
        assert ended.returncode == 2
        assert "ORDER_ENGINE_KEY_PEPPER_FILE" in ended.stderr
        assert ended.stderr.count("\n") <= 2
