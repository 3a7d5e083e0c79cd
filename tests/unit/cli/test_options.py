"""Where the engine is, and what a shell is told."""

import pytest
import typer
from typer.testing import CliRunner

from entrypoints.cli.app import app
from entrypoints.cli.options import default_url, engine_url, tokens_like


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        ("localhost:3000", "http://localhost:3000"),
        (" engine.example ", "http://engine.example"),
        ("https://engine.example/trading/", "https://engine.example/trading"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_addresses_that_are_understood(text: str, url: str) -> None:
    assert engine_url(text) == url


@pytest.mark.parametrize(
    "text", ["", "ftp://x", "http://", "http://x:port", "http://x:99999", "http://x?a=b", "http://["]
)
def test_addresses_that_are_not(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        engine_url(text)


def test_the_default_is_where_dev_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDER_ENGINE_PORT", raising=False)
    assert default_url() == "http://127.0.0.1:3000"
    monkeypatch.setenv("ORDER_ENGINE_PORT", "3100")
    assert default_url() == "http://127.0.0.1:3100"
    monkeypatch.setenv("ORDER_ENGINE_PORT", "http")
    with pytest.raises(typer.BadParameter, match="ORDER_ENGINE_PORT must be a port"):
        default_url()


def completed(words: str) -> list[str]:
    """Return what bash would offer at the end of `words`."""
    environment = {
        "_ORDER_ENGINE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    return CliRunner().invoke(app, [], env=environment, prog_name="order-engine").stdout.split()


def test_shells_complete_commands_statuses_and_tokens() -> None:
    assert completed("order-engine orders w") == ["watch"]
    assert completed("order-engine orders list --status con") == ["confirmed"]
    assert completed("order-engine submit SO") == ["SOL"]
    assert tokens_like("us") == ["USDC", "USDT"]


def test_a_shell_that_is_told_how_to_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    script = CliRunner().invoke(app, [], env={"_ORDER_ENGINE_COMPLETE": "source_bash"}, prog_name="order-engine").stdout
    assert "complete -o default -F _order_engine_completion order-engine" in script
