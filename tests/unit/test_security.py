"""What is not safe beyond this machine ends the start, for each process and command, unless it is waived by name."""
# ruff: noqa: S104 - it is refused

from pathlib import Path

import pytest

from entrypoints.loopback import is_loopback
from entrypoints.security import require_security
from entrypoints.settings import Settings, SettingsError

LOCAL_POSTGRES = [
    "postgresql://u:p@localhost:5432/db",
    "postgresql://u:p@127.0.0.1/db",
    "postgresql://u:p@127.9.9.9/db",
    "postgresql://u:p@[::1]/db",
    "postgresql://localhost,127.0.0.1,[::1]/db?sslmode=disable",
    "postgresql://%2Fvar%2Frun/db",
    "postgresql:///db?host=/tmp",
    "postgresql:///db",
    "host=/tmp dbname=db",
    "host=far hostaddr=127.0.0.1",
    "dbname=db",
]
ENCRYPTED_POSTGRES = [
    "postgresql://u:p@far/db?sslmode=require",
    "postgresql://u:p@far,farther/db?sslmode=verify-full",
    "host=far sslmode=verify-ca",
]
PLAIN_POSTGRES = [
    "postgresql://u:p@far/db",
    "postgresql://u:p@far/db?sslmode=prefer",
    "postgresql://u:p@far/db?sslmode=allow",
    "postgresql://u:p@far/db?sslmode=disable",
    "postgresql://u:p@192.0.2.7/db",
    "postgresql://u:p@localhost,far/db",
    "postgresql://u:p@127.0.0.1:1,192.0.2.7:2/db",
    "postgresql://u:p@localhost.far/db",
    "postgresql://u:p@[2001:db8::1]/db",
    "postgresql:///db?host=far",
    "host=localhost hostaddr=192.0.2.7",
    "hostaddr=127.0.0.1,192.0.2.7",
    "host=/tmp,far",
]
LOCAL_REDIS = ["redis://", "redis://localhost:1/0", "redis://:p@127.0.0.1", "redis://[::1]:1", "unix:///tmp/r?db=1"]
PLAIN_REDIS = ["redis://far", "redis://:p@192.0.2.7:6379/0", "redis://localhost.far", "redis://[2001:db8::1]"]


def faults(**over: object) -> list[str]:
    """Return the name of each waiver that is asked for."""
    try:
        require_security(Settings(**over))  # type: ignore[arg-type]
    except SettingsError as error:
        return [mistake.rpartition("=")[2] for mistake in error.mistakes]
    return []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])
def test_on_loopback_nobody_has_to_log_in(host: str) -> None:
    assert faults(host=host) == []


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.7", "far", "localhost.far", "::ffff:192.0.2.7", "0", "127.1"]
)
def test_beyond_it_somebody_has_to_say_that_nobody_need_log_in(host: str) -> None:
    assert faults(host=host) == ["no-auth"]
    assert faults(host=host, insecure=("no-auth",)) == []
    assert faults(host=host, insecure=("plain-postgres", "plain-redis")) == ["no-auth"]
    assert faults(host=host, auth=("api-key",), key_pepper_file=Path("x")) == []


@pytest.mark.parametrize("url", [*LOCAL_POSTGRES, *ENCRYPTED_POSTGRES])
def test_postgres_may_be_here_or_encrypted(url: str) -> None:
    assert faults(postgres_url=url) == []


@pytest.mark.parametrize("url", PLAIN_POSTGRES)
def test_plain_text_to_postgres_elsewhere_is_waived_or_refused(url: str) -> None:
    assert faults(postgres_url=url) == ["plain-postgres"]
    assert faults(postgres_url=url, insecure=("plain-postgres",)) == []


def test_what_the_environment_gives_libpq_counts_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "services").write_text("[far]\nhost=far\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert faults(postgres_url="service=far") == ["plain-postgres"]
    monkeypatch.setenv("PGHOST", "far")
    assert faults(postgres_url="postgresql:///db") == ["plain-postgres"]
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert faults(postgres_url="postgresql:///db") == []


@pytest.mark.parametrize("url", [*LOCAL_REDIS, "rediss://far", "rediss://192.0.2.7"])
def test_redis_may_be_here_or_encrypted(url: str) -> None:
    assert faults(redis_url=url) == []


@pytest.mark.parametrize("url", PLAIN_REDIS)
def test_plain_text_to_redis_elsewhere_is_waived_or_refused(url: str) -> None:
    assert faults(redis_url=url) == ["plain-redis"]
    assert faults(redis_url=url, insecure=("plain-redis",)) == []


def test_all_is_told_at_once_and_no_secret() -> None:
    over = {"host": "0.0.0.0", "postgres_url": "postgresql://u:hunter2@far/db", "redis_url": "redis://:hunter2@far"}
    assert faults(**over) == ["no-auth", "plain-postgres", "plain-redis"]
    with pytest.raises(SettingsError) as refused:
        require_security(Settings(**over))  # type: ignore[arg-type]
    assert "hunter2" not in str(refused.value)
    assert faults(**over, insecure=("no-auth", "plain-postgres", "plain-redis")) == []


@pytest.mark.parametrize("host", ["", "far", "10.0.0.1", "localhost.", "127.0.0.1.far", "[::1]"])
def test_what_is_not_surely_here_is_elsewhere(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("text", ["none,api-key", "none,jwt", "api-key", "jwt", "api-key,jwt", "password"])
def test_who_logs_in_how_has_all_that_it_takes(text: str) -> None:
    with pytest.raises(SettingsError, match="ORDER_ENGINE_"):
        Settings.from_environment({"ORDER_ENGINE_AUTH": text})


@pytest.mark.parametrize(
    "url", ["http://orca:8080", "https://orca.example/v1", "http://192.0.2.7", "http://localhost.far"]
)
def test_a_venue_that_may_be_real_takes_a_live_engine(url: str) -> None:
    with pytest.raises(SettingsError, match="ORDER_ENGINE_VENUES: Orca is on another machine"):
        require_security(Settings(venues=(("Raydium", "mock:"), ("Orca", url))))
    assert faults(venues=(("Orca", url),), mode="live") == []


@pytest.mark.parametrize("url", ["mock:", "http://127.0.0.1:3002/Raydium", "http://localhost:3002", "https://[::1]/x"])
def test_mocks_and_simulators_on_this_machine_are_for_paper_too(url: str) -> None:
    for mode in ("paper", "live"):
        assert faults(venues=(("Raydium", url),), mode=mode) == []


@pytest.mark.parametrize("node", ["http://localhost:3004/rpc/a", "https://rpc.example"])
@pytest.mark.parametrize(
    "url",
    ["raydium:", "jupiter:?dex=Meteora+DLMM", "raydium:http://127.0.0.1:3004/raydium", "raydium:https://far.example"],
)
def test_real_venues_are_for_paper_only_where_they_and_their_chain_are_on_this_machine(url: str, node: str) -> None:
    over: dict[str, object] = {"venues": (("Raydium", url),), "solana_rpc_urls": ("http://localhost:3004/rpc/b", node)}
    here = "127.0.0.1" in url and "localhost" in node
    if here:
        require_security(Settings(**over))  # type: ignore[arg-type]
    else:
        with pytest.raises(SettingsError, match="MODE=live"):
            require_security(Settings(**over))  # type: ignore[arg-type]
    assert faults(**over, mode="live") == []
