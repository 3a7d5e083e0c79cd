"""Each node by itself: whether it answers, of which chain it is, how far, and what its clock says."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

import httpx
import msgspec
from attrs import frozen

from adapters.solana.answers import EpochInfo
from adapters.solana.doctor.finding import Finding, Health
from adapters.solana.node import SolanaNode
from adapters.solana.tips import BEHIND_SLOTS
from application.ports.errors import VenueUnavailable
from application.ports.system import Clock

# A chain is known by the hash of its first block.
GENESIS: Mapping[str, str] = MappingProxyType(
    {
        "solana": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
        "solana-testnet": "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY",
        "solana-devnet": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    }
)
SKEW_SECONDS = 3.0
SLOW_MS = 1_000
# What became of a swap is asked for minutes after it was sent, and after an outage for hours.
HISTORY_SLOTS = 9_000
_ASK_GENESIS = b'{"jsonrpc":"2.0","id":1,"method":"getGenesisHash","params":[]}'


@frozen
class Hello:
    """A node's first answer: its chain, how long it took, and what time it is there if it says so."""

    genesis: str
    took_ms: float
    skew_seconds: float | None


class _Genesis(msgspec.Struct):
    result: str


async def node_findings(
    nodes: Sequence[SolanaNode], urls: Sequence[str], chain: str, clock: Clock, timeout_seconds: float
) -> list[Finding]:
    """Look at each node, and hold one against the other."""
    looked = await asyncio.gather(*(_looked(node) for node in nodes))
    newest = max((epoch.absolute_slot for epoch, _ in looked if epoch), default=0)
    hellos = await asyncio.gather(*(_greeted(url, clock, timeout_seconds) for url in urls))
    found: list[Finding] = []
    for node, hello, (epoch, text) in zip(nodes, hellos, looked, strict=True):
        found.extend((_of_chain(node.name, hello, chain), _of_clock(node.name, hello)) if hello else ())
        found.append(
            Finding(node.name, Health.WRONG, text) if epoch is None else _of_height(node.name, epoch, newest, text)
        )
    return found


async def _looked(node: SolanaNode) -> tuple[EpochInfo | None, str]:
    """Return how far a node is, and how much it remembers; or why that is not known."""
    try:
        await node.latest_blockhash()
        epoch = await node.epoch_info()
        return epoch, _history(epoch.absolute_slot - await node.first_slot())
    except VenueUnavailable as error:
        return None, str(error)


def _history(slots: int) -> str:
    return "" if slots >= HISTORY_SLOTS else f"it remembers {slots} slots only: of older swaps it knows nothing"


def _of_height(name: str, epoch: EpochInfo, newest: int, forgets: str) -> Finding:
    wrong, behind = None, newest - epoch.absolute_slot
    if epoch.block_height >= epoch.absolute_slot:
        wrong = f"its block height {epoch.block_height} is not below its slot: by it no swap can be called dead"
    elif behind > BEHIND_SLOTS:
        wrong = f"it is {behind} slots behind another"
    good = f"finalized up to block {epoch.block_height}, slot {epoch.absolute_slot}"
    return Finding.of(f"{name}: height", good, wrong=wrong, warning=forgets or None)


def _of_chain(name: str, hello: Hello, chain: str) -> Finding:
    of = {genesis: each for each, genesis in GENESIS.items()}.get(hello.genesis)
    wrong = None if of in (None, chain) else f"it is of {of}, not of {chain}"
    warning = None if of == chain else f"its chain is none of the public ones: a simulator? It counts as {chain}"
    if warning is None and hello.took_ms > SLOW_MS:
        warning = f"it took {hello.took_ms:.0f} ms to answer"
    return Finding.of(f"{name}: chain", f"{of}, answered in {hello.took_ms:.0f} ms", wrong=wrong, warning=warning)


def _of_clock(name: str, hello: Hello) -> Finding:
    skew = hello.skew_seconds
    if skew is None:
        return Finding(f"{name}: clock", Health.OK, "it does not say its time")
    warning = f"this machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} it; nothing is decided by that"
    return Finding.of(
        f"{name}: clock", "as this machine's, to a second or two", warning=warning if abs(skew) > SKEW_SECONDS else None
    )


async def _greeted(url: str, clock: Clock, timeout_seconds: float) -> Hello | None:
    """Ask which chain it is; None when that is not answered, which the look at its height says too."""
    begun = clock.monotonic()
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=timeout_seconds) as client:
            answer = await client.post(url, content=_ASK_GENESIS, headers={"Content-Type": "application/json"})
        genesis = msgspec.json.decode(answer.content, type=_Genesis).result
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, ValueError):
        return None
    return Hello(genesis, 1000 * (clock.monotonic() - begun), _skew(answer.headers.get("Date"), clock.now()))


def _skew(date: str | None, now: datetime) -> float | None:
    try:
        return (now - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return None
