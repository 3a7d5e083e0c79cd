"""`order-engine venue-check URL`: whether a venue that speaks the engine's HTTP keeps all that is asked of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import WRONG_USAGE, fail, settings_of_the_environment
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import say, say_json

if TYPE_CHECKING:
    from decimal import Decimal

    from entrypoints.container.venue_check import Verdict
    from entrypoints.settings import Settings

Pair = tuple[str, str]


def venue_check(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="As ORDER_ENGINE_VENUES would have it.", show_default=False)
    ],
    pair: Annotated[str, typer.Option(metavar="SOLD/BOUGHT", help="Which tokens to swap.")] = "SOL/USDC",
    amount: Annotated[str, typer.Option(metavar="N", help="How much of the first, each time.")] = "1",
    as_json: AsJson = False,
) -> None:
    """Try a venue under development, rule by rule. It makes swaps there: some ten. Exit code 1: a rule is broken.

    It waits as long as a worker with the same settings: ORDER_ENGINE_VENUE_TIMEOUT_MS, _VENUE_SWAP_TIMEOUT_MS.
    """
    import asyncio

    from entrypoints import logs

    settings = settings_of_the_environment()
    logs.configure(settings.log_format, "error")
    address, tokens, each = _address(url, settings), _pair(pair), _amount(amount)
    found = asyncio.run(_tried(address, tokens, each, settings, aloud=not as_json))
    if as_json:
        say_json([{"rule": one.rule, "kept": one.why is None, "why": one.why} for one in found])
    if any(one.why is not None for one in found):
        raise SystemExit(1)


async def _tried(url: str, pair: Pair, amount: "Decimal", settings: "Settings", *, aloud: bool) -> "list[Verdict]":
    from entrypoints.container.venue_check import bench_at, verdicts

    found = []
    waits = {
        "timeout_seconds": settings.venue_timeout_ms / 1000,
        "swap_timeout_seconds": settings.venue_swap_timeout_ms / 1000,
    }
    async with bench_at(url, pair, amount, **waits) as bench:
        async for verdict in verdicts(bench):
            found.append(verdict)
            if aloud:
                say(f"ok      {verdict.rule}" if verdict.why is None else f"FAILED  {verdict.rule}: {verdict.why}")
    return found


def _address(url: str, settings: "Settings") -> str:
    """Read the venue's URL; in paper it has to be on this machine, as every venue."""
    from application.api_key import EngineMode
    from entrypoints.loopback import is_loopback_url
    from entrypoints.setting_types import WrongValue, venue_urls

    try:
        [(_, address)] = venue_urls(f"venue={url}")
    except WrongValue as wrong:
        fail(f"The venue's URL {wrong}.", WRONG_USAGE)
    if not address.startswith(("http:", "https:")):
        fail("The venue's URL must start with http:// or https://.", WRONG_USAGE)
    if settings.mode != EngineMode.LIVE and not is_loopback_url(address):
        fail("The venue is on another machine, and may be real: that takes ORDER_ENGINE_MODE=live.", WRONG_USAGE)
    return address


def _pair(text: str) -> Pair:
    from domain.names import BadName, name_of
    from domain.order_request import TOKEN_LENGTH

    sold, _, bought = text.partition("/")
    try:
        return name_of(sold, TOKEN_LENGTH), name_of(bought, TOKEN_LENGTH)
    except BadName:
        fail("--pair must be two tokens, such as SOL/USDC.", WRONG_USAGE)


def _amount(text: str) -> "Decimal":
    from domain.errors import InvalidAmount
    from domain.money import amount_of_text

    try:
        return amount_of_text(text)
    except InvalidAmount as error:
        fail(f"--amount {error}.", WRONG_USAGE)
