"""Who may do what, with API keys on real servers: the whole table, two processes' sockets, logs without secrets."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import websockets
from attrs import frozen

from application.caller import ANYONE, Scope
from application.manage_keys import NewKey
from entrypoints.container import Container
from entrypoints.key_pepper import make_pepper, read_pepper
from entrypoints.lifecycle import opened
from entrypoints.secret_file import make_secret
from entrypoints.settings import PREFIX, Settings
from tests import servers
from tests.access import KINDS, ORDER, OWN, OWNER, SCOPES, TABLE, USERS, Access
from tests.api import rest_of
from tests.clients import new_engine
from tests.processes import EngineProcess, running

CLOSED_WITHIN = 10.0


@frozen
class Engine:
    """Two APIs on one database whose clients need keys, what they log, and a key of each kind."""

    settings: dict[str, str]
    apis: tuple[EngineProcess, EngineProcess]
    logs: tuple[Path, Path]
    keys: dict[str, str]


@asynccontextmanager
async def managing(settings: Mapping[str, str]) -> AsyncIterator[Container]:
    container = Container(
        settings=Settings.from_environment({PREFIX + name: value for name, value in settings.items()}), mode="live"
    )
    async with opened(*container.halt_resources()):
        yield container


async def made(settings: Mapping[str, str], kinds: Mapping[str, frozenset[Scope]]) -> dict[str, NewKey]:
    pepper_file = Path(settings["KEY_PEPPER_FILE"])
    make_pepper(pepper_file)
    async with managing(settings) as container:
        manage, soon = container.manage_keys(), container.clock().now() + timedelta(milliseconds=100)
        return {
            kind: await manage.create(
                ANYONE,
                read_pepper(pepper_file),
                name=kind,
                owner=USERS.get(kind, OWNER),
                scopes=scopes,
                expires_at=soon if kind == "expired" else None,
            )
            for kind, scopes in kinds.items()
        }


async def revoke(settings: Mapping[str, str], key: NewKey) -> None:
    async with managing(settings) as container:
        await container.manage_keys().revoke(ANYONE, key.key.key_id)


@pytest.fixture(scope="module")
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    with servers.empty_database(postgres_url) as url, servers.reachable_folder() as folder:
        files = {"KEY_PEPPER_FILE": str(folder / "pepper"), "WEBHOOKS_KEY_FILE": str(folder / "webhooks-key")}
        make_secret(folder / "webhooks-key", "the key")
        settings = {**new_engine(url, redis_url), "AUTH": "api-key", **files}
        wrong = {f"wrong scope {scope}": OWN - {scope} for scope in OWN}
        keys = asyncio.run(made(settings, {**SCOPES, **wrong}))
        asyncio.run(revoke(settings, keys["revoked"]))
        logs = folder / "one.log", folder / "other.log"
        verbose = {**settings, "LOG_LEVEL": "debug"}
        with (
            logs[0].open("w") as first,
            logs[1].open("w") as second,
            running("api", settings=verbose, stderr=first) as one,
            running("api", settings=verbose, stderr=second) as other,
        ):
            yield Engine(settings, (one, other), logs, {kind: key.secret for kind, key in keys.items()})


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def socket_of(api: EngineProcess, path: str, **options: Any) -> websockets.connect:
    return websockets.connect(api.url.replace("http", "ws", 1) + path, **options)


async def ticket(api: EngineProcess, key: str, target: str = "/ws/orders", **headers: str) -> str:
    async with httpx.AsyncClient(base_url=api.url) as http:
        answer = await http.post("/api/ws-tickets", json={"target": target}, headers={**bearer(key), **headers})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["ticket"])


async def code_of(connecting: websockets.connect) -> int | None:
    """Return with what a socket is closed at once; 0 when it stays open."""
    async with asyncio.timeout(10), connecting as socket:
        try:
            await (await socket.ping())
        except websockets.ConnectionClosed:
            return socket.close_code
        return 0


async def test_the_whole_table(engine: Engine) -> None:
    places = count(1)
    url = engine.apis[0].url

    async def credential(kind: str, without: Scope | None) -> str | None:
        wrong = f"wrong scope {without}" if without in OWN else "owner"
        key = engine.keys[kind if kind in engine.keys else wrong]
        return {"none": None, "malformed": f"{key[:-1]}!"}.get(kind, key)

    def address() -> str:
        number = next(places)
        return f"127.0.{1 + number // 200}.{1 + number % 200}"

    async with httpx.AsyncClient(base_url=url, headers=bearer(engine.keys["users:any"])) as backend:

        async def order() -> str:
            answer = await backend.post("/api/orders/execute", json=ORDER)
            return str(answer.json()["orderId"])

        access = Access(backend, credential, order, address)
        for (method, path), row in TABLE.items():
            if "{file}" not in path:
                answers = [await access.answer(kind, method, path, row) for kind in KINDS]
                assert dict(zip(KINDS, answers, strict=True)) == dict(zip(KINDS, row.answers, strict=True)), path


async def test_a_ticket_of_one_process_opens_one_socket_on_any(engine: Engine) -> None:
    one, other = engine.apis
    key = engine.keys["owner"]
    text = await ticket(one, key)
    assert await code_of(socket_of(other, f"/ws/orders?ticket={text}")) == 0
    for api in engine.apis:
        assert await code_of(socket_of(api, f"/ws/orders?ticket={text}")) == 4401
    raced = await ticket(one, key)
    codes = await asyncio.gather(*(code_of(socket_of(api, f"/ws/orders?ticket={raced}")) for api in engine.apis * 10))
    assert sorted(codes, key=str) == [0] + [4401] * 19
    of_page = await ticket(one, key, Origin=one.url)
    assert await code_of(socket_of(other, f"/ws/orders?ticket={of_page}", origin=other.url)) == 4401


async def test_a_revoked_key_loses_its_sockets_everywhere_and_no_other_key_does(engine: Engine) -> None:
    new = (await made(engine.settings, {"soon revoked": OWN}))["soon revoked"]
    key = new.secret
    one, other = engine.apis
    async with (
        socket_of(one, "/ws/orders", additional_headers=bearer(key)) as by_header,
        socket_of(other, f"/ws/orders?ticket={await ticket(one, key)}") as by_ticket,
        socket_of(one, "/ws/orders", additional_headers=bearer(engine.keys["owner"])) as of_another,
    ):
        await revoke(engine.settings, new)
        async with asyncio.timeout(CLOSED_WITHIN):
            assert [await rest_of(by_header), await rest_of(by_ticket)] == [([], 4401)] * 2
        await (await of_another.ping())


async def test_no_log_has_a_ticket_or_a_key(engine: Engine) -> None:
    key = engine.keys["owner"]
    text = await ticket(engine.apis[0], key)
    for query in (f"?ticket={text}", f"?ticket={text}", f"?access_token={key}", f"?ticket={key}"):
        await code_of(socket_of(engine.apis[0], f"/ws/orders{query}"))
    async with httpx.AsyncClient(base_url=engine.apis[0].url) as http:
        for path in (f"/ws/orders?ticket={text}", f"/api/orders?key={key}", f"/none/?ticket={text}"):
            await http.get(path, headers=bearer(key))
    written = "".join(log.read_text() for log in engine.logs)
    assert "process_started" in written
    for secret in (text, key, *engine.keys.values()):
        assert secret not in written
        assert secret[-20:] not in written
    with psycopg.connect(engine.settings["POSTGRES_URL"]) as connection:
        kept = connection.execute("SELECT t::text FROM socket_tickets AS t UNION ALL SELECT k::text FROM api_keys AS k")
        assert not [row for (row,) in kept if text in row or key in row]


async def test_tickets_leave_no_rows_behind(engine: Engine) -> None:
    with psycopg.connect(engine.settings["POSTGRES_URL"], autocommit=True) as connection:
        connection.execute("UPDATE socket_tickets SET expires_at = expires_at - interval '1 minute'")
        await ticket(engine.apis[0], engine.keys["owner"])
        assert connection.execute("SELECT count(*) FROM socket_tickets").fetchall() == [(1,)]
