"""Amounts and prices: exact decimals, never binary floats."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

from domain.errors import InvalidAmount

AMOUNT_DECIMALS = 8
AMOUNT_BOUND = Decimal(10) ** 10  # DECIMAL(18,8) holds ten digits before the point
_PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
EXACT = Context(prec=60)  # more digits than any product of two amounts has
_KEPT = Decimal(1).scaleb(-AMOUNT_DECIMALS)


def amount(value: Decimal) -> Decimal:
    """Return `value` (token units) as an order's amount: trailing zeros dropped, digits exact.

    Raises InvalidAmount when it is not finite, not above 0, 10^10 or more, or has more than 8 decimals.
    """
    if not value.is_finite() or value >= AMOUNT_BOUND:
        raise InvalidAmount("must be less than 10000000000")
    if value <= 0:
        raise InvalidAmount("must be greater than 0")
    if value.quantize(_KEPT, None, EXACT) != value:  # given by name, the context would double the time
        raise InvalidAmount(f"must have at most {AMOUNT_DECIMALS} decimals")
    return value.normalize(EXACT)


def amount_of_text(text: str) -> Decimal:
    """Read an amount written in plain digits, such as `10` or `0.25`.

    Raises InvalidAmount for any other form (signs, exponents, blanks, separators, non-ASCII digits), and as `amount`.
    """
    if not _PLAIN_NUMBER.fullmatch(text):
        raise InvalidAmount("must be a number")
    return amount(Decimal(text))


def price(value: Decimal) -> Decimal:
    """Return `value`. Raises InvalidAmount when it is not above 0, or is 10^10 or more once rounded to be kept."""
    if value <= 0:
        raise InvalidAmount("must be greater than 0")
    if value >= AMOUNT_BOUND or kept_price(value) >= AMOUNT_BOUND:
        raise InvalidAmount("must be less than 10000000000")
    return value


def price_of_text(text: str) -> Decimal:
    """Read a price written in plain digits. Raises InvalidAmount for any other form, and as `price`."""
    if not _PLAIN_NUMBER.fullmatch(text):
        raise InvalidAmount("must be a number")
    return price(Decimal(text))


def kept_price(value: Decimal) -> Decimal:
    """Round a price, half to even, to the 8 decimals that are kept of prices."""
    return value.quantize(_KEPT, ROUND_HALF_EVEN, EXACT).normalize(EXACT)


def nearest_price(value: Decimal) -> Decimal:
    """Return the price above 0 that can be kept which is nearest to `value`: tokens may be worth less, or more."""
    return min(max(kept_price(value), _KEPT), AMOUNT_BOUND - _KEPT)


def plain(value: Decimal) -> str:
    """Write a decimal with its exact digits: no exponent, no trailing zeros, `-0` as `0`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
