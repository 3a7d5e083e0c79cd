"""Every setting of the engine: frozen, read from `ORDER_ENGINE_*` variables, all mistakes reported at once."""
# ruff: noqa: RUF009 - `_setting` declares an attrs field, as `field` does

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from attrs import Attribute, fields, frozen

from domain.order_request import SLIPPAGE_BPS_MAX
from domain.routing import POLICIES
from entrypoints.server_urls import postgres_url, redis_url
from entrypoints.setting_types import (
    WrongValue,
    any_text,
    host_names,
    networks,
    number,
    number_limits,
    one_of,
    page_origins,
    rate_limits,
    seconds,
    some_of,
    venue_urls,
    whole,
)
from entrypoints.setting_types import setting as _setting
from entrypoints.solana_settings import BEST_PRICE, WORST_PRICE, SolanaSettings, is_real
from entrypoints.webhook_settings import WebhookSettings

PREFIX = "ORDER_ENGINE_"
MOST_PROCESSES = 64
OPERATIONS_PORT = 3003
# By name: what is served in production imports no simulator.
SIMULATOR_FAULTS = (
    *("slow", "error_before", "error_after", "timeout_before", "timeout_after"),
    *("lost_reply", "duplicate", "rejection"),
)
SIMULATOR_HARMS = ("low_fill", "other_hash", "other_order", "shared_hash", "packed", "flood")


