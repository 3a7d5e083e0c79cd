"""A remote signer over HTTP, met by a small one: what it may answer, and all that it is not believed."""

import asyncio
import base64
import gzip
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.wallet.private_file import BadWallet
from adapters.wallet.remote_signer import RemoteSigner, RemoteWallet, SignerClient
from application.ports.errors import SignerUnavailable
from application.ports.signer import Signer
from tests.certificates import Authority
from tests.contracts.signer import SignerContract
from tests.signing_machine import TOKEN, SigningMachine, response
from tests.wallets import a_signer

ADDRESS = a_signer(1).public_key


@pytest.fixture
async def machine() -> AsyncIterator[SigningMachine]:
    machine = SigningMachine({signer.public_key: signer for signer in (a_signer(1), a_signer(2))})
    async with machine.running():
        yield machine


@pytest.fixture
async def client() -> AsyncIterator[SignerClient]:
    client = SignerClient(TOKEN, timeout_seconds=5)
    yield client
    await client.close()


def remote(machine: SigningMachine, client: SignerClient, number: int = 1) -> RemoteSigner:
    return RemoteSigner(RemoteWallet.read(machine.place_of(a_signer(number))), client)


class TestRemoteSigner(SignerContract):
    @pytest.fixture
    def signer(self, machine: SigningMachine, client: SignerClient) -> Signer:
        return remote(machine, client, 1)

    @pytest.fixture
    def other(self, machine: SigningMachine, client: SignerClient) -> Signer:
        return remote(machine, client, 2)


def signature(value: bytes) -> bytes:
    return response(200, {"signature": base64.b64encode(value).decode()})


ZIPPED = gzip.compress(b'{"signature": "' + b"A" * 86 + b'=="}')
SPOILED = {
    "another wallet's key": None,
    "no signature": signature(b"\0" * 64),
    "too short": signature(b"x" * 63),
    "too long": signature(b"x" * 65),
    "no JSON": response(200, b"<html>"),
    "no UTF-8": response(200, b"\xff"),
    "no object": response(200, ["x"]),
    "no member": response(200, {"signed": "x"}),
    "no base64": response(200, {"signature": "***"}),
    "too much": response(200, b"x" * 100_000),
    "packed": response(200, ZIPPED, "Content-Encoding: gzip\r\n"),
    "elsewhere": response(307, b"", "Location: http://127.0.0.1:1/\r\n"),
    "refused": response(403, {"error": "policy"}),
    "failing": response(500, b""),
    "no HTTP": b"SSH-2.0\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("how", SPOILED)
async def test_whatever_else_it_answers_is_no_signature(
    machine: SigningMachine, client: SignerClient, how: str
) -> None:
    machine.spoiled = SPOILED[how] or signature(await a_signer(2).sign(b"message"))
    machine.silent = not machine.spoiled
    client = SignerClient(TOKEN, timeout_seconds=0.2) if machine.silent else client
    with pytest.raises(SignerUnavailable) as refused:
        await remote(machine, client).sign(b"message")
    assert TOKEN not in repr(refused.value) + repr(refused.value.__cause__) + repr(client)
    machine.spoiled, machine.silent = None, False
    assert await remote(machine, client).sign(b"message") == await a_signer(1).sign(b"message")
    await client.close()


async def test_a_machine_that_does_not_answer_or_is_not_there_is_given_up_in_time(machine: SigningMachine) -> None:
    client, machine.silent = SignerClient(TOKEN, timeout_seconds=0.1), True
    begun = asyncio.get_running_loop().time()
    with pytest.raises(SignerUnavailable, match="took too long"):
        await remote(machine, client).sign(b"message")
    gone = RemoteSigner(RemoteWallet.read(f"http://127.0.0.1:1/{ADDRESS}"), client)
    with pytest.raises(SignerUnavailable, match="cannot be reached"):
        await gone.sign(b"message")
    assert asyncio.get_running_loop().time() - begun < 5
    await client.close()
    await client.close()


async def test_it_is_shown_the_bearer_and_nothing_of_the_environment(
    machine: SigningMachine, client: SignerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    await remote(machine, client).sign(b"message")
    lines = machine.heads[0].decode().split("\r\n")
    assert lines[0] == f"POST /wallets/{ADDRESS} HTTP/1.1"
    assert f"Authorization: Bearer {TOKEN}" in lines
    stranger = SignerClient(None, timeout_seconds=5)
    with pytest.raises(SignerUnavailable, match="answered 401"):
        await remote(machine, stranger).sign(b"message")
    await stranger.close()


async def test_it_is_trusted_by_its_certificate_or_shown_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.new(tmp_path / "authority")
    issued = authority.issue("signer")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(issued.certificate, issued.key)
    machine = SigningMachine({ADDRESS: a_signer(1)})
    async with machine.running(tls):
        stranger = SignerClient(TOKEN, timeout_seconds=5)
        with pytest.raises(SignerUnavailable, match="cannot be reached"):
            await remote(machine, stranger).sign(b"message")
        assert machine.heads == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        trusting = SignerClient(TOKEN, timeout_seconds=5)
        assert await remote(machine, trusting).sign(b"message") == await a_signer(1).sign(b"message")
        await stranger.close()
        await trusting.close()


@pytest.mark.parametrize(
    "url",
    [
        f"http://signer.example/{ADDRESS}",
        f"ftp://127.0.0.1/{ADDRESS}",
        f"https://user:pw@signer.example/{ADDRESS}",
        f"https://signer.example/{ADDRESS}?key=x",
        f"https://signer.example/{ADDRESS}#x",
        f"https://signer.example:0/{ADDRESS}",
        f"https://[::1/{ADDRESS}",
        f"https:///{ADDRESS}",
        f"https://signer.example/{ADDRESS}/",
        f"https://signer.example/{ADDRESS[:-4]}",
        "https://signer.example",
    ],
)
def test_a_url_that_is_not_safe_or_names_no_wallet_is_refused(url: str) -> None:
    with pytest.raises(BadWallet):
        RemoteWallet.read(url)


@pytest.mark.parametrize("url", ["https://signer.example:8443/v1/wallets/", "http://localhost/", "http://[::1]:1/"])
def test_a_urls_last_part_is_the_wallets_address(url: str) -> None:
    assert RemoteWallet.read(url + ADDRESS) == RemoteWallet(url + ADDRESS, ADDRESS)
