"""What every way to webhook receivers must do. A test class derives from this and gives its `bench`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from attrs import frozen
from standardwebhooks import Webhook, WebhookVerificationError

from application.ports.webhooks import Answer, WebhookSender
from tests.contracts.webhooks import an_endpoint

OLD, NEW = "whsec_b2xkIHNlY3JldCBvZiAyNCBieXRlcw==", "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcw=="


@frozen
class Received:
    """A request, as the receiver had it."""

    target: str
    headers: Mapping[str, str]
    body: str


@frozen
class SenderBench:
    """A sender, and a receiver at `url` that answers with what `answers` gets; `received` is what came."""

    sender: WebhookSender
    url: str
    answers: Callable[[bytes], None]
    received: list[Received]


class WebhookSenderContract(ABC):
    @pytest.fixture
    @abstractmethod
    def bench(self) -> SenderBench: ...

    async def test_a_body_arrives_signed_by_each_good_secret(self, bench: SenderBench) -> None:
        endpoint = an_endpoint(url=f"{bench.url}/h?x=%2F", secret=OLD)
        rotated = endpoint.rotate(NEW, endpoint.created_at + timedelta(days=36500))
        for _ in range(2):
            assert await bench.sender.send_signed(rotated, "msg_1", '{"ü":1}') == Answer(200)
        for received in bench.received:
            assert (received.target, received.body) == ("/h?x=%2F", '{"ü":1}')
            assert received.headers["webhook-id"] == "msg_1"
            for secret in (OLD, NEW):
                Webhook(secret).verify(received.body, dict(received.headers))
            with pytest.raises(WebhookVerificationError):
                Webhook("whsec_b3RoZXI=").verify(received.body, dict(received.headers))

    @pytest.mark.parametrize("status", [204, 301, 307, 404, 410, 500, 503])
    async def test_what_is_answered_is_told_and_a_redirect_is_not_followed(
        self, bench: SenderBench, status: int
    ) -> None:
        bench.answers(
            b"HTTP/1.1 %d X\r\nLocation: %s/other\r\nContent-Length: 0\r\n\r\n" % (status, bench.url.encode())
        )
        assert (await bench.sender.send_signed(an_endpoint(url=bench.url), "m", "{}")).status == status
        assert len(bench.received) == 1

    async def test_a_receiver_says_when_it_wants_to_be_asked_again(self, bench: SenderBench) -> None:
        bench.answers(b"HTTP/1.1 503 X\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")
        assert await bench.sender.send_signed(an_endpoint(url=bench.url), "m", "{}") == Answer(503, again_in=120)

    async def test_a_large_answer_is_not_read_to_its_end(self, bench: SenderBench) -> None:
        bench.answers(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000)
        assert (await bench.sender.send_signed(an_endpoint(url=bench.url), "m", "{}")).status == 200

    @pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000])
    async def test_nonsense_is_no_answer_and_the_next_is_asked_anew(self, bench: SenderBench, answer: bytes) -> None:
        bench.answers(answer)
        assert await bench.sender.send_signed(an_endpoint(url=bench.url), "m", "{}") == Answer(error="broken_answer")
        bench.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        assert await bench.sender.send_signed(an_endpoint(url=bench.url), "m", "{}") == Answer(200)

    async def test_nobody_there_is_an_answer_too(self, bench: SenderBench) -> None:
        assert await bench.sender.send_signed(an_endpoint(url="http://127.0.0.1:1/"), "m", "{}") == Answer(
            error="unreachable"
        )

    async def test_tls_that_fails_is_named(self, bench: SenderBench) -> None:
        url = bench.url.replace("http:", "https:")
        assert (await bench.sender.send_signed(an_endpoint(url=url), "m", "{}")).error == "tls"

    async def test_a_name_that_is_none_is_an_answer_too(self, bench: SenderBench) -> None:
        for host in ("a..b", "x" * 64 + ".example", "nobody.invalid"):
            answer = await bench.sender.send_signed(an_endpoint(url=f"https://{host}/"), "m", "{}")
            assert answer.error in ("unreachable", "bad_url")

    async def test_without_its_secret_nothing_is_sent(self, bench: SenderBench) -> None:
        assert await bench.sender.send_signed(an_endpoint(url=bench.url, secret=""), "m", "{}") == Answer(
            error="secret_unreadable"
        )
        assert not bench.received
