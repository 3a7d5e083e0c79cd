"""Every setting of the engine: frozen, read from `ORDER_ENGINE_*` variables, all mistakes told at once."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import Attribute, field, fields, frozen

from domain.routing import POLICIES

PREFIX = "ORDER_ENGINE_"


class SettingsError(Exception):
    """The environment has mistakes; one line for each, by variable name, never with a secret's value."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class _Wrong(ValueError):
    """A value breaks its rule; the text says what is wanted."""


def _text(text: str) -> str:
    return text


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise _Wrong(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _number(low: str, high: str) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not Decimal(low) <= value <= Decimal(high):
            raise _Wrong(f"must be a number from {low} to {high}")
        return value

    return read


def _seconds(low: str, high: str) -> Callable[[str], float]:
    number = _number(low, high)
    return lambda text: float(number(text))


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise _Wrong(f"must be one of: {', '.join(choices)}")
        return text

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - reading it is the check
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in schemes:
            raise _Wrong(f"must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return read


def _setting(default: Any, read: Callable[[str], Any], text: str, *, secret: bool = False) -> Any:
    """Declare a setting: its default, how its text is read, what the table in docs says of it."""
    return field(default=default, repr=not secret, metadata={"read": read, "help": text, "secret": secret})


@frozen(kw_only=True)
class Settings:
    """The settings; the variable of `worker_concurrency` is `ORDER_ENGINE_WORKER_CONCURRENCY`, and so on."""

    postgres_url: str | None = _setting(
        None, _url("postgresql", "postgres"), "The orders' home. `dev` starts a private server without it", secret=True
    )
    redis_url: str | None = _setting(
        None,
        _url("redis", "rediss", "unix"),
        "Queue and live feed. `dev` starts a private server without it",
        secret=True,
    )
    host: str = _setting("127.0.0.1", _text, "Address that the API and the worker's health page listen on")
    port: int = _setting(3000, _whole(0, 65535), "The API's port; 0 takes a free one")
    worker_http_port: int = _setting(3001, _whole(0, 65535), "The worker's health page; 0 takes a free port")
    data_dir: Path = _setting(Path(".order-engine"), Path, "Where `dev` keeps its private servers' data")
    worker_concurrency: int = _setting(500, _whole(1, 100_000), "Orders that one worker process runs at once")
    grace_seconds: float = _setting(5.0, _seconds("0", "600"), "How long a stopping process finishes what it has")
    retry_attempts: int = _setting(3, _whole(1, 20), "Attempts for one order, the first included")
    retry_base_ms: int = _setting(1000, _whole(0, 3_600_000), "Wait after the first failure; doubles with each further")
    lease_seconds: float = _setting(10.0, _seconds("0.1", "3600"), "After this a dead worker's orders go to another")
    recovery_seconds: float = _setting(15.0, _seconds("0.1", "3600"), "An open order idle this long is queued again")
    tx_expiry_seconds: float = _setting(30.0, _seconds("1", "3600"), "The venue refuses a transaction older than this")
    routing_policy: str = _setting("lowest_price", _one_of(*POLICIES), "Which quote wins")
    mock_seed: int = _setting(0, _whole(0, 2**63 - 1), "All mock outcomes follow from it and the order's id")
    mock_base_price: Decimal = _setting(Decimal(150), _number("0.01", "1000000"), "Mock price that all others vary")
    mock_raydium_low: Decimal = _setting(Decimal("0.98"), _number("0.01", "100"), "Raydium's lowest quote, times base")
    mock_raydium_high: Decimal = _setting(
        Decimal("1.02"), _number("0.01", "100"), "Raydium's highest quote, times base"
    )
    mock_raydium_fee: Decimal = _setting(Decimal("0.003"), _number("0", "1"), "Raydium's fee, a fraction")
    mock_meteora_low: Decimal = _setting(Decimal("0.97"), _number("0.01", "100"), "Meteora's lowest quote, times base")
    mock_meteora_high: Decimal = _setting(
        Decimal("1.02"), _number("0.01", "100"), "Meteora's highest quote, times base"
    )
    mock_meteora_fee: Decimal = _setting(Decimal("0.002"), _number("0", "1"), "Meteora's fee, a fraction")
    mock_fill_low: Decimal = _setting(Decimal("0.97"), _number("0.01", "100"), "Lowest executed price, times base")
    mock_fill_high: Decimal = _setting(Decimal("1.02"), _number("0.01", "100"), "Highest executed price, times base")
    mock_quote_ms: int = _setting(200, _whole(0, 600_000), "How long a mock quote takes")
    mock_build_ms: int = _setting(500, _whole(0, 600_000), "How long building a mock transaction takes")
    mock_swap_min_ms: int = _setting(2000, _whole(0, 600_000), "The fastest mock swap")
    mock_swap_max_ms: int = _setting(3000, _whole(0, 600_000), "The slowest mock swap")
    mock_failure_rate: float = _setting(0.05, _seconds("0", "1"), "Share of mock swaps that fail, 0 to 1")
    log_format: str = _setting("console", _one_of("console", "json"), "How log lines look")
    log_level: str = _setting(
        "info", _one_of("debug", "info", "warning", "error"), "The least urgent lines that are kept"
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read all settings; a blank variable counts as absent. Raises SettingsError with every mistake."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for setting in fields(cls):
            text = environ.get(variable(setting), "").strip()
            if not text:
                continue
            try:
                values[setting.name] = setting.metadata["read"](text)
            except _Wrong as wrong:
                mistakes.append(f"{variable(setting)} {wrong}")
        settings = cls(**values)
        mistakes.extend(settings._contradictions() if not mistakes else ())
        if mistakes:
            raise SettingsError(mistakes)
        return settings

    def _contradictions(self) -> list[str]:
        """Say which settings do not fit each other."""
        pairs = [
            ("mock_raydium_low", "mock_raydium_high"),
            ("mock_meteora_low", "mock_meteora_high"),
            ("mock_fill_low", "mock_fill_high"),
            ("mock_swap_min_ms", "mock_swap_max_ms"),
        ]
        return [
            f"{PREFIX}{low.upper()} must not be above {PREFIX}{high.upper()}"
            for low, high in pairs
            if getattr(self, low) > getattr(self, high)
        ]


def variable(setting: "Attribute[Any]") -> str:
    """Return the name of a setting's environment variable."""
    return PREFIX + setting.name.upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """List variables that have our prefix and mean nothing, such as misspelt ones; `ORDER_ENGINE_TEST_*` is the tests'."""
    known = {variable(setting) for setting in fields(Settings)}
    ours = (name for name in environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"))
    return sorted(name for name in ours if name not in known)


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """List (variable, value, meaning) of all settings; a secret's value is only told to be set or not."""
    rows = []
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        if setting.metadata["secret"]:
            value = "(set)" if value else None
        rows.append((variable(setting), "" if value is None else str(value), setting.metadata["help"]))
    return rows


def markdown_table() -> str:
    """Write the table of docs/configuration.md: every variable, its default, its meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {f'`{value}`' if value else ''} | {text} |" for name, value, text in shown(Settings())]
    return "\n".join(lines) + "\n"
