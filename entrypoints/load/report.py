"""How a load went, as tables for a person and as one JSON document for a script."""

import math
from typing import Any

from rich.table import Table

from entrypoints.cli.ending import DONE, INTERRUPTED, NOT_IN_TIME, REFUSED
from entrypoints.cli.output import cell, complain, say, show
from entrypoints.cli.timeline import duration
from entrypoints.cli.timeline_view import FINAL_STYLES
from entrypoints.load.latency import Latencies
from entrypoints.load.run import Outcome

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
BUSY_SHARE = 0.85
ON_TIME_SHARE = 0.95
SHOWN_IDS = 10


def exit_code(outcome: Outcome) -> int:
    """Return 0 when every order was accepted and is final, confirmed or failed."""
    if outcome.interrupted:
        return INTERRUPTED
    if outcome.tally.open:
        return NOT_IN_TIME
    return REFUSED if outcome.tally.refused else DONE


def document(outcome: Outcome) -> dict[str, Any]:
    """Return all figures; times in ms, rates per second."""
    tally = outcome.tally
    return {
        "orders": outcome.plan.orders,
        "userId": outcome.plan.user,
        "accepted": tally.accepted,
        "finished": tally.finished,
        "refused": dict(tally.refused),
        "endings": [
            {"status": status, "reasonCode": reason or None, "count": count}
            for (status, reason), count in tally.endings.most_common()
        ],
        "acceptMs": _figures(tally.accept),
        "acceptToFinalMs": _figures(tally.to_final),
        "acceptedPerSecond": _rate(tally.accepted, outcome.posting),
        "finishedPerSecond": _rate(tally.finished, outcome.total),
        "seconds": round(outcome.total, 3),
        "clientCpuShare": round(outcome.cpu_share, 2),
        "clientWasTheLimit": _was_the_limit(outcome),
        "followedBy": "feed" if outcome.has_feed else "asking",
        "foundByAsking": tally.found_by_asking,
        "interrupted": outcome.interrupted,
        "unfinished": list(tally.open)[:SHOWN_IDS],
        "unfinishedCount": len(tally.open),
    }


def print_tables(outcome: Outcome) -> None:
    """Print the latencies, how the orders ended, and what to think of it."""
    tally = outcome.tally
    if tally.accept.count:
        show(_latencies(outcome))
    if tally.answered:
        show(_endings(outcome))
    accepted = f"{tally.accepted:,} of {outcome.plan.orders:,} orders accepted in {duration(outcome.posting)}"
    say(f"{accepted}: {_rate(tally.accepted, outcome.posting):,.0f} orders/s")
    finished = f"{tally.finished:,} finished in {duration(outcome.total)}"
    say(f"{finished}: {_rate(tally.finished, outcome.total):,.0f} orders/s")
    for remark in _remarks(outcome):
        complain(remark)


def _latencies(outcome: Outcome) -> Table:
    table = Table("latency", *SHARES, "max")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, latencies in (("accept", outcome.tally.accept), ("accept to final", outcome.tally.to_final)):
        figures = [latencies.quantile(share) for share in SHARES.values()]
        if latencies.count:
            table.add_row(name, *(_precise(seconds) for seconds in (*figures, latencies.longest)))
    return table


def _endings(outcome: Outcome) -> Table:
    table = Table("status", "reason", "orders", "share")
    table.columns[2].justify = table.columns[3].justify = "right"
    endings = [(status, reason, count) for (status, reason), count in outcome.tally.endings.most_common()]
    refused = [("refused", code, count) for code, count in outcome.tally.refused.most_common()]
    still = [("open", "", len(outcome.tally.open))] if outcome.tally.open else []
    for status, reason, count in (*endings, *still, *refused):
        share = f"{count / outcome.plan.orders:.1%}"
        table.add_row(cell(status, FINAL_STYLES.get(status, "yellow")), cell(reason), f"{count:,}", share)
    return table


def _remarks(outcome: Outcome) -> list[str]:
    tally, plan, remarks = outcome.tally, outcome.plan, []
    if outcome.interrupted:
        remarks.append("Stopped by Ctrl-C: accepted orders go on.")
    elif tally.open:
        ids = "\n".join(f"  {order_id}" for order_id in list(tally.open)[:SHOWN_IDS])
        remarks.append(f"{len(tally.open):,} accepted orders did not finish in time:\n{ids}")
    if _was_the_limit(outcome):
        remarks.append(
            f"This client was the limit: posting took {outcome.cpu_share:.0%} of a core. The engine may be faster."
        )
    reached = _rate(tally.answered, outcome.posting)
    if plan.rate and not outcome.interrupted and reached < plan.rate * ON_TIME_SHARE:
        remarks.append(f"Only {reached:,.0f} of {plan.rate:,.0f} orders/s were reached; latencies count from when due.")
    if tally.found_by_asking:
        why = "the live feed was silent for them" if outcome.has_feed else "the engine has no live feed"
        remarks.append(
            f"{tally.found_by_asking:,} orders are counted by the engine's own times, accept to final: {why}."
        )
    return remarks


def _was_the_limit(outcome: Outcome) -> bool:
    return outcome.tally.accepted > 0 and outcome.posting > 0.5 and outcome.cpu_share > BUSY_SHARE


def _figures(latencies: Latencies) -> dict[str, float] | None:
    if not latencies.count:
        return None
    figures = {name: latencies.quantile(share) for name, share in SHARES.items()} | {"max": latencies.longest}
    return {name: round(seconds * 1000, 3) for name, seconds in figures.items()}


def _precise(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else duration(seconds)


def _rate(count: int, seconds: float) -> float:
    rate = count / seconds if seconds > 0 else math.nan
    return round(rate, 1) if math.isfinite(rate) else 0.0
