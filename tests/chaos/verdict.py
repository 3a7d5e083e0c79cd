"""The verdict: every promise, checked against the evidence."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from attrs import frozen

from domain.transaction import TransactionStatus
from tests.chaos.evidence import Case, Evidence
from tests.chaos.fleet import Fleet
from tests.chaos.load import ANSWER_SECONDS, Answer, Wish
from tests.chaos.receiver import Arrival, contradictions
from tests.chaos.sockets import GONE, LEFT, NORMAL, REFUSED, Follower

FINAL = ("confirmed", "failed")
# How many seconds after Postgres, or an API, is back its absence still explains what clients meet: more than promised,
# for a machine that starts other processes meanwhile.
STORE_SLACK, API_SLACK = 4.0, 2.0


@frozen
class Violation:
    """A broken promise, and the order (or the wish, by its user id) that it was broken to."""

    what: str
    order_id: str | None = None
    user_id: str | None = None


def violations(evidence: Evidence, fleet: Fleet) -> list[Violation]:
    """Return every broken promise."""
    totals = fleet.world.totals(evidence.executions)
    arrivals: dict[str, list[Arrival]] = {}
    for arrival in fleet.receiver.arrivals:
        arrivals.setdefault(arrival.user_id, []).append(arrival)
    found = [Violation(what) for what in (*fleet.misbehaviour, *evidence.strays, *totals)]
    for case in evidence.cases.values():
        found += [Violation(what, case.order_id) for what in _of_case(case, fleet)]
        found += [Violation(what, case.order_id) for what in _of_webhook(case, arrivals)]
    orders_of: dict[str, list[str]] = {}
    for case in evidence.cases.values():
        orders_of.setdefault(case.row["user_id"], []).append(case.order_id)
    for wish in evidence.wishes.values():
        kept = orders_of.get(wish.user_id, [])
        order_id = kept[0] if kept else None
        found += [Violation(what, order_id, wish.user_id) for what in _of_wish(wish, kept, fleet)]
    return found


def _of_case(case: Case, fleet: Fleet) -> Iterator[str]:
    row = case.row
    if case.wish is None:
        yield "an order that no client wished for"
    elif any(answer.status == 202 for answer in case.wish.cancels) and row["reason_code"] != "cancelled":
        yield "a client was told that it is stopped, and it is not"
    if row["status"] not in FINAL and case.buried is None:
        yield f"not final, and no dead letter: {row['status']}"
    yield from _of_swaps(case, fleet)
    yield from _of_story(case)
    for follower in case.wish.followers if case.wish else ():
        yield from _of_follower(case, follower, fleet)


def _of_swaps(case: Case, fleet: Fleet) -> Iterator[str]:
    row = case.row
    landed = [swap for swap in case.swaps if swap.status is TransactionStatus.LANDED]
    if len(landed) > 1:
        yield f"{len(landed)} swaps landed"
    if row["status"] == "confirmed":
        yield from fleet.world.contradictions(row, landed, case.execution)
    if row["status"] == "failed" and landed:
        yield "failed, but a swap of it landed"
    if row["status"] == "failed" and (row["tx_hash"] or row["execution_price"]):
        yield "failed, but it has a transaction"
    if row["status"] in FINAL and any(swap.status is TransactionStatus.PENDING for swap in case.swaps):
        yield "final, but a transaction of it may still land"


def _of_story(case: Case) -> Iterator[str]:
    """Events without gap, and the same everywhere: in the table, in the logs, in both of the API's answers."""
    row, told = case.row, [json.loads(frame, parse_float=Decimal) for frame in case.frames]
    if [frame["seq"] for frame in told] != list(range(1, row["version"] + 1)):
        yield f"version {row['version']} has the events {[frame['seq'] for frame in told]}"
    if [frame["message"] for frame in told] != row["logs"]:
        yield "the logs are not the events' messages"
    ends = [frame["seq"] for frame in told if frame["status"] in FINAL]
    if ends != ([row["version"]] if row["status"] in FINAL else []):
        yield f"final frames at {ends}"
    if told and told[-1]["status"] != row["status"]:
        yield f"the last frame says {told[-1]['status']}"
    if sum(message.startswith("Attempt ") for message in row["logs"]) != row["attempt"] - 1:
        yield f"attempt {row['attempt']} does not fit the failed attempts that were told"
    birth, _, rest = case.events_body.removeprefix('{"data":[').removesuffix("]}").partition("}")
    if case.events_body != f'{{"data":[{",".join([f"{birth}}}", *case.frames])}]}}' or '"seq":0,' not in birth:
        yield f"the API's events are not those of the table: {rest[:200]}"
    answer = case.answer
    shown = (answer.get("status"), answer.get("logs"), answer.get("txHash"), answer.get("executionPrice"))
    if shown != (row["status"], row["logs"], row["tx_hash"], row["execution_price"]):
        yield f"the API shows {shown}"


