"""What a client may ask for; bodies that are refused are told every bad field at once."""

from decimal import Decimal

import pytest

from domain.errors import ValidationFailed
from domain.order_request import OrderRequest

GOOD = {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}


def refused(body: dict[str, object]) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as caught:
        OrderRequest.parse(body)
    told = {error.field: error.message for error in caught.value.errors}
    assert len(told) == len(caught.value.errors)
    return told


def test_a_good_body_is_trimmed_and_exact() -> None:
    request = OrderRequest.parse({**GOOD, "inputToken": " SOL\t", "userId": "  ünïcødé ", "amount": Decimal("0.10")})
    assert request == OrderRequest("SOL", "USDC", Decimal("0.1"), "ünïcødé")


def test_optional_fields() -> None:
    request = OrderRequest.parse(
        {**GOOD, "clientOrderId": "a.B:9_-", "slippageBps": 10_000, "amount": "9999999999.99999999"}
    )
    assert (request.client_order_id, request.slippage_bps) == ("a.B:9_-", 10_000)
    assert request.amount == Decimal("9999999999.99999999")


@pytest.mark.parametrize("field", ["clientOrderId", "slippageBps"])
def test_null_for_an_optional_field_means_absent(field: str) -> None:
    assert OrderRequest.parse({**GOOD, field: None}) == OrderRequest.parse(GOOD)


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("value", ["", "   ", None, True, [], {}, ["SOL"]])
def test_a_required_field_of_the_wrong_kind(field: str, value: object) -> None:
    assert set(refused({**GOOD, field: value})) == {field}


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field(field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    assert refused(body) == {field: "is required"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("inputToken", "x" * 51),
        ("userId", "x" * 256),
        ("inputToken", "S\x00L"),
        ("userId", "a\nb"),
        ("outputToken", "sol"),
        ("outputToken", " SOL "),
        ("outputToken", "\uff33\uff2f\uff2c"),
        ("outputToken", "SO\u200bL"),
        ("inputToken", "\u202eCDSU"),
        ("userId", "a\u2028b"),
        ("amount", 0),
        ("amount", -1),
        ("amount", 10**10),
        ("amount", Decimal("1.123456789")),
        ("amount", "1e3"),
        ("amount", " 10"),
        ("amount", Decimal("Infinity")),
        ("amount", 1.5),
        ("slippageBps", -1),
        ("slippageBps", 10_001),
        ("slippageBps", True),
        ("slippageBps", Decimal("5.0")),
        ("slippageBps", "5"),
        ("clientOrderId", ""),
        ("clientOrderId", "x" * 65),
        ("clientOrderId", "with space"),
        ("clientOrderId", 5),
        ("orderId", "mine"),
    ],
)
def test_a_field_that_breaks_its_rule(field: str, value: object) -> None:
    assert set(refused({**GOOD, field: value})) == {field}


def test_every_bad_field_is_told_at_once() -> None:
    told = refused({"inputToken": "", "outputToken": 5, "amount": None, "userId": "u", "extra": 1, "slippageBps": "x"})
    assert set(told) == {"inputToken", "outputToken", "amount", "extra", "slippageBps"}
    assert told["extra"] == "unknown field"


def test_the_longest_values_pass() -> None:
    OrderRequest.parse({**GOOD, "inputToken": "i" * 50, "outputToken": "o" * 50, "userId": "u" * 255})
