"""The rules, in the order in which they are tried. Each raises Broken, or VenueUnavailable for what is no answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

from attrs import evolve, frozen

from adapters.http_venue.check.bench import Bench, Broken, must, said
from application.ports.errors import NotOffered, VenueUnavailable
from domain.execution import contradiction
from domain.status import FailureReason
from domain.transaction import Transaction, TransactionReport, TransactionStatus

_REJECTED = TransactionReport(TransactionStatus.REJECTED, reason=FailureReason.SLIPPAGE_EXCEEDED)
_DEAD = TransactionReport(TransactionStatus.DEAD)
_ON_ITS_WAY = (TransactionStatus.PENDING, TransactionStatus.UNKNOWN)
_LOOKS, _LOOK_SECONDS = 50, 0.1


@frozen
class Rule:
    """What a venue has to do, in words, and how that is tried."""

    text: str
    tried: Callable[[Bench], Awaitable[None]]


async def _quotes(bench: Bench) -> None:
    quote = await bench.venue.quote(bench.order())
    must(quote.price > 0 and 0 <= quote.fee < 1, f"the price is {quote.price}, the fee {quote.fee}")


async def _has_hashes(bench: Bench) -> None:
    order = bench.order()
    quote = await bench.venue.quote(order)
    first = await bench.venue.build(order, quote)
    second = await bench.venue.build(evolve(order, attempt=2), quote)
    other = await bench.built()
    must(first.tx_hash != second.tx_hash, "a second attempt has the first one's hash")
    must(other.tx_hash not in (first.tx_hash, second.tx_hash), "another order has the same hash")


async def _expires_as_asked(bench: Bench) -> None:
    brief, longer = await bench.built(bench.brief), await bench.built()
    apart = longer.expires_at - brief.expires_at
    must(apart > timedelta(seconds=5), "validSeconds made no difference to expiresAt")


async def _sends_nothing_by_itself(bench: Bench) -> None:
    built = await bench.built()
    await _is_unknown(bench, built)
    await _is_unknown(bench, evolve(built, tx_hash=f"never-{bench.ids.new()}"))


async def _is_unknown(bench: Bench, transaction: Transaction) -> None:
    report = await bench.venue.lookup(transaction)
    must(report.status is TransactionStatus.UNKNOWN, f"what was not sent is {said(report)}")


async def _swaps_what_was_ordered(bench: Bench) -> None:
    swap = await bench.landed()
    if why := contradiction(swap.submitted, swap.report):
        raise Broken(why)


async def _lands_once(bench: Bench) -> None:
    swap = await bench.landed()
    senders = [bench.venue, bench.another] * 3
    reports = [await bench.venue.lookup(swap.transaction), await bench.another.lookup(swap.transaction)]
    reports += await asyncio.gather(*(venue.send(swap.transaction) for venue in senders))
    reports.append(await bench.venue.lookup(swap.transaction))
    for report in reports:
        must(report == swap.report, f"first it was {said(swap.report)}, then {said(report)}, or with another fill")


async def _stays_landed(bench: Bench) -> None:
    swap = await bench.landed(bench.brief)
    await bench.outlast()
    for report in (await bench.venue.send(swap.transaction), await bench.venue.lookup(swap.transaction)):
        must(report == swap.report, f"after its expiry what landed is {said(report)}, or with another fill")


async def _keeps_limits(bench: Bench) -> None:
    order = bench.order(slippage_bps=5_000)
    quote = await bench.venue.quote(order)
    await bench.venue.build(order, quote)  # half the price will do
    try:
        dear = await bench.venue.build(evolve(order, slippage_bps=0), evolve(quote, price=quote.price * 2))
    except VenueUnavailable:
        return  # what was not built cannot land
    for report in (await bench.venue.send(dear), await bench.venue.send(dear), await bench.venue.lookup(dear)):
        must(report == _REJECTED, f"with a limit of twice the price it is {said(report)}")


async def _keeps_expiries(bench: Bench) -> None:
    late = await bench.built(bench.brief)
    await bench.outlast()
    for venue in (bench.venue, bench.another, bench.venue):
        report = await venue.send(late)
        must(report == _DEAD, f"sent after its expiry it is {said(report)}")
    report = await bench.venue.lookup(late)
    must(report.status in (TransactionStatus.DEAD, TransactionStatus.UNKNOWN), f"then it is {said(report)}")


async def _needs_no_listener(bench: Bench) -> None:
    transaction = await bench.built()
    sending = asyncio.create_task(bench.venue.send(transaction))
    reports = [await _once_seen(bench, transaction)]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    reports += await bench.another.send(transaction), await bench.venue.lookup(transaction)
    end = reports[-1]
    for report in reports:
        must(report.status in _ON_ITS_WAY or report == end, f"it was {said(report)}, and in the end {said(end)}")
    must(end.status not in _ON_ITS_WAY, f"in the end it is {said(end)}")


async def _once_seen(bench: Bench, transaction: Transaction) -> TransactionReport:
    """Return what the venue says of it once that is more than that it is unknown, or after some time."""
    report = await bench.another.lookup(transaction)
    for _ in range(_LOOKS):
        if report.status is not TransactionStatus.UNKNOWN:
            break
        await bench.clock.sleep(_LOOK_SECONDS)
        report = await bench.another.lookup(transaction)
    return report


async def _lists_what_it_was_sent(bench: Bench) -> None:
    await bench.landed()
    listed: Counter[str] = Counter()
    try:
        async for page in bench.venue.received(bench.clock.now() - timedelta(days=1)):
            listed.update(each.transaction.tx_hash for each in page if each.report.status is TransactionStatus.LANDED)
    except NotOffered:
        return
    for swap in bench.landed_swaps:
        times = listed[swap.transaction.tx_hash]
        must(times == 1, f"a swap that landed is {times} times in the list")


RULES = (
    Rule("quotes a price above 0, and a fee of 0 to below 1", _quotes),
    Rule("gives each order and each attempt a hash of its own", _has_hashes),
    Rule("takes a transaction for as long as it is asked to", _expires_as_asked),
    Rule("sends nothing by itself: what was not sent is unknown, with status 200", _sends_nothing_by_itself),
    Rule("swaps what was ordered: the amount, at about the quoted fee", _swaps_what_was_ordered),
    Rule("lands a transaction once, and says the same of it however often it is sent, by whomever", _lands_once),
    Rule("never takes back that a transaction landed, after its expiry either", _stays_landed),
    Rule("refuses a price below the limit, for good, as slippage_exceeded", _keeps_limits),
    Rule("refuses what has expired, for good, as expired", _keeps_expiries),
    Rule("brings a swap to its end though nobody waits for it", _needs_no_listener),
    Rule("has each swap once in its list of transactions, if it has a list", _lists_what_it_was_sent),
)
