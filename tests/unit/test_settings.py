"""Settings: defaults, every mistake at once, no secrets, and a table in the docs that is never out of date."""

from pathlib import Path

import pytest

from application.limits.limit import By, Limit
from application.trading_rules import TradingRules
from domain.routing import RoutingPolicy, best_net_output, lowest_price
from entrypoints.container.venues import made_policy, made_rules
from entrypoints.setting_types import limits_of
from entrypoints.settings import (
    SIMULATOR_FAULTS,
    SIMULATOR_HARMS,
    Settings,
    SettingsError,
    markdown_table,
    shown,
    unknown_variables,
)
from entrypoints.solana_settings import SOLANA_FAULTS
from simulators.solana.faults import Fault as SolanaFault
from simulators.venue.faults import Fault, Harm

ROOT = Path(__file__).parents[2]


def test_the_defaults_are_the_specifications() -> None:
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.worker_http_port) == ("127.0.0.1", 3000, 3001)
    assert (settings.worker_concurrency, settings.retry_attempts, settings.retry_base_ms) == (500, 3, 1000)
    assert (settings.lease_seconds, settings.recovery_seconds, settings.tx_expiry_seconds) == (10, 15, 30)
    assert (settings.mock_quote_ms, settings.mock_build_ms) == (200, 500)
    assert (settings.mock_swap_min_ms, settings.mock_swap_max_ms, settings.mock_failure_rate) == (2000, 3000, 0.05)


def test_values_are_read_and_blank_ones_count_as_absent() -> None:
    settings = Settings.from_environment({"ORDER_ENGINE_PORT": " 8080 ", "ORDER_ENGINE_HOST": "  "})
    assert (settings.port, settings.host) == (8080, "127.0.0.1")


def test_networks_are_read_and_what_is_none_is_refused() -> None:
    settings = Settings.from_environment({"ORDER_ENGINE_TRUSTED_PROXIES": "10.0.0.0/8, ::1,192.0.2.7"})
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128", "192.0.2.7/32")
    for wrong in ("10.0.0.1/8", "proxy.example", "10.0.0.0/33", "10.0.0.0/8,"):
        with pytest.raises(SettingsError, match="TRUSTED_PROXIES must be addresses or networks"):
            Settings.from_environment({"ORDER_ENGINE_TRUSTED_PROXIES": wrong})


def test_the_faults_are_the_simulators() -> None:
    assert SIMULATOR_FAULTS == tuple(Fault) == Settings().simulator_faults
    assert tuple(Harm) == SIMULATOR_HARMS
    assert SOLANA_FAULTS == tuple(SolanaFault) == Settings().solana_simulator_faults


