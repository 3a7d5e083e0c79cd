"""Sends signed swaps until the chain has them, and reports what it made of them."""

from math import inf

from adapters.solana.answers import Commitment, Seen
from adapters.solana.death import Dead, require_failed, sought
from adapters.solana.fills import fill_of
from adapters.solana.payload import SignedSwap
from adapters.solana.program_errors import reason_of
from adapters.solana.rpc import SolanaRpc
from application.ports.errors import VenueUnavailable
from application.ports.finality import Settlement
from application.ports.system import Clock
from domain.transaction import Finality, TransactionReport, TransactionStatus

RESEND_SECONDS = 2.0
POLL_SECONDS = 0.5
_PENDING = TransactionReport(TransactionStatus.PENDING)
_UNKNOWN = TransactionReport(TransactionStatus.UNKNOWN)
_DEAD = TransactionReport(TransactionStatus.DEAD)


class Confirmation:
    """Delivers swaps of our wallets. Only what was stored is ever sent, and as often as it takes.

    Sent again, the same bytes cannot land twice: the cluster knows each signature for as long as its blockhash is
    taken. A swap is LANDED from `confirmed` on. One that failed is REJECTED only once that is finalized: the fork that
    it failed on may go, and it could land after all, beside the next attempt.
    """

    def __init__(self, rpc: SolanaRpc, clock: Clock, *, wait_seconds: float = 30.0) -> None:
        self._rpc = rpc
        self._clock = clock
        self._wait = wait_seconds

    async def send(self, signed: SignedSwap) -> TransactionReport:
        """Send it every two seconds until it landed or failed; PENDING when neither has come in `wait_seconds`.

        Raises VenueUnavailable when no node takes it, nor says anything of it. No error that a node answers with is an
        outcome: another may have relayed it before.
        """
        end, resend_at = self._clock.monotonic() + self._wait, -inf
        while (now := self._clock.monotonic()) < end:
            failed = None
            if now >= resend_at:
                failed = await self._relay(signed)
                resend_at = now + RESEND_SECONDS
            try:
                report = await self._report(await self._rpc.status(signed.signature, history=False), signed)
            except VenueUnavailable as error:
                if failed is not None:
                    raise failed from error
            else:
                if report.status in (TransactionStatus.LANDED, TransactionStatus.REJECTED):
                    return report
            await self._clock.sleep(POLL_SECONDS)
        return _PENDING

    async def lookup(self, signed: SignedSwap) -> TransactionReport:
        """Ask the chain. Raises VenueUnavailable when that settles nothing, as when nodes disagree."""
        found = await self._found(signed)
        return _DEAD if isinstance(found, Dead) else await self._report(found, signed)

    async def settled(self, signed: SignedSwap) -> Settlement | None:
        """Return how a landed swap ended for ever; None while that is open, and it is sent again unless it is in.

        Raises VenueUnavailable as `lookup` does.
        """
        found = await self._found(signed)
        if isinstance(found, Dead):
            return Settlement(Finality.UNDONE)
        if found.status is Commitment.FINALIZED:
            landed = await self._rpc.transaction(signed.signature, Commitment.FINALIZED)
            if landed is None:
                return None
            if landed.err is not None:
                return Settlement(Finality.UNDONE)
            fill = fill_of(landed, signed)
            if min(fill.amount_in, fill.amount_out) <= 0:
                raise VenueUnavailable("shows a swap that gave or got nothing")
            return Settlement(Finality.FINALIZED, fill)
        if found.status is not Commitment.CONFIRMED:
            await self._relay(signed)
        return None

    async def _found(self, signed: SignedSwap) -> Seen | Dead:
        seen = await self._rpc.status(signed.signature)
        return seen if seen.status is not None else await sought(self._rpc.nodes(), signed)

    async def _report(self, seen: Seen, signed: SignedSwap) -> TransactionReport:
        if seen.status is None:
            return _UNKNOWN
        final = seen.status is Commitment.FINALIZED
        if seen.status is Commitment.PROCESSED or (seen.err is not None and not final):
            return _PENDING
        landed = await self._rpc.transaction(signed.signature, seen.status)
        if landed is None or (landed.err is not None and not final):
            return _PENDING  # a node that is a little behind, or a fork
        if landed.err is not None:
            await require_failed(self._rpc.nodes(), signed)
            return TransactionReport(TransactionStatus.REJECTED, reason=reason_of(landed.err, landed.logs))
        return TransactionReport(TransactionStatus.LANDED, fill=fill_of(landed, signed))

    async def _relay(self, signed: SignedSwap) -> VenueUnavailable | None:
        """Send it once; return why no node took it."""
        try:
            await self._rpc.send(signed.raw)
        except VenueUnavailable as error:
            return error
        return None
