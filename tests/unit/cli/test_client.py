"""The client as commands use it: what goes wrong is a sentence with an exit code, and an order is submitted once."""

import httpx
import pytest
from typer.testing import CliRunner

from entrypoints.cli import client as cli_client
from entrypoints.cli.app import app
from entrypoints.cli.client import EngineClient
from entrypoints.cli.ending import NO_ENGINE, REFUSED, WRONG_USAGE, Trouble
from tests.unit.python_client.answers import URL, Answers, accepted, answering, problem

ORDER = ("submit", "SOL", "USDC", "1", "--user", "anna", "--url", URL)


def client_of(*answers: Answers) -> tuple[EngineClient, list[httpx.Request]]:
    """Return a client whose server answers so, one after the other, and what it was asked."""
    asked, answer = answering(answers)
    return EngineClient(URL, httpx.MockTransport(answer)), asked


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (
            httpx.ConnectError("refused"),
            NO_ENGINE,
            "No engine answers at http://engine.test: start one with",
        ),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), NO_ENGINE, "http://engine.test ([SSL: CERTIFICATE_"),
        (httpx.ReadTimeout("slow"), NO_ENGINE, "http://engine.test was reached, but did not answer within 10 s."),
        (
            httpx.ReadError("reset"),
            NO_ENGINE,
            "connection to http://engine.test broke before an answer came (reset).",
        ),
        (httpx.RemoteProtocolError("Server disconnected"), NO_ENGINE, "is it an order engine, or one with https://?"),
        (
            httpx.RemoteProtocolError("illegal"),
            NO_ENGINE,
            "engine.test answers, but it is not an order engine: ",
        ),
        (httpx.Response(502), NO_ENGINE, "answers 502: there is no engine behind it now."),
        (httpx.Response(401, headers={"WWW-Authenticate": "Basic"}), REFUSED, "Refused (unauthenticated): What stands"),
        (problem(404, "order_not_found"), REFUSED, "Refused (order_not_found): It is order_not_found."),
        (problem(503, "overloaded", "7"), REFUSED, "It is overloaded. It asks to come back in 7 s."),
        (
            problem(
                400, "validation_failed", errors=[{"field": "a", "message": "is bad"}, {"field": "b", "message": "c"}]
            ),
            REFUSED,
            "Refused (validation_failed):\n  a: is bad\n  b: c",
        ),
    ],
    ids=str,
)
def test_whatever_goes_wrong_is_one_clear_sentence(answer: Answers, code: int, text: str) -> None:
    client, asked = client_of(answer)
    with pytest.raises(Trouble) as caught, client:
        client.order("1")
    assert text in str(caught.value)
    assert (caught.value.exit_code, len(asked)) == (code, 1)


def submitting(monkeypatch: pytest.MonkeyPatch, *answers: Answers) -> tuple[int, str, str, set[str]]:
    """Run `submit` against a server that answers so; return its code, what it printed, and the keys that it sent."""
    monkeypatch.setattr("order_engine_client.attempts.FIRST_PAUSE_SECONDS", 0.001)
    asked, answer = answering(answers)

    class Asking(EngineClient):
        def __init__(self, url: str, **options: object) -> None:
            super().__init__(url, httpx.MockTransport(answer), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cli_client, "EngineClient", Asking)
    ended = CliRunner().invoke(app, [*ORDER, "--idempotency-key", "k-1"], catch_exceptions=False)
    assert len(asked) == len(answers)
    return ended.exit_code, ended.stdout, ended.stderr, {request.headers["Idempotency-Key"] for request in asked}


def test_an_order_is_submitted_until_there_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err, keys = submitting(monkeypatch, httpx.ReadError("reset"), httpx.ConnectError("gone"), accepted())
    assert (code, out, keys) == (0, "1\n", {"k-1"})
    assert "broke before an answer came (reset). Trying again in 0.0" in err
    assert err.count("with --idempotency-key k-1\n") == 2


@pytest.mark.parametrize("key", ["", "a b", "k\n", "é"])
def test_a_key_that_is_none_orders_nothing(key: str) -> None:
    ended = CliRunner().invoke(app, [*ORDER, "--idempotency-key", key], catch_exceptions=False)
    assert (ended.exit_code, "visible ASCII" in ended.stderr) == (WRONG_USAGE, True)


def test_an_engine_that_was_never_there_heard_of_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err, _ = submitting(monkeypatch, httpx.ConnectError("refused"))
    assert (code, err.count("\n"), "Trying" in err) == (NO_ENGINE, 1, False)


def test_what_is_not_known_is_said_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    late = problem(503, "store_unavailable", "60", accepted=False)
    code, _, err, _ = submitting(monkeypatch, httpx.ReadError("reset"), late)
    assert code == NO_ENGINE
    assert "It is not known whether the order was accepted: repeat this with --idempotency-key k-1\n" in err
    code, _, err, _ = submitting(monkeypatch, late)
    assert (code, "not known" in err) == (REFUSED, False)


def test_symbols_are_by_address_and_the_first_of_two_counts() -> None:
    listed = [
        {"chain": "solana", "address": "So1", "symbol": symbol, "decimals": 9, "tokenProgram": None}
        for symbol in ("SOL", "WSOL")
    ]
    client, _ = client_of(httpx.Response(200, json={"data": listed}))
    assert client.symbols() == {"So1": "SOL"}


def test_an_engine_that_says_no_symbols_is_no_trouble() -> None:
    client, _ = client_of(problem(404, "not_found"), httpx.ConnectError("gone"))
    assert (client.symbols(), client.symbols()) == ({}, {})
