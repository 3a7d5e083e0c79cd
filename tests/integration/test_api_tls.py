"""The API speaks TLS itself when it is given a certificate: requests, sockets, one process or several."""

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import websockets
from attrs import frozen

from entrypoints.certificate import Certificate, CertificateUnfit
from entrypoints.cli.ending import NO_ENGINE
from entrypoints.web.http import tls_handshake
from entrypoints.web.http.admission import Admission
from entrypoints.web.server import ServerTimes, bind, serve, url_of
from tests import processes
from tests.certificates import Authority, Issued
from tests.clients import ORDER, all_final, new_engine, submit
from tests.eventually import eventually
from tests.processes import EngineProcess, finished, running


@frozen
class SecureApi:
    """An API that speaks TLS, and who issued its certificate."""

    authority: Authority
    files: Issued
    engine: EngineProcess
    log: Path

    @property
    def port(self) -> int:
        return int(self.engine.url.rpartition(":")[2])

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.engine.url, verify=self.authority.trust, timeout=10)

    def served(self) -> bytes:
        """Return the certificate that a new connection is shown."""
        with (
            socket.create_connection(("127.0.0.1", self.port)) as plain,
            self.authority.trust.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
            assert shown
            return shown


def settings_of(files: Issued) -> dict[str, str]:
    return {"TLS_CERT_FILE": str(files.certificate), "TLS_KEY_FILE": str(files.key)}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.new(tmp_path / "ca")


@pytest.fixture
def api(authority: Authority, tmp_path: Path) -> Iterator[SecureApi]:
    files = authority.issue("engine")
    with (
        (tmp_path / "log").open("w") as log,
        running("dev", "--memory", settings=settings_of(files), stderr=log, trust=authority.trust) as engine,
    ):
        yield SecureApi(authority, files, engine, tmp_path / "log")


async def test_requests_and_sockets_are_served(api: SecureApi) -> None:
    feed = api.engine.url.replace("https", "wss")
    async with api.client() as client, websockets.connect(f"{feed}/ws/orders", ssl=api.authority.trust) as every:
        [order_id] = await submit(client, 1)
        async with websockets.connect(f"{feed}/ws/orders/{order_id}", ssl=api.authority.trust) as one:
            frames = [json.loads(frame) async for frame in one]
        assert frames[-1]["status"] in ("confirmed", "failed")
        assert json.loads(await every.recv())["orderId"] == order_id
        assert {order["status"] for order in await all_final(client, await submit(client, 50))} <= {
            "confirmed",
            "failed",
        }
        assert (await client.get("/")).status_code == 200


def test_commands_trust_whom_the_environment_names_on_this_machine_too(api: SecureApi) -> None:
    trusting = {**os.environ, "ORDER_ENGINE_URL": api.engine.url, "SSL_CERT_FILE": str(api.authority.certificate)}
    for command in ("submit SOL USDC 1 --user anna --watch", "load --orders 1"):
        done = processes.ended(*command.split(), environment=trusting)
        assert (done.returncode in (0, 3), done.stderr) == (True, "")
    nobody = processes.ended("orders", "list", environment={**os.environ, "ORDER_ENGINE_URL": api.engine.url})
    assert (nobody.returncode, "CERTIFICATE_VERIFY_FAILED" in nobody.stderr) == (NO_ENGINE, True)


async def test_its_own_pages_may_call_it_and_foreign_ones_may_not(api: SecureApi) -> None:
    own, foreign = f"https://localhost:{api.port}", "https://evil.example"
    address = f"wss://localhost:{api.port}/ws/orders"
    async with websockets.connect(address, ssl=api.authority.trust, origin=websockets.Origin(own)):
        pass
    with pytest.raises(websockets.InvalidStatus, match="403"):
        async with websockets.connect(address, ssl=api.authority.trust, origin=websockets.Origin(foreign)):
            pass
    async with httpx.AsyncClient(base_url=own, verify=api.authority.trust) as client:
        answers = [await client.post("/api/orders/execute", json=ORDER, headers={"Origin": o}) for o in (own, foreign)]
    assert [answer.status_code for answer in answers] == [202, 403]


async def test_pipelined_requests_are_all_answered_and_a_large_body_is_read(api: SecureApi) -> None:
    reader, writer = await asyncio.open_connection("localhost", api.port, ssl=api.authority.trust)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).count(b"HTTP/1.1 200") == 501
    writer.close()
    async with api.client() as client:
        answer = await client.post("/api/orders/execute", content=b" " * 200_000)
        assert answer.status_code == 413


def test_old_versions_and_plain_text_get_nothing(api: SecureApi) -> None:
    old = api.authority.trust
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", api.port)) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(plain, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", api.port), timeout=5) as plain:
        plain.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        with suppress(ConnectionError):
            while piece := plain.recv(1000):
                said += piece
    assert b"HTTP" not in said


