"""Judges what a venue built: nothing is signed that gives more than the order, or that nobody here can read."""

from collections.abc import Sequence
from hashlib import blake2b

from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey

from adapters.solana.judge.balances import SIGNATURE_LAMPORTS, compare, reached
from adapters.solana.judge.message import Build, decoded, resolved, signed_with, unsigned_bytes
from adapters.solana.judge.mints import require_listed
from adapters.solana.judge.node import Accounts, Blockhash, Node
from adapters.solana.judge.rules import Reviewed, reviewed
from adapters.solana.judge.wanted import SimulationFailed, UnsafeTransaction, WantedSwap
from application.ports.errors import VenueUnavailable

# Before and after must be of one slot; a node that moves on in between is asked for both at once.
TRIES = 6
MOST_LOADED_BYTES = 64 * 1024 * 1024


class Judge:
    """Approves a swap's bytes, or refuses them."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def approved(self, unsigned: bytes, wanted: WantedSwap, blockhash: Blockhash) -> bytes:
        """Return the message to sign: the venue's swap with our blockhash, and no more compute units than it takes.

        Raises UnsafeTransaction for what must not be signed, SimulationFailed when the chain would refuse it, and
        VenueUnavailable when the node does not answer.
        """
        message = decoded(unsigned, Pubkey.from_string(wanted.wallet))
        build = resolved(message, await self._tables(message))
        review = reviewed(build, wanted)
        message = signed_with(
            message, blockhash.hash, {review.swap_at: review.swap.data}, added=_of_its_order(wanted.reference)
        )
        units = await self._simulated(message, build, review, wanted)
        return to_bytes_versioned(_bounded(message, review, units, wanted))

    async def _tables(self, message: MessageV0) -> dict[str, Sequence[str]]:
        wanted = [str(each.account_key) for each in message.address_table_lookups]
        return dict(await self._node.lookup_tables(wanted)) if wanted else {}

    async def _simulated(self, message: MessageV0, build: Build, review: Reviewed, wanted: WantedSwap) -> int:
        """Return the compute units that it takes, once what it does to our accounts is what the order wants."""
        raw = unsigned_bytes(message)
        ours, found = await self._ours(build, review, wanted)
        names = [str(each) for each in ours]
        ran = await self._node.simulate(raw, names)
        for _ in range(TRIES):
            if ran.err is not None:
                raise SimulationFailed(ran.err, ran.logs)
            if found.slot == ran.slot:
                before, after = (dict(zip(ours, each.accounts, strict=True)) for each in (found, ran))
                compare(wanted, before, after, SIGNATURE_LAMPORTS + review.priority_lamports(review.units))
                return ran.units
            found, ran = await self._node.before_and_after(raw, names)
        raise VenueUnavailable("no simulation is of the slot that the balances are of")

    async def _ours(self, build: Build, review: Reviewed, wanted: WantedSwap) -> tuple[Sequence[Pubkey], Accounts]:
        """Return the accounts of ours that it may change. Raises UnsafeTransaction."""
        assets, writable = (wanted.input, wanted.output), len(build.writable)
        found = await self._node.accounts([*map(str, build.writable), *(asset.address for asset in assets)])
        require_listed(assets, found.accounts[writable:])
        states = dict(zip(build.writable, found.accounts[:writable], strict=True))
        ours = reached(states, Pubkey.from_string(wanted.wallet), review.own)
        return ours, Accounts(found.slot, tuple(states[each] for each in ours))


def _of_its_order(reference: str) -> bytes:
    """Return an instruction that makes a transaction, and so its signature, one order's own.

    Of two orders alike that are built in one slot only one could land. It says how many bytes of accounts are loaded at
    most: no more than without it (64 MiB), and no less than three quarters of that, which costs nothing.
    """
    digest = int.from_bytes(blake2b(reference.encode(), digest_size=3).digest())
    return b"\x04" + (MOST_LOADED_BYTES - digest).to_bytes(4, "little")


def _bounded(message: MessageV0, review: Reviewed, took: int, wanted: WantedSwap) -> MessageV0:
    """Return the message with no more compute units than it needs. Raises UnsafeTransaction when they cost too much."""
    # A fifth more, as prices move; and what making an account costs that another swap of ours just closed.
    units = min(review.units, took * 6 // 5 + 30_000)
    priority = review.priority_lamports(units)
    if priority > wanted.max_priority_lamports:
        raise UnsafeTransaction(f"its priority fee is {priority} lamports, of {wanted.max_priority_lamports}")
    limit = b"\x02" + units.to_bytes(4, "little")
    return signed_with(message, str(message.recent_blockhash), {review.units_at: limit})