class SettingsError(Exception):
    """The environment has mistakes; one line for each, by variable name, never with a secret's value."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@frozen(kw_only=True)
class Settings(SolanaSettings, WebhookSettings):
    """The settings; the variable of `worker_concurrency` is `ORDER_ENGINE_WORKER_CONCURRENCY`, and so on."""

    postgres_url: str | None = _setting(
        None, postgres_url, "The orders' home. `dev` starts a private server without it", secret=True
    )
    redis_url: str | None = _setting(
        None,
        redis_url,
        "Queue and live feed. `dev` starts a private server without it",
        secret=True,
    )
    host: str = _setting("127.0.0.1", any_text, "Address that the API and the worker's health page listen on")
    port: int = _setting(3000, whole(0, 65535), "The API's port; 0 takes a free one")
    hosts: tuple[str, ...] = _setting(
        (),
        host_names,
        "Names that clients reach the engine by, separated by commas; `.example.com` is every name below it. Addresses "
        "and `localhost` need no entry",
    )
    origins: tuple[str, ...] = _setting(
        (),
        page_origins,
        "Origins, such as `https://desk.example.com`, whose pages may call the API and open sockets. Its own need no "
        "entry",
    )
    docs: str = _setting(
        "on", one_of("on", "off"), "Whether the API serves its descriptions: `/docs` and the two JSON files"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        networks,
        "Addresses or networks, separated by commas, of proxies whose X-Forwarded-For says where a request came from. "
        "Nobody else's is believed",
    )
    auth: tuple[str, ...] = _setting(
        ("none",),
        some_of("none", "api-key", "jwt"),
        "What a client has to show: an `api-key`, a `jwt`, either of them (`api-key,jwt`), or `none`",
    )
    insecure: tuple[str, ...] = _setting(
        (),
        some_of("no-auth", "plain-postgres", "plain-redis"),
        "What is let pass though it is not safe beyond this machine: `no-auth`, `plain-postgres`, `plain-redis`",
    )
    mode: str = _setting(
        "paper",
        one_of("paper", "live"),
        "In `paper` venues are mocks or on this machine, and keys begin with `oe_test_`",
    )
    key_pepper_file: Path | None = _setting(
        None, Path, "The secret by which API keys are stored; `keys create` makes it"
    )
    jwt_jwks_file: Path | None = _setting(
        None, Path, "The public keys that tokens are signed by, as a JWKS. Read again when it changes"
    )
    jwt_issuer: str | None = _setting(None, any_text, "Who signs tokens: their `iss`")
    jwt_audience: str | None = _setting(None, any_text, "Whom tokens are for: in their `aud`")
    tls_cert_file: Path | None = _setting(
        None, Path, "The API's certificate and chain (PEM): it speaks TLS itself. Followed, as the key is: no restart"
    )
    tls_key_file: Path | None = _setting(None, Path, "The certificate's key (PEM), closed to others")
    limit_orders: str | None = _setting(
        None,
        rate_limits,
        "Orders of a `user`, a `key`, an `address`: see [limits](limits.md). Without it `user=100/s`, or off with "
        "`AUTH=none`",
    )
    limit_requests: str | None = _setting(None, rate_limits, "Likewise all requests. Without it `user=500/s`, or off")
    limit_sockets: str | None = _setting(
        None,
        number_limits,
        "Likewise open sockets: `user=100,key=1000`. Without it `user=200`, or off",
    )
    api_processes: int = _setting(
        1, whole(1, MOST_PROCESSES), "Processes that `api` serves its port with, each with connections of its own"
    )
    operations_host: str = _setting("127.0.0.1", any_text, "Address of the API's port for metrics and detailed health")
    operations_port: int = _setting(
        OPERATIONS_PORT, whole(0, 65535), "That port, one for all processes; 0 takes a free one"
    )
    worker_http_port: int = _setting(3001, whole(0, 65535), "The worker's health and metrics; 0 takes a free port")
    new_connections_per_address: int = _setting(
        256,
        whole(1, 20_000),
        "Connections of one address that may wait for their first request at once; a proxy's used ones do not count",
    )
    data_dir: Path = _setting(Path(".order-engine"), Path, "Where `dev` keeps its private servers' data")
    worker_concurrency: int = _setting(500, whole(1, 100_000), "Orders that one worker process runs at once")
    grace_seconds: float = _setting(5.0, seconds("0", "600"), "How long a stopping process finishes what it has")
    linger_seconds: float = _setting(
        1.0, seconds("0", "600"), "How long a stopping API still serves, not ready any more, so that balancers notice"
    )
    retry_attempts: int = _setting(3, whole(1, 20), "Attempts for one order, the first included")
    retry_base_ms: int = _setting(1000, whole(0, 3_600_000), "Wait after the first failure; doubles with each further")
    lease_seconds: float = _setting(10.0, seconds("0.1", "3600"), "After this a dead worker's orders go to another")
    recovery_seconds: float = _setting(15.0, seconds("0.1", "3600"), "An open order idle this long is queued again")
    tx_expiry_seconds: float = _setting(
        30.0, seconds("1", "3600"), "How long a transaction is good for, by its venue's clock"
    )
    order_max_age_seconds: float = _setting(
        0.0, seconds("0", "31536000"), "An order not submitted by this age fails as expired; 0: it never does"
    )
    routing_policy: str | None = _setting(
        None,
        one_of(*POLICIES),
        f"Which quote wins. Without it `{WORST_PRICE}` where all venues are mocks, else `{BEST_PRICE}`",
    )
    default_slippage_bps: int | None = _setting(
        None,
        whole(0, SLIPPAGE_BPS_MAX),
        "The slippage limit of orders that name none, in 1/100 %. Without it none; on Solana `SOLANA_SLIPPAGE_BPS`",
    )
    mock_seed: int = _setting(0, whole(0, 2**63 - 1), "All mock outcomes follow from it and the order's id")
    mock_base_price: Decimal = _setting(Decimal(150), number("0.01", "1000000"), "Mock price that all others vary")
    mock_raydium_low: Decimal = _setting(Decimal("0.98"), number("0.01", "100"), "Raydium's lowest quote, times base")
    mock_raydium_high: Decimal = _setting(Decimal("1.02"), number("0.01", "100"), "Raydium's highest quote, times base")
    mock_raydium_fee: Decimal = _setting(Decimal("0.003"), number("0", "1"), "Raydium's fee, a fraction")
    mock_meteora_low: Decimal = _setting(Decimal("0.97"), number("0.01", "100"), "Meteora's lowest quote, times base")
    mock_meteora_high: Decimal = _setting(Decimal("1.02"), number("0.01", "100"), "Meteora's highest quote, times base")
    mock_meteora_fee: Decimal = _setting(Decimal("0.002"), number("0", "1"), "Meteora's fee, a fraction")
    mock_fill_low: Decimal = _setting(Decimal("0.97"), number("0.01", "100"), "Lowest executed price, times base")
    mock_fill_high: Decimal = _setting(Decimal("1.02"), number("0.01", "100"), "Highest executed price, times base")
    mock_quote_ms: int = _setting(200, whole(0, 600_000), "How long a mock quote takes")
    mock_build_ms: int = _setting(500, whole(0, 600_000), "How long building a mock transaction takes")
    mock_swap_min_ms: int = _setting(2000, whole(0, 600_000), "The fastest mock swap")
    mock_swap_max_ms: int = _setting(3000, whole(0, 600_000), "The slowest mock swap")
    mock_failure_rate: float = _setting(0.05, seconds("0", "1"), "Share of mock swaps that fail, 0 to 1")
    venues: tuple[tuple[str, str], ...] = _setting(
        (),
        venue_urls,
        "`Name=URL` of each venue, separated by commas: `http://`, `https://`, `jupiter:` or `raydium:` for "
        "real ones, or `mock:` for one that lives in the worker. Without it there are two of those, "
        "Raydium and Meteora",
        secret=True,
    )
    token_list: Path | None = _setting(
        None,
        Path,
        "Tokens that orders may name: a Token Lists file, followed, or `solana-mainnet`. Without it any",
    )
    venue_timeout_ms: int = _setting(
        3000, whole(1, 600_000), "How long a venue may take to quote, to build, or to tell of a transaction"
    )
    venue_swap_timeout_ms: int = _setting(
        10_000, whole(1, 600_000), "How long a swap's end is waited for, before the venue is asked about it"
    )
    venue_wait_seconds: float = _setting(
        30.0,
        seconds("0", "86400"),
        "How long after an order's last step silence of all venues uses no attempt",
    )
    quote_band_bps: int = _setting(
        0,
        whole(0, 10_000),
        "A quote further than this from the median of all is left out; of two that differ by more, both. 0: none is",
    )
    simulator_port: int = _setting(3002, whole(0, 65535), "The venue simulator's port; 0 takes a free one")
    simulator_ledger: Path = _setting(
        Path(".order-engine/venue-ledger.sqlite"), Path, "The venue simulator's record of all transactions"
    )
    simulator_fault_rate: float = _setting(0.0, seconds("0", "1"), "Share of calls that the simulator spoils, 0 to 1")
    simulator_faults: tuple[str, ...] = _setting(
        SIMULATOR_FAULTS,
        some_of(*SIMULATOR_FAULTS, *SIMULATOR_HARMS),
        "The faults that it draws from, by the mock seed; those of a venue that means harm are "
        f"`{'`, `'.join(SIMULATOR_HARMS)}`",
    )
    simulator_slow_ms: int = _setting(1500, whole(0, 600_000), "How much later a slow answer comes")
    log_format: str = _setting("console", one_of("console", "json"), "How log lines look")
    log_level: str = _setting(
        "info", one_of("debug", "info", "warning", "error"), "The least urgent lines that are kept"
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read all settings; a blank variable counts as absent. Raises SettingsError with every mistake."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for setting in all_settings():
            text = environ.get(variable(setting), "").strip()
            if not text:
                continue
            try:
                if not text.isprintable():
                    raise WrongValue("has a line break, or another sign that cannot be printed")
                values[setting.name] = setting.metadata["read"](text)
            except WrongValue as wrong:
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
        mistakes = [
            f"{PREFIX}{low.upper()} must not be above {PREFIX}{high.upper()}"
            for low, high in pairs
            if getattr(self, low) > getattr(self, high)
        ]
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            mistakes.append(f"{PREFIX}TLS_CERT_FILE and {PREFIX}TLS_KEY_FILE must be set together")
        real = [name for name, url in self.venues if is_real(url)]
        if real and (mocks := [name for name, url in self.venues if url.startswith("mock:")]):
            mistakes.append(f"{PREFIX}VENUES has {', '.join(mocks)}, whose swaps are on no chain, beside real venues")
        return mistakes + self._missing_for_auth() + self.mistaken_for(real, self.routing_policy, self.token_list)

    def _missing_for_auth(self) -> list[str]:
        if "none" in self.auth and len(self.auth) > 1:
            return [f"{PREFIX}AUTH must not have none beside another"]
        needed = {"api-key": ["key_pepper_file"], "jwt": ["jwt_jwks_file", "jwt_issuer", "jwt_audience"]}
        return [
            f"{PREFIX}{name.upper()} must be set for {PREFIX}AUTH={kind}"
            for kind in self.auth
            for name in needed.get(kind, ())
            if getattr(self, name) is None
        ]


def all_settings() -> "Sequence[Attribute[Any]]":
    """Return every setting, what belongs to webhooks and to real venues last."""
    apart = [{setting.name for setting in fields(kind)} for kind in (WebhookSettings, SolanaSettings)]
    return sorted(fields(Settings), key=lambda setting: [setting.name in names for names in reversed(apart)])


def variable(setting: "Attribute[Any]") -> str:
    """Return the name of a setting's environment variable."""
    return PREFIX + setting.name.upper()


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """List variables with our prefix that mean nothing, such as misspelt ones; `ORDER_ENGINE_TEST_*` is the tests'."""
    known = {variable(setting) for setting in all_settings()}
    ours = (name for name in environ if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"))
    return sorted(name for name in ours if name not in known)


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """List (variable, value, meaning) of all settings; a secret's value is only said to be set or not."""
    rows = []
    for setting in all_settings():
        value = getattr(settings, setting.name)
        if setting.metadata["secret"]:
            value = "(set)" if value else None
        rows.append((variable(setting), _written(value), setting.metadata["help"]))
    return rows


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def markdown_table() -> str:
    """Write the table of docs/configuration.md: every variable, its default, its meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {f'`{value}`' if value else ''} | {text} |" for name, value, text in shown(Settings())]
    return "\n".join(lines) + "\n"


def require_urls(settings: Settings, *names: str) -> None:
    """Raise SettingsError for each server's URL that is not set; `dev` alone can do without."""
    missing = [name for name in names or ("postgres_url", "redis_url") if getattr(settings, name) is None]
    if missing:
        raise SettingsError([f"{PREFIX}{name.upper()} must be set (or use `order-engine dev`)" for name in missing])
