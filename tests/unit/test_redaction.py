"""Passwords that are planted in the settings, in every form, and looked for in whatever is said."""

import json
import logging
import traceback
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio.connection import parse_url

from entrypoints import logs
from entrypoints.cli import app as command_line
from entrypoints.redaction import redactor
from entrypoints.settings import Settings, SettingsError

pytestmark = pytest.mark.usefixtures("logging_restored")
PIECES = ("s3cr3tOne", "s3cr3tTwo")
GLUE = [
    *(" ", "@", "/", "?", "#", ":", "%20", "%40", "%zz", "%00", "'", '"', "\\", "\\'", ",", "[", "]", "ü", "\u202e"),
    *("\u2028", "\t", "=", " = ", "&", " host=x ", "@x:", "://", "\ud800", "🚀", "$", "{}", "%s"),
]  # fmt: skip
URLS = {
    "ORDER_ENGINE_POSTGRES_URL": [
        "postgresql://u:{}@127.0.0.1:1/db",
        "postgresql://u:{}@127.0.0.1:port/db",
        "postgresql://u@127.0.0.1:1/db?password={}",
        "host=127.0.0.1 password={} port=1",
        "host=127.0.0.1 port=1 password='{}'",
        "http://u:{}@127.0.0.1/",
    ],
    "ORDER_ENGINE_REDIS_URL": [
        "redis://:{}@127.0.0.1:1/0",
        "rediss://u:{}@127.0.0.1:port/0",
        "redis://127.0.0.1:1/0?password={}",
        "unix://:{}@/nowhere",
        "postgresql://u:{}@127.0.0.1/",
    ],
    "ORDER_ENGINE_VENUES": ["A=http://u:{}@127.0.0.1:1", "A=http://127.0.0.1:1/?key={}", "A=nonsense://u:{}@x"],
}
PLANTED = [
    (name, url.format(password.join(PIECES))) for name, urls in URLS.items() for url in urls for password in GLUE
]


def no_secret(text: str) -> bool:
    return not any(piece in text for piece in PIECES)


@pytest.mark.parametrize("name", URLS)
def test_what_is_wrong_with_a_setting_is_said_without_it(name: str) -> None:
    for planted, value in PLANTED:
        if planted != name:
            continue
        try:
            settings = Settings.from_environment({name: value})
            said = repr(settings)
        except SettingsError as error:
            said = "".join(traceback.format_exception(error, chain=False))
        assert no_secret(said), value


def errors_of_drivers(value: str) -> Iterator[Exception]:
    """Yield errors that quote the value, as drivers raise them and as anybody may write it."""
    for read in (conninfo_to_dict, parse_url, psycopg.connect):
        try:
            read(value)
        except Exception as error:
            yield error
    yield ValueError(value)
    yield ValueError({"url": value, "parts": [value.encode(errors="replace")]})


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_line_of_the_log_has_a_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    for name, value in PLANTED:
        if name != "ORDER_ENGINE_POSTGRES_URL" and "\x00" in value:
            continue
        monkeypatch.setattr("os.environ", {name: value})
        logs.configure(log_format, "debug")
        for error in errors_of_drivers(value):
            logging.getLogger("redis").warning("cannot connect: %s", error, exc_info=error)
            logging.getLogger("order_engine.test").error("failed", extra={"why": repr(error), "about": [error, value]})
        logged = capsys.readouterr().err
        assert no_secret(logged), value
        assert "***" in logged


def test_an_error_that_nobody_foresaw_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    value = "redis://:s3cr3tOne s3cr3tTwo@127.0.0.1:1/0"
    monkeypatch.setenv("ORDER_ENGINE_REDIS_URL", value)

    def fails() -> None:
        raise ExceptionGroup("several", [ValueError(f"nonsense in {value}")])

    monkeypatch.setattr(command_line, "app", fails)
    for level in ("", "info", "debug"):
        monkeypatch.setenv("ORDER_ENGINE_LOG_LEVEL", level)
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        said = capsys.readouterr().err
        assert ended.value.code == 1
        assert no_secret(said)
        assert ("Traceback" in said) == (level == "debug")
        assert said.splitlines()[-1].startswith("Something went wrong here: ExceptionGroup.")


@pytest.mark.parametrize(
    "secret", ["oe_live_Zx0cS_1secretsecret", "oe_test_Zx0cS-1secretsecret", "eyJhbGc.eyJzdWI.c2ln"]
)
def test_a_credential_is_known_wherever_it_stands(secret: str) -> None:
    said = redactor({})(f"Header part of value b'{secret}' is illegal: x={secret}, {secret}")
    assert secret not in said
    assert said.count("***") == 3


def test_a_wallets_key_as_keygen_writes_it_is_known_and_a_blockhash_is_none() -> None:
    key, blockhash = list(range(64)), list(range(32))
    for text in (str(key), json.dumps(key, separators=(",", ":")), json.dumps(key, indent=1)):
        assert redactor({})(f"read {text} of {blockhash}").split(" of ")[0].replace("\n", "") == "read [***]"
    assert str(blockhash) in redactor({})(f"read {key} of {blockhash}")


def test_words_that_lines_are_full_of_are_no_secrets() -> None:
    environ = {"ORDER_ENGINE_POSTGRES_URL": "postgresql://postgres:postgres@localhost:5432/orders?sslmode=require"}
    text = "postgres: the store requires TLS at localhost, orders wait"
    assert redactor(environ)(text) == text
    assert redactor({})(text) == text
    assert redactor(environ)(f"cannot reach {environ['ORDER_ENGINE_POSTGRES_URL']}").count("***") == 1


def test_what_a_collector_of_traces_is_shown_is_a_secret() -> None:
    redact = redactor({"OTEL_EXPORTER_OTLP_HEADERS": "tenant=7, authorization=Basic%20c3VwZXItc2VjcmV0"})
    for text in ("'Basic%20c3VwZXItc2VjcmV0'", "Authorization: Basic c3VwZXItc2VjcmV0"):
        assert "c3VwZXItc2VjcmV0" not in redact(f"invalid header: {text}")
