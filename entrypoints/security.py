"""What is not safe beyond this machine: the start is refused, unless it is waived by name."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from application.api_key import EngineMode
from entrypoints.loopback import is_loopback, is_loopback_url
from entrypoints.settings import PREFIX, Settings, SettingsError
from entrypoints.solana_settings import is_real, place_of

_ENCRYPTED = ("require", "verify-ca", "verify-full")


def require_security(settings: Settings) -> None:
    """Raise SettingsError: all that is not safe and not waived by ORDER_ENGINE_INSECURE; real venues in paper too."""
    faults = {
        "no-auth": _no_auth(settings),
        "plain-postgres": settings.postgres_url and _plain_postgres(settings.postgres_url),
        "plain-redis": settings.redis_url and _plain_redis(settings.redis_url),
    }
    mistakes = [f"{fault}, or waive it: {PREFIX}INSECURE={name}" for name, fault in faults.items() if fault]
    mistakes = [text for text in mistakes if text.rpartition("=")[2] not in settings.insecure]
    mistakes += [
        f"{PREFIX}VENUES: {name} is on another machine, and may be real: that takes {PREFIX}MODE=live"
        for name in _elsewhere(settings)
    ]
    if mistakes:
        raise SettingsError(mistakes)


def _elsewhere(settings: Settings) -> list[str]:
    """Return the venues that may be real and must not be: mocks have no host, simulators are on this machine."""
    if settings.mode == EngineMode.LIVE:
        return []
    return [name for name, url in settings.venues if _is_elsewhere(url, settings.solana_rpc_urls)]


def _is_elsewhere(url: str, nodes: Sequence[str]) -> bool:
    if is_real(url):
        return not (is_loopback_url(place_of(url)) and all(map(is_loopback_url, nodes)))
    return bool(urlsplit(url).hostname) and not is_loopback_url(url)


def _no_auth(settings: Settings) -> str | None:
    if settings.auth != ("none",) or is_loopback(settings.host):
        return None
    return f"{PREFIX}AUTH=none lets everyone in who reaches {PREFIX}HOST, which is not loopback: set {PREFIX}AUTH"


def _plain_postgres(url: str) -> str | None:
    hosts, mode = _postgres_hosts(url)
    if mode in _ENCRYPTED or all(map(_is_local_postgres, hosts)):
        return None
    return f"{PREFIX}POSTGRES_URL may send orders in plain text to another machine: give it sslmode=verify-full"


def _postgres_hosts(url: str) -> tuple[list[str], str]:
    """Return where libpq would connect to, and its sslmode: as URL, environment and service file say together.

    With a port that there cannot be it works all that out, and connects to nothing.
    """
    from psycopg import pq
    from psycopg.conninfo import make_conninfo

    options = pq.PGconn.connect_start(make_conninfo(url, port="0").encode()).info
    said = {option.keyword.decode(): (option.val or b"").decode() for option in options}
    hosts, addresses = said["host"].split(","), said["hostaddr"].split(",")
    if len(addresses) == len(hosts) or hosts == [""]:
        hosts = [address or host for host, address in zip(hosts * len(addresses), addresses, strict=False)]
    return hosts, said["sslmode"]


def _is_local_postgres(host: str) -> bool:
    return host[:1] in ("", "/", "@") or is_loopback(host)  # none, a path or an abstract name: a Unix socket


def _plain_redis(url: str) -> str | None:
    from redis.asyncio.connection import parse_url

    if url.startswith(("rediss:", "unix:")) or is_loopback(parse_url(url).get("host") or "localhost"):
        return None
    return f"{PREFIX}REDIS_URL sends in plain text to another machine: take rediss://"