def test_every_mistake_is_told_at_once_by_its_variable_and_without_secrets() -> None:
    wrong = {
        "ORDER_ENGINE_PORT": "http",
        "ORDER_ENGINE_POSTGRES_URL": "mysql://user:hunter2@host/db",
        "ORDER_ENGINE_REDIS_URL": "redis://:hunter2@[bad",
        "ORDER_ENGINE_MOCK_FAILURE_RATE": "NaN",
        "ORDER_ENGINE_ROUTING_POLICY": "random",
        "ORDER_ENGINE_LEASE_SECONDS": "-1",
        "ORDER_ENGINE_WORKER_CONCURRENCY": "٣",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(wrong)
    assert [mistake.split()[0] for mistake in caught.value.mistakes] == sorted(wrong, key=list(vars_in_order()).index)
    assert "hunter2" not in str(caught.value)


def vars_in_order() -> list[str]:
    return [name for name, _, _ in shown(Settings())]


@pytest.mark.parametrize("text", ["1_000", "\u0661\u0660", "1e3", "+10", "Infinity", "1 0", "0x10"])
@pytest.mark.parametrize("name", ["MOCK_BASE_PRICE", "GRACE_SECONDS", "PORT"])
def test_numbers_are_plain_digits(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"ORDER_ENGINE_{name} must be a"):
        Settings.from_environment({f"ORDER_ENGINE_{name}": text})


@pytest.mark.parametrize("text", ["a\nb", "a\x1bb", "a\udcffb"])
@pytest.mark.parametrize("name", ["HOST", "DATA_DIR", "POSTGRES_URL", "REDIS_URL", "VENUES"])
def test_what_cannot_be_printed_is_a_mistake(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"ORDER_ENGINE_{name} has a line break, or another sign"):
        Settings.from_environment({f"ORDER_ENGINE_{name}": text})


def test_settings_that_contradict_each_other_are_a_mistake() -> None:
    with pytest.raises(SettingsError, match="ORDER_ENGINE_MOCK_SWAP_MIN_MS must not be above"):
        Settings.from_environment({"ORDER_ENGINE_MOCK_SWAP_MIN_MS": "5000"})


def test_secrets_are_never_shown() -> None:
    settings = Settings.from_environment({"ORDER_ENGINE_POSTGRES_URL": "postgresql://u:hunter2@h/db"})
    assert settings.postgres_url == "postgresql://u:hunter2@h/db"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(shown(settings))


def test_misspelt_variables_are_noticed_and_the_tests_own_are_not() -> None:
    environ = {"ORDER_ENGINE_PROT": "1", "ORDER_ENGINE_PORT": "1", "ORDER_ENGINE_TEST_REDIS_URL": "x", "PATH": "y"}
    assert unknown_variables(environ) == ["ORDER_ENGINE_PROT"]


def test_the_documented_table_is_the_codes() -> None:
    assert markdown_table() in (ROOT / "docs" / "configuration.md").read_text()


def test_the_example_environment_loads_and_names_every_setting() -> None:
    lines = [line.lstrip("# ") for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line]
    environ = dict(line.split("=", 1) for line in lines)
    Settings.from_environment(environ)
    assert list(environ) == vars_in_order()


def test_venues_are_pairs_in_the_order_in_which_clients_see_them() -> None:
    settings = Settings.from_environment(
        {"ORDER_ENGINE_VENUES": "Raydium=http://a:3002/Raydium/, Meteora=https://u:hunter2@b/x"}
    )
    assert settings.venues == (("Raydium", "http://a:3002/Raydium"), ("Meteora", "https://u:hunter2@b/x"))
    assert "hunter2" not in repr(settings) + str(shown(settings))


@pytest.mark.parametrize(
    "text",
    [
        "http://a",
        "A",
        "A=",
        "A=mock",
        "A=mock:,A=http://a",
        "=http://a",
        "A=http://a,A=http://b",
        "A=http://",
        "A=http://a?k=v",
        "A=http://a b",
        "A=http://a..b",
        "A=http://a:0",
        "A=http://[::1",
        "A b=http://a",
    ],
)
def test_venues_without_a_name_or_a_url_are_a_mistake(text: str) -> None:
    with pytest.raises(SettingsError, match="ORDER_ENGINE_VENUES must be"):
        Settings.from_environment({"ORDER_ENGINE_VENUES": text})


def test_venues_of_several_kinds_can_be_mixed() -> None:
    text = "Raydium=mock:, Orca=http://orca:8080/v1/, Meteora=https://meteora.example"
    assert Settings.from_environment({"ORDER_ENGINE_VENUES": text}).venues == (
        ("Raydium", "mock:"),
        ("Orca", "http://orca:8080/v1"),
        ("Meteora", "https://meteora.example"),
    )


def test_the_simulators_faults_can_be_chosen() -> None:
    settings = Settings.from_environment({"ORDER_ENGINE_SIMULATOR_FAULTS": "slow, lost_reply"})
    assert settings.simulator_faults == ("slow", "lost_reply")
    with pytest.raises(SettingsError, match="ORDER_ENGINE_SIMULATOR_FAULTS must be some of: slow,"):
        Settings.from_environment({"ORDER_ENGINE_SIMULATOR_FAULTS": "earthquake"})


def test_limits_are_read_and_what_is_none_is_refused() -> None:
    rates = Settings.from_environment({"ORDER_ENGINE_LIMIT_ORDERS": "user=10/s:20, key=600/m,address=5/h"}).limit_orders
    assert limits_of(str(rates)) == {By.USER: Limit(10, 1, 20), By.KEY: Limit(600, 60), By.ADDRESS: Limit(5, 3600)}
    numbers = Settings.from_environment({"ORDER_ENGINE_LIMIT_SOCKETS": "user=10,address=5"}).limit_sockets
    assert limits_of(str(numbers)) == {By.USER: Limit(10), By.ADDRESS: Limit(5)}
    assert limits_of(str(Settings.from_environment({"ORDER_ENGINE_LIMIT_ORDERS": "off"}).limit_orders)) == {}
    for wrong in (
        "10/s",
        "user=0/s",
        "user=10",
        "user=10/d",
        "user=1/s,user=2/s",
        "all=1/s",
        "user=1/s:0",
        "user=-1/s",
    ):
        with pytest.raises(SettingsError, match="LIMIT_ORDERS must be off"):
            Settings.from_environment({"ORDER_ENGINE_LIMIT_ORDERS": wrong})
    for wrong in ("user=10/s", "10", "user=0"):
        with pytest.raises(SettingsError, match="LIMIT_SOCKETS must be off, or such as"):
            Settings.from_environment({"ORDER_ENGINE_LIMIT_SOCKETS": wrong})


REAL = {
    "ORDER_ENGINE_VENUES": "Raydium=raydium:,Meteora=jupiter:?dex=Meteora+DLMM",
    "ORDER_ENGINE_SOLANA_RPC_URLS": "https://a.example/?key=hunter2, http://b.example",
    "ORDER_ENGINE_TOKEN_LIST": "solana-mainnet",
}


def test_real_venues_sell_at_the_best_price_unless_their_operator_says_otherwise() -> None:
    assert made_policy(Settings()) is lowest_price
    assert made_policy(Settings.from_environment(REAL)) is best_net_output
    worst = {**REAL, "ORDER_ENGINE_ROUTING_POLICY": "lowest_price"}
    with pytest.raises(SettingsError, match="takes ORDER_ENGINE_ALLOW_WORST_PRICE=yes"):
        Settings.from_environment(worst)
    assert made_policy(Settings.from_environment({**worst, "ORDER_ENGINE_ALLOW_WORST_PRICE": "yes"})) is lowest_price


@pytest.mark.parametrize(
    ("venues", "policy"),
    [
        ("Raydium=mock:,Meteora=mock:", lowest_price),
        ("Raydium=mock:,Meteora=http://127.0.0.1:3002/Meteora", best_net_output),
        ("Raydium=https://venue.example,Meteora=mock:", best_net_output),
    ],
)
def test_one_venue_that_is_no_mock_makes_what_a_seller_gets_decide(venues: str, policy: RoutingPolicy) -> None:
    environ = {"ORDER_ENGINE_VENUES": venues}
    assert made_policy(Settings.from_environment(environ)) is policy
    said = {**environ, "ORDER_ENGINE_ROUTING_POLICY": "lowest_price"}
    assert made_policy(Settings.from_environment(said)) is lowest_price


def test_the_rules_name_the_policy_and_the_slippage_limit_that_holds() -> None:
    limit = {"ORDER_ENGINE_DEFAULT_SLIPPAGE_BPS": "120"}
    for environ, rules in (
        ({}, TradingRules("lowest_price")),
        (limit, TradingRules("lowest_price", 120)),
        (REAL, TradingRules("best_net_output", 50)),
        ({**REAL, **limit}, TradingRules("best_net_output", 120)),
    ):
        settings = Settings.from_environment(environ)
        assert made_rules(settings, made_policy(settings)) == rules
    for wrong in ("-1", "10001", "1.5"):
        with pytest.raises(SettingsError, match="DEFAULT_SLIPPAGE_BPS"):
            Settings.from_environment({"ORDER_ENGINE_DEFAULT_SLIPPAGE_BPS": wrong})


def test_real_venues_need_a_node_and_a_token_list_and_a_nodes_url_is_a_secret() -> None:
    settings = Settings.from_environment(REAL)
    assert settings.solana_rpc_urls == ("https://a.example/?key=hunter2", "http://b.example")
    assert "hunter2" not in repr(settings) + str(shown(settings))
    missing = (
        "SOLANA_RPC_URLS must be set for Raydium, Meteora\nORDER_ENGINE_TOKEN_LIST must be set for Raydium, Meteora"
    )
    with pytest.raises(SettingsError, match=missing):
        Settings.from_environment({"ORDER_ENGINE_VENUES": REAL["ORDER_ENGINE_VENUES"]})


def test_one_node_is_not_two_witnesses() -> None:
    with pytest.raises(SettingsError, match="must not name one node twice"):
        Settings.from_environment({**REAL, "ORDER_ENGINE_SOLANA_RPC_URLS": "http://b.example,http://b.example"})


def test_no_mock_takes_an_order_from_real_venues() -> None:
    urls = f"{REAL['ORDER_ENGINE_VENUES']},Orca=mock:"
    with pytest.raises(SettingsError, match="VENUES has Orca, whose swaps are on no chain"):
        Settings.from_environment({**REAL, "ORDER_ENGINE_VENUES": urls})


@pytest.mark.parametrize("name", ["SOLANA_SLIPPAGE_BPS", "SOLANA_MAX_SLIPPAGE_BPS"])
def test_there_is_no_swap_without_a_limit(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        Settings.from_environment({f"ORDER_ENGINE_{name}": "10000"})


def test_the_usual_slippage_is_within_the_most() -> None:
    with pytest.raises(SettingsError, match="SOLANA_SLIPPAGE_BPS must not be above"):
        Settings.from_environment({"ORDER_ENGINE_SOLANA_SLIPPAGE_BPS": "501"})
