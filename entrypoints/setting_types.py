"""How a setting's text is read: one reader a kind, each refusing with a text that says what is wanted."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from attrs import field

from application.limits.limit import By, Limit

_NUMBER = re.compile(r"-?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})")
_HOST_NAME = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_UNITS = {"s": 1, "m": 60, "h": 3600}
_RATE = re.compile(r"(user|key|address)=[1-9][0-9]{0,5}/[smh](:[1-9][0-9]{0,5})?")
_NUMBER_LIMIT = re.compile(r"(user|key|address)=[1-9][0-9]{0,5}")
OFF = "off"
_VENUE_NAME = re.compile(r"[A-Za-z0-9._-]{1,50}")
_LIKE_A_KEY = re.compile(r"[\d, ]{40,}|[A-Za-z0-9+=_-]{43,}")
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")


class WrongValue(ValueError):
    """A value breaks its rule; the text says which, never the value."""


def setting(default: Any, read: Callable[[str], Any], text: str, *, secret: bool = False) -> Any:
    """Declare a setting: its default, how its text is read, what the table in docs says of it."""
    return field(default=default, repr=not secret, metadata={"read": read, "help": text, "secret": secret})


def any_text(value: str) -> str:
    """Take any text."""
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """Read a whole number from `low` to `high`."""

    def read(value: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value) or not low <= int(value) <= high:
            raise WrongValue(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def number(low: str, high: str) -> Callable[[str], Decimal]:
    """Read a number from `low` to `high`, exactly."""

    def read(value: str) -> Decimal:
        if not _NUMBER.fullmatch(value) or not Decimal(low) <= Decimal(value) <= Decimal(high):
            raise WrongValue(f"must be a number from {low} to {high}")
        return Decimal(value)

    return read


def seconds(low: str, high: str) -> Callable[[str], float]:
    """Read what is counted in floats: a time, or a rate."""
    read = number(low, high)
    return lambda value: float(read(value))


def one_of(*choices: str) -> Callable[[str], str]:
    """Take one of `choices`."""

    def read(value: str) -> str:
        if value not in choices:
            raise WrongValue(f"must be one of: {', '.join(choices)}")
        return value

    return read


def some_of(*choices: str) -> Callable[[str], tuple[str, ...]]:
    """Take some of `choices`, separated by commas."""

    def read(value: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in value.split(","))
        if not set(found) <= set(choices):
            raise WrongValue(f"must be some of: {', '.join(choices)}, separated by commas")
        return found

    return read


def url(*schemes: str) -> Callable[[str], str]:
    """Take a URL of one of these schemes."""

    def read(value: str) -> str:
        try:
            parts = urlsplit(value)
            if parts.port == 0 or " " in value:
                raise ValueError
            (parts.hostname or "").encode("idna")
        except ValueError:  # as UnicodeError is
            parts = urlsplit("")
        if parts.scheme not in schemes:
            raise WrongValue(f"must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    return read


def urls(*schemes: str) -> Callable[[str], tuple[str, ...]]:
    """Read URLs of these schemes, separated by commas."""
    read = url(*schemes)
    return lambda value: tuple(read(part.strip()) for part in value.split(","))


def wallet_place(value: str) -> str:
    """Take a path or a URL; settings are shown, so what looks like a key is refused."""
    if value.startswith("[") or _LIKE_A_KEY.fullmatch(value):
        raise WrongValue("must be the path of a key file or the URL of a remote signer; a key has no place here")
    return value


def host_names(value: str) -> tuple[str, ...]:
    """Read names of hosts separated by commas."""
    return _list_of(_HOST_NAME, value, "must be names of hosts without ports, separated by commas")


def page_origins(value: str) -> tuple[str, ...]:
    """Read origins of pages separated by commas, as browsers write them: without a default port or a path."""
    found = _list_of(_ORIGIN, value, "must be origins such as https://desk.example.com, separated by commas")
    default_ports = {"http": ":80", "https": ":443"}
    return tuple(origin.removesuffix(default_ports[origin.partition(":")[0]]) for origin in found)


def networks(value: str) -> tuple[str, ...]:
    """Read addresses and networks, as 10.0.0.0/8 or ::1, separated by commas."""
    try:
        return tuple(str(ip_network(part.strip())) for part in value.split(","))
    except ValueError:
        raise WrongValue("must be addresses or networks such as 10.0.0.0/8, separated by commas") from None


def rate_limits(value: str) -> str:
    """Take rates by whom they are: `user=10/s,key=600/m:50`, the last with a burst; or `off`."""
    _limits(
        _RATE, value, "must be off, or such as user=10/s:20,key=600/m,address=100/s: a rate, and what may come at once"
    )
    return value


def number_limits(value: str) -> str:
    """Take numbers by whom they are: `user=100,address=500`; or `off`."""
    _limits(_NUMBER_LIMIT, value, "must be off, or such as user=100,key=1000,address=500")
    return value


def limits_of(value: str) -> Mapping[By, Limit]:
    """Return the limits that a setting says, which was read before."""
    found = {}
    for part in value.split(",") if value != OFF else ():
        by, _, limit = part.strip().partition("=")
        quota, _, burst = limit.partition(":")
        number, _, unit = quota.partition("/")
        found[By(by)] = Limit(int(number), _UNITS.get(unit, 0), int(burst or 0))
    return found


def _limits(pattern: re.Pattern[str], value: str, wanted: str) -> None:
    parts = [part.strip() for part in value.split(",")]
    names = [part.partition("=")[0] for part in parts]
    if value != OFF and (len(set(names)) < len(names) or not all(pattern.fullmatch(part) for part in parts)):
        raise WrongValue(wanted)


def _list_of(pattern: re.Pattern[str], value: str, wanted: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in value.split(","))
    if not all(pattern.fullmatch(part) for part in found):
        raise WrongValue(wanted)
    return found


def venue_urls(value: str) -> tuple[tuple[str, str], ...]:
    """Read `Name=URL` pairs separated by commas, in the order in which clients are given the names.

    A URL's scheme says of which kind the venue is; which kinds there are, the container knows.
    """
    found: dict[str, str] = {}
    for part in value.split(","):
        name, _, address = part.strip().partition("=")
        if not _VENUE_NAME.fullmatch(name) or name in found or not _WITH_SCHEME.match(address):
            raise WrongValue("must be Name=URL pairs separated by commas, each name once and of A-Z a-z 0-9 . _ -")
        found[name] = _base_url(address) if address.startswith(("http:", "https:")) else address
    return tuple(found.items())


def explorer_urls(value: str) -> tuple[str, ...]:
    """Read `chain=URL` pairs separated by commas, each URL with `{hash}` in it."""
    found = tuple(part.strip() for part in value.split(","))
    for part in found:
        chain, _, address = part.partition("=")
        if not _VENUE_NAME.fullmatch(chain) or address.count("{hash}") != 1:
            raise WrongValue("must be chain=URL pairs separated by commas, each URL with one {hash}")
        url("http", "https")(address)
    return found


def _base_url(address: str) -> str:
    parts = urlsplit(url("http", "https")(address))
    if not parts.hostname or parts.query or parts.fragment:
        raise WrongValue("must be URLs with a host and without a query: paths are added to them")
    return address.rstrip("/")
