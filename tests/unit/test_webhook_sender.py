"""The HTTP sender keeps the contract, and sends to no address of a network here."""

import asyncio
import threading
from collections.abc import AsyncIterator

import httpcore
import pytest

from adapters.webhook_http import network
from adapters.webhook_http import sender as sending
from adapters.webhook_http.addresses import is_public
from adapters.webhook_http.sender import HttpWebhookSender
from application.ports.webhooks import Answer
from entrypoints.system import SystemClock
from tests.contracts.webhook_sender import Received, SenderBench, WebhookSenderContract
from tests.contracts.webhooks import an_endpoint
from tests.eventually import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver:
    """Answers everything with `answer`, and ends the connection unless that says how long it is."""

    def __init__(self) -> None:
        self.answer = OK
        self.received: list[Received] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                begun = await reader.readexactly(1)
                if begun == b"\x16":  # TLS, which is not spoken here
                    writer.write(self.answer)
                    break
                head = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received(first.split(" ")[1], headers, body.decode()))
                writer.write(self.answer)
                await writer.drain()
                if b"Content-Length" not in self.answer:
                    break
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    def set_answer(self, answer: bytes) -> None:
        self.answer = answer


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    made = Receiver()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def bench(receiver: tuple[Receiver, str]) -> AsyncIterator[SenderBench]:
    sender = HttpWebhookSender(SystemClock(), allow_private=True)
    yield SenderBench(sender, receiver[1], receiver[0].set_answer, receiver[0].received)
    await sender.close()


class TestHttpWebhookSender(WebhookSenderContract):
    @pytest.fixture
    def bench(self, bench: SenderBench) -> SenderBench:
        return bench


async def test_connections_that_end_are_no_other_sendings_trouble(
    bench: SenderBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1"]
    endpoints = [an_endpoint(url=bench.url.replace("127.0.0.1", host)) for host in hosts]
    for idle in (4.0, -1.0):
        monkeypatch.setattr(sending, "IDLE_SECONDS", idle)
        answers = await asyncio.gather(*(bench.sender.send_signed(each, "m", "{}") for each in endpoints))
        assert answers == [Answer(200)] * len(hosts)


async def test_a_url_is_asked_for_as_it_is(bench: SenderBench) -> None:
    assert await bench.sender.send_signed(an_endpoint(url=f"{bench.url}/a;b/c;d=1?e;f"), "m", "{}") == Answer(200)
    assert bench.received[-1].target == "/a;b/c;d=1?e;f"


async def test_a_name_server_that_never_answers_holds_up_no_other_name(
    receiver: tuple[Receiver, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), list[str]()

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host.startswith("silent"):
            answers.wait()
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(network, "getaddrinfo", resolve)
    sender = HttpWebhookSender(SystemClock(), allow_private=True)
    quick = an_endpoint(url=receiver[1].replace("127.0.0.1", "quick.example"))
    assert await sender.send_signed(quick, "m", "{}") == Answer(200)
    urls = [receiver[1].replace("127.0.0.1", f"silent{number % 10}.example") for number in range(20)]
    silent = [asyncio.create_task(sender.send_signed(an_endpoint(url=url), "m", "{}")) for url in urls]
    try:
        await eventually(lambda: len(asked) == 11)
        other = an_endpoint(url=receiver[1].replace("127.0.0.1", "other.example"))
        assert await sender.send_signed(other, "m", "{}") == Answer(200)
    finally:
        answers.set()
    assert await asyncio.gather(*silent) == [Answer(200)] * 20
    assert len(asked) == 12
    await sender.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]"]
)
async def test_an_address_of_a_network_here_is_refused_before_anything_is_sent(
    receiver: tuple[Receiver, str], host: str
) -> None:
    sender = HttpWebhookSender(SystemClock(), allow_private=False)
    url = receiver[1].replace("http:", "https:").replace("127.0.0.1", host)
    assert await sender.send_signed(an_endpoint(url=url), "m", "{}") == Answer(error="address_refused")
    await sender.close()
    assert receiver[0].received == []


async def test_plain_http_goes_nowhere_where_it_is_no_more_allowed(receiver: tuple[Receiver, str]) -> None:
    sender = HttpWebhookSender(SystemClock(), allow_private=False)
    url = receiver[1].replace("127.0.0.1", "hooks.invalid")
    assert await sender.send_signed(an_endpoint(url=url), "m", "{}") == Answer(error="address_refused")
    await sender.close()


async def test_a_name_is_asked_once_and_the_address_that_was_judged_is_connected_to(
    receiver: tuple[Receiver, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        """Answer as a name server does that changes its mind: of a network here the second time."""
        asked.append(host)
        return [(0, 0, 0, "", ("203.0.113.9" if len(asked) == 1 else "127.0.0.1", port))]

    monkeypatch.setattr(network, "getaddrinfo", resolve)
    monkeypatch.setattr(network, "is_public", lambda address: address == "203.0.113.9")
    reached = list[str]()

    class Network(httpcore.AnyIOBackend):
        async def connect_tcp(self, host: str, *args: object, **more: object) -> httpcore.AsyncNetworkStream:
            reached.append(host)
            raise httpcore.ConnectError

    checked = network.CheckedNetwork(allow_private=False)
    monkeypatch.setattr(checked, "_network", Network())
    sender = HttpWebhookSender(SystemClock(), allow_private=False)
    monkeypatch.setattr(sender, "_network", checked)
    url = receiver[1].replace("http:", "https:").replace("127.0.0.1", "rebinding.example")
    assert await sender.send_signed(an_endpoint(url=url), "m", "{}") == Answer(error="unreachable")
    assert (asked, reached) == (["rebinding.example"], ["203.0.113.9"])
    await sender.close()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.1.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.0.0.1", "192.88.99.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "no address", ""),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)
