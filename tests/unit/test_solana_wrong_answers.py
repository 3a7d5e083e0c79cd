"""Whatever a node answers, it settles nothing, or makes sense: no answer ends the job that asked for it."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from adapters.solana.answers import Commitment, Landed, StatusAnswer, TransactionAnswer, read
from adapters.solana.fills import fill_of
from application.ports.errors import VenueUnavailable
from tests.clock import ManualClock
from tests.scripted_node import GENESIS, SLOT, Refusal, in_context, scripted_nodes
from tests.signed import BLOCKHASH, a_swap
from tests.unit.test_solana_confirmation import landed

MOST = 2**63 - 1
NONSENSE: list[object] = [None, 0, -1, MOST + 1, 1.5, "", "é", True, [], [None], [[]], {}, {"value": None}, {"err": {}}]


def _variants(answer: Any) -> list[Any]:
    """Return an answer with nonsense in the place of each of its parts in turn, or without that part."""
    made: list[Any] = [each for each in NONSENSE if each != answer]
    if isinstance(answer, Mapping):
        for key, value in answer.items():
            made += [{**answer, key: each} for each in _variants(value)]
            made.append({name: each for name, each in answer.items() if name != key})
    if isinstance(answer, list):
        for at, value in enumerate(answer):
            made += [[*answer[:at], each, *answer[at + 1 :]] for each in _variants(value)]
        made += [answer * 2, answer[1:]]
    return made


def _read(answer: object) -> Landed | None:
    try:
        found = read(msgspec.json.encode(answer), TransactionAnswer)
        return found.landed(a_swap().signature)
    except VenueUnavailable:
        return None


def test_a_transaction_that_is_told_wrongly_is_refused_or_can_be_kept() -> None:
    found = [told for answer in _variants(landed()) if (told := _read(answer))]
    assert found
    assert all(told.slot <= MOST for told in found)
    assert all(fill_of(told, a_swap()).landing for told in found)


@pytest.mark.parametrize("lacks", ["preTokenBalances", "postTokenBalances"])
@pytest.mark.parametrize("without", [True, False])
def test_a_node_that_keeps_no_token_balances_says_nothing_of_amounts(lacks: str, *, without: bool) -> None:
    """Taken for none, they would make a swap that gave nothing: its order is held, and its venue stopped."""
    whole = landed()
    meta = {name: each for name, each in whole["meta"].items() if name != lacks}
    assert _read({**whole, "meta": meta if without else {**meta, lacks: None}}) is None


def test_only_who_counts_confirmations_no_more_calls_it_final() -> None:
    assert read(b'{"err": null}', StatusAnswer).commitment is Commitment.PROCESSED
    assert read(b'{"err": null, "confirmations": 3}', StatusAnswer).commitment is Commitment.PROCESSED
    assert read(b'{"err": null, "confirmations": null}', StatusAnswer).commitment is Commitment.FINALIZED


@pytest.mark.parametrize(
    ("blockhash", "last", "genesis"),
    [
        ("z" * 44, 1_650, GENESIS),
        ("0" * 40, 1_650, GENESIS),
        (BLOCKHASH.hash, MOST + 1, GENESIS),
        (BLOCKHASH.hash, 1_650, "z" * 44),
        (BLOCKHASH.hash, 1_650, Refusal(-32601)),
    ],
)
async def test_nothing_is_signed_with_a_blockhash_that_is_none(blockhash: str, last: int, genesis: object) -> None:
    async with scripted_nodes(1, ManualClock()) as (rpc, [node]):
        node.say("getLatestBlockhash", in_context({"blockhash": blockhash, "lastValidBlockHeight": last}, SLOT))
        node.say("getGenesisHash", genesis)
        with pytest.raises(VenueUnavailable):
            await rpc.latest_blockhash()