async def test_a_new_certificate_is_served_without_a_restart_and_a_bad_one_is_not(api: SecureApi) -> None:
    first = api.served()
    address = f"wss://localhost:{api.port}/ws/orders"
    async with api.client() as client, websockets.connect(address, ssl=api.authority.trust) as open_before:
        renewed = api.authority.issue("renewed")
        shutil.copy(renewed.key, api.files.key)
        shutil.copy(renewed.certificate, api.files.certificate)
        await eventually(lambda: asyncio.to_thread(lambda: api.served() != first))
        second = api.served()
        api.files.certificate.write_text("no certificate")
        await eventually(lambda: asyncio.to_thread(lambda: "certificate_not_followed" in api.log.read_text()))
        assert api.served() == second
        shutil.copy(renewed.certificate, api.files.certificate)
        api.files.key.chmod(0o644)
        await eventually(lambda: asyncio.to_thread(lambda: "is open to others" in api.log.read_text()))
        assert api.served() == second
        [order_id] = await submit(client, 1)
        assert json.loads(await open_before.recv())["orderId"] == order_id


async def test_several_processes_serve_one_certificate(
    authority: Authority, database_url: str, redis_db_url: str
) -> None:
    shared = await asyncio.to_thread(new_engine, database_url, redis_db_url)
    settings = {**shared, **settings_of(authority.issue("engine"))}
    with running("api", "--processes", "2", settings=settings, trust=authority.trust) as engine:
        async with httpx.AsyncClient(base_url=engine.url, verify=authority.trust) as client:
            assert await submit(client, 20)


def test_files_that_cannot_be_served_end_the_start(authority: Authority, tmp_path: Path) -> None:
    good, other = authority.issue("good"), authority.issue("other")
    open_key, garbage = tmp_path / "open.key", tmp_path / "garbage"
    shutil.copy(good.key, open_key)
    open_key.chmod(0o604)
    garbage.write_text("garbage")
    garbage.chmod(0o600)
    for certificate, key, why in (
        (good.certificate, open_key, "open to others"),
        (good.certificate, tmp_path / "none", "No such file"),
        (tmp_path / "none", good.key, "No such file"),
        (good.certificate, other.key, "key values mismatch"),
        (good.certificate, garbage, "cannot be served"),
        (garbage, good.key, "cannot be served"),
    ):
        with pytest.raises(CertificateUnfit, match=why):
            Certificate(certificate, key)
    settings = settings_of(Issued(good.certificate, other.key))
    for command in (("dev", "--memory"), ("check-config",)):
        ended = finished(*command, settings=settings)
        assert ended.returncode in (1, 2), command
        assert (ended.stdout, ended.stderr.count("\n")) == ("", 1), ended
    ended = finished("dev", "--memory", settings={"TLS_CERT_FILE": str(good.certificate)})
    assert (ended.returncode, "must be set together" in ended.stderr) == (2, True)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(authority: Authority, tmp_path: Path) -> None:
    good, locked = authority.issue("good"), tmp_path / "locked.key"
    command = ["openssl", "ec", "-aes256", "-passout", "pass:hunter2", "-in", str(good.key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    locked.chmod(0o600)
    with pytest.raises(CertificateUnfit, match="encrypted"):
        Certificate(good.certificate, locked)


@asynccontextmanager
async def serving(certificate: Certificate, **options: object) -> AsyncIterator[int]:
    """Serve nothing, in this process; give the port."""
    listener, stop = bind("127.0.0.1", 0), asyncio.Event()

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError

    async with asyncio.TaskGroup() as group:
        times = ServerTimes(grace_seconds=1)
        group.create_task(serve(app, listener, stop, certificate=certificate, times=times, **options))  # type: ignore[arg-type]
        yield int(url_of(listener).rpartition(":")[2])
        stop.set()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the server has ended the connection."""
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_who_does_not_end_its_handshake_is_let_go(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_handshake, "HANDSHAKE_SECONDS", 0.2)
    files = authority.issue("engine")
    async with serving(Certificate(files.certificate, files.key)) as port:
        for said in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            assert await asyncio.wait_for(ended(reader), 5)
            writer.close()


async def test_of_one_address_few_may_be_in_their_handshakes(authority: Authority) -> None:
    files = authority.issue("engine")
    async with serving(Certificate(files.certificate, files.key), admission=Admission(3)) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        ends = [asyncio.ensure_future(ended(reader)) for reader, _ in silent]

        async def few_are_left() -> bool:
            return sum(not end.done() for end in ends) <= 3

        await eventually(few_are_left)
        for _, writer in silent:
            writer.close()
        await asyncio.gather(*ends)


async def test_a_server_that_stops_waits_for_no_handshake(authority: Authority) -> None:
    files = authority.issue("engine")
    async with serving(Certificate(files.certificate, files.key)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0)
    writer.close()