def _of_webhook(case: Case, arrivals: Mapping[str, list[Arrival]]) -> Iterator[str]:
    if case.wish is not None and case.wish.has_webhook:
        birth = case.events_body.removeprefix('{"data":[').partition("}")[0]
        frames = [f"{birth}}}", *case.frames]
        user_id = str(case.row["user_id"])
        yield from contradictions(case.order_id, user_id, frames, arrivals.get(user_id, []))


def _of_follower(case: Case, follower: Follower, fleet: Fleet) -> Iterator[str]:
    if not follower.ended:
        yield "a socket did not end with 1000"
    if f'{{"data":[{",".join(follower.frames)}]}}' != case.events_body:
        yield f"a socket saw the seqs {[s for session in follower.sessions for s in session.seqs]}, or other bytes"
    for session in follower.sessions:
        if session.code in (LEFT, NORMAL):
            continue
        by_api = session.code in (GONE, REFUSED, 1012, None)
        if by_api and fleet.excuses(session.api, session.since, session.until, API_SLACK):
            continue
        if session.code == 1013 and fleet.excuses("postgres", session.since, session.until, STORE_SLACK):
            continue
        yield f"a socket was lost for no reason: {session.told()}"


def _of_wish(wish: Wish, kept: list[str], fleet: Fleet) -> Iterator[str]:
    if len(wish.order_ids) > 1:
        yield f"one wish was told {len(wish.order_ids)} orders"
    if len(kept) > 1:
        yield f"one wish made {len(kept)} orders"
    if lost := wish.order_ids - set(kept):
        yield f"accepted and gone: {lost}"
    if wish.repeats and not wish.order_ids:
        yield "asked again and again, and never accepted"
    if kept and all(answer.status == 503 and answer.body.get("accepted") is False for answer in wish.answers):
        yield "every answer said that it was not accepted, and it was"
    fresh = [a for a in wish.answers if a.status == 202 and "idempotency-replayed" not in a.headers]
    if len(fresh) > 1:
        yield f"{len(fresh)} answers said that they made the order"
    for answer in wish.answers:
        yield from _of_answer(answer, {202}, fleet)
    for answer in wish.cancels:
        yield from _of_answer(answer, {202, 409}, fleet)


def _of_answer(answer: Answer, expected: set[int], fleet: Fleet) -> Iterator[str]:
    api = fleet.excuses(answer.api, answer.since, answer.until, API_SLACK)
    store = fleet.excuses("postgres", answer.since, answer.until, STORE_SLACK)
    if answer.until - answer.since >= ANSWER_SECONDS and not api:
        yield f"no answer in time: {answer.told()}"
    elif answer.status == 503:
        if "retry-after" not in answer.headers:
            yield f"503 without Retry-After: {answer.told()}"
        if not (api or store):
            yield f"503 for no reason: {answer.told()}"
    elif answer.status == 0 and not api:
        yield f"a call broke for no reason: {answer.told()}"
    elif answer.status and answer.status not in expected:
        yield f"unexpected: {answer.told()}"
