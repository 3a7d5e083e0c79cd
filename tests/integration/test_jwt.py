"""Tokens on a real engine: good while their key is in its file, from programs and from the command line."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from attrs import frozen
from websockets import ConnectionClosed
from websockets.sync.client import connect

from tests.api import ORDER
from tests.eventually import eventually
from tests.processes import EngineProcess, finished, running
from tests.tokens import AUDIENCE, ISSUER, Signer, claims, write_keys

FIRST, SECOND = Signer.new("first", "ES256"), Signer.new("second", "EdDSA")


@frozen
class Engine:
    """An engine in memory whose clients need tokens."""

    process: EngineProcess
    keys: Path

    def status(self, token: str, user: str = "anna") -> int:
        """Send an order with a token; return the answer's status."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.process.url}/api/orders/execute"
        return httpx.post(url, json={**ORDER, "userId": user}, headers=headers).status_code


def settings_for(keys: Path) -> dict[str, str]:
    return {"AUTH": "jwt", "JWT_JWKS_FILE": str(keys), "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    keys = tmp_path / "jwks.json"
    write_keys(keys, FIRST)
    with running("dev", "--memory", settings=settings_for(keys)) as process:
        yield Engine(process, keys)


def a_token(signer: Signer = FIRST, **over: object) -> str:
    return signer.token(claims(datetime.now(UTC), **over))


async def test_tokens_are_good_while_their_key_is_in_the_file(engine: Engine) -> None:
    assert engine.status(a_token()) == 202
    assert engine.status(a_token(), user="bert") == 403
    assert engine.status(a_token(scope="orders:read")) == 403
    assert engine.status(a_token(exp=int(time.time()) - 1)) == 401
    assert engine.status(a_token(SECOND)) == 401
    write_keys(engine.keys, SECOND)
    await eventually(lambda: engine.status(a_token(SECOND)) == 202)
    assert engine.status(a_token()) == 401


async def test_a_socket_ends_with_its_key(engine: Engine) -> None:
    url = f"{engine.process.url.replace('http', 'ws', 1)}/ws/orders?userId=anna"
    with connect(url, additional_headers={"Authorization": f"Bearer {a_token()}"}) as socket:
        write_keys(engine.keys, SECOND)
        with suppress(ConnectionClosed):
            socket.recv(timeout=15)
        assert socket.close_code == 4401


def test_the_command_line_shows_what_the_environment_has(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(a_token())
    for shown in ({"API_KEY": a_token()}, {"API_KEY_FILE": str(tmp_path / "token")}):
        variables = {"URL": engine.process.url, **shown}
        watched = finished("submit", "SOL", "USDC", "1", "--user", "anna", "--watch", settings=variables)
        assert watched.returncode in (0, 3), watched.stderr
        loaded = finished("load", "--orders", "5", "--user", "anna", "--json", settings=variables)
        assert loaded.returncode == 0, loaded.stderr
    refused = finished("submit", "SOL", "USDC", "1", "--user", "anna", settings={"URL": engine.process.url})
    assert refused.returncode == 1
    assert "unauthenticated" in refused.stderr


@pytest.mark.parametrize("arguments", [("api",), ("api", "--processes", "2"), ("check-config",), ("dev", "--memory")])
@pytest.mark.parametrize("content", ["{", '{"keys":[]}', None])
def test_a_bad_file_of_keys_ends_the_start_with_a_sentence(
    migrated_url: str, redis_db_url: str, tmp_path: Path, arguments: tuple[str, ...], content: str | None
) -> None:
    keys = tmp_path / "jwks.json"
    if content is not None:
        keys.write_text(content)
    servers = {"POSTGRES_URL": migrated_url, "REDIS_URL": redis_db_url, "PORT": "0"}
    ended = finished(*arguments, settings={**servers, **settings_for(keys)})
    assert ended.returncode == 2
    assert "ORDER_ENGINE_JWT_JWKS_FILE" in ended.stderr
    assert ended.stderr.count("\n") <= 2
