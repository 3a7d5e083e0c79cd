"""What a run prints: a table of what happened and, if a promise was broken, the history of every order concerned."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from domain.transaction import TransactionStatus
from tests.chaos.evidence import Evidence, history, wish_history
from tests.chaos.fleet import Fleet
from tests.chaos.plan import Kind
from tests.chaos.sockets import NORMAL
from tests.chaos.verdict import Violation


def summary(fleet: Fleet, evidence: Evidence, done: Mapping[Kind, int], settled_after: float) -> Table:
    """Make the table."""
    table = Table("what", "how many", title=f"chaos, seed {fleet.seed}", title_justify="left")
    facts = fleet.world.facts(evidence.executions)
    for name, value in (*_of_load(evidence), *_of_orders(evidence), *_of_webhooks(fleet, evidence), *facts):
        table.add_row(name, str(value))
    table.add_row("clocks", _of_clocks(fleet))
    table.add_row("settled after", f"{settled_after:.1f} s of calm", end_section=True)
    for kind in fleet.world.harms:
        table.add_row(kind.value, str(done.get(kind, 0)))
    return table


def failures(console: Console, fleet: Fleet, evidence: Evidence, broken: Sequence[Violation]) -> None:
    """Print every broken promise, then the whole history of each order concerned."""
    for violation in broken:
        console.print(f"BROKEN: {violation.what} ({violation.order_id or violation.user_id or 'the fleet'})")
    for order_id in dict.fromkeys(violation.order_id for violation in broken if violation.order_id):
        console.print(history(evidence.cases[order_id], fleet))
    for user_id in dict.fromkeys(v.user_id for v in broken if v.user_id and not v.order_id):
        console.print("\n".join([f"wish {user_id}", *wish_history(evidence.wishes[user_id])]))
    if broken:
        for trouble in fleet.troubles:
            console.print(f"  {trouble.since:.3f} to {trouble.until:.3f}: {trouble.what}: {trouble.target}")


def _of_clocks(fleet: Fleet) -> str:
    if fleet.faketime is None:
        return "right: there is no libfaketime"
    return ", ".join(f"{name} {skew:+d} s" for name, skew in fleet.skews.items())


def _of_load(evidence: Evidence) -> list[tuple[str, object]]:
    answers = [answer for wish in evidence.wishes.values() for answer in wish.answers]
    followers = [follower for wish in evidence.wishes.values() for follower in wish.followers]
    sessions = [session for follower in followers for session in follower.sessions]
    statuses = Counter(answer.status for answer in answers)
    replayed = sum("idempotency-replayed" in answer.headers for answer in answers)
    return [
        ("wishes of clients", len(evidence.wishes)),
        ("answers 202 (of them repeats)", f"{statuses[202]} ({replayed})"),
        ("answers 503", statuses[503]),
        ("broken calls", statuses[0]),
        ("slowest answer", f"{max((a.until - a.since for a in answers), default=0):.2f} s"),
        ("sockets (connections)", f"{len(followers)} ({len(sessions)})"),
        ("connections by end", dict(Counter(session.code for session in sessions if session.code != NORMAL))),
    ]


def _of_orders(evidence: Evidence) -> list[tuple[str, object]]:
    cases = list(evidence.cases.values())
    swaps = [swap for case in cases for swap in case.swaps]
    seconds = [
        (case.row["finished_at"] - case.row["created_at"]).total_seconds() for case in cases if case.row["finished_at"]
    ]
    return [
        ("orders", len(cases)),
        ("by end", dict(Counter(case.row["reason_code"] or case.row["status"] for case in cases))),
        ("dead letters", ", ".join(f"{case.order_id}: {case.buried}" for case in cases if case.buried) or 0),
        ("transactions landed", sum(swap.status is TransactionStatus.LANDED for swap in swaps)),
        ("transactions sent again", sum(swap.deliveries - 1 for swap in swaps)),
        ("retries", sum(case.row["attempt"] - 1 for case in cases)),
        ("resumed after a crash", sum(_resumed(case.row["logs"], case.row["attempt"]) for case in cases)),
        ("slowest order", f"{max(seconds, default=0):.1f} s"),
    ]


def _of_webhooks(fleet: Fleet, evidence: Evidence) -> list[tuple[str, object]]:
    arrivals = fleet.receiver.arrivals
    ids = Counter(arrival.message_id for arrival in arrivals if arrival.taken)
    return [
        ("users with webhooks", sum(wish.has_webhook for wish in evidence.wishes.values())),
        ("webhooks taken (of them repeats)", f"{ids.total()} ({ids.total() - len(ids)})"),
        ("webhooks by answer", dict(Counter(arrival.status for arrival in arrivals))),
    ]


def _resumed(logs: Sequence[str], attempts: int) -> int:
    return max(0, sum(message.startswith("Fetching") for message in logs) - attempts)
