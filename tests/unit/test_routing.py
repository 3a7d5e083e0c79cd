"""Which quote wins, and who wins a tie."""

import json
from decimal import Decimal
from itertools import permutations

import pytest
from attrs import evolve

from domain.routing import POLICIES, Quote, RoutingPolicy, best_net_output, lowest_price
from entrypoints.web.http.presenter import order_json
from tests.builders import an_order

CHEAP = Quote("Meteora", Decimal("146.91"), Decimal("0.002"))
DEAR = Quote("Raydium", Decimal("148.32"), Decimal("0.003"))


def test_lowest_price_takes_the_lowest_quote() -> None:
    assert lowest_price([DEAR, CHEAP]) is CHEAP


def test_best_net_output_takes_what_gives_most_after_fees() -> None:
    assert best_net_output([CHEAP, DEAR]) is DEAR
    costly = Quote("Raydium", Decimal("148.32"), Decimal("0.02"))
    assert best_net_output([CHEAP, costly]) is CHEAP


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_policy_says_what_of_a_quote_it_compares(policy: RoutingPolicy) -> None:
    assert POLICIES[policy.routing.policy] is policy
    [shown] = json.loads(order_json(evolve(an_order(), quotes=(DEAR,))))["quotes"]
    assert policy.routing.compared in shown
    assert policy.rule


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_ties_are_decided_the_same_way_in_any_order(policy: RoutingPolicy) -> None:
    same = [Quote(name, Decimal(150), Decimal("0.003")) for name in ("Raydium", "Meteora", "Orca")]
    assert {policy(order).venue for order in permutations(same)} == {"Meteora"}
    lower_fee = Quote("Zeta", Decimal(150), Decimal("0.001"))
    assert policy([*same, lower_fee]) is lower_fee


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_single_quote_wins(policy: RoutingPolicy) -> None:
    assert policy([DEAR]) is DEAR
