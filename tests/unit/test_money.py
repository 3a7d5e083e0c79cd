"""Amounts are exact, bounded and written plainly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidAmount
from domain.money import amount, amount_of_text, kept_price, plain, price_of_text

amounts = st.decimals("0.00000001", "9999999999.99999999", places=8)


@given(amounts)
def test_a_valid_amount_keeps_every_digit(value: Decimal) -> None:
    assert amount(value) == value
    assert Decimal(plain(amount(value))) == value
    assert amount_of_text(format(value, "f")) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_plain_writes_the_same_number_without_exponent_or_trailing_zeros(value: Decimal) -> None:
    if abs(value.adjusted()) > 200:
        return
    text = plain(value)
    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10", "10"),
        ("10.0", "10"),
        ("1E+2", "100"),
        ("0.10", "0.1"),
        ("1E-8", "0.00000001"),
        ("-0", "0"),
        ("0.000", "0"),
    ],
)
def test_plain(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0", "greater than 0"),
        ("-0", "greater than 0"),
        ("-1", "greater than 0"),
        ("1.123456789", "at most 8 decimals"),
        ("1E-9", "at most 8 decimals"),
        ("1E-999999999", "at most 8 decimals"),
        ("10000000000", "less than"),
        ("1E+999999999", "less than"),
        ("NaN", "less than"),
        ("Infinity", "less than"),
        ("-Infinity", "less than"),
    ],
)
def test_amounts_outside_the_bounds_are_refused(value: str, why: str) -> None:
    with pytest.raises(InvalidAmount, match=why):
        amount(Decimal(value))


def test_trailing_zeros_do_not_count_as_decimals() -> None:
    assert plain(amount(Decimal("1.100000000000"))) == "1.1"
    assert plain(amount(Decimal("1." + "0" * 5000))) == "1"


@pytest.mark.parametrize(
    "text", ["", " 10", "10 ", "1_000", "+1", "-1", ".5", "5.", "1e3", "٣", "NaN", "0x10", "10\n", "1,5"]
)
def test_text_that_is_not_plain_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount, match="must be a number"):
        amount_of_text(text)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("147.3312", "147.3312"),
        ("0.000000005", "0"),
        ("0.000000015", "0.00000002"),
        ("0.0000000150000000000000000000001", "0.00000002"),
        ("9999999999.999999994", "9999999999.99999999"),
        ("1" * 9 + "." + "3" * 500, "111111111.33333333"),
    ],
)
def test_a_price_is_rounded_half_to_even_to_the_decimals_that_are_kept(text: str, price: str) -> None:
    assert plain(kept_price(price_of_text(text))) == price


@pytest.mark.parametrize("text", ["0", "0.0", "", "-1", "1e3", "NaN", "9999999999.999999995", "9" * 5000])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        price_of_text(text)
