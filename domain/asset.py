"""A token as its chain knows it."""

from decimal import Decimal

from attrs import frozen

from domain.errors import InvalidAmount
from domain.money import EXACT


@frozen
class Asset:
    """A token: on its `chain` (such as `solana`) the `address` names it, and it alone; many may share a `symbol`.

    One base unit is 10^-`decimals` of it. `program` is the token program's address; None: the chain's usual one.
    """

    chain: str
    address: str
    symbol: str
    decimals: int
    program: str | None = None

    def base_units(self, amount: Decimal) -> int:
        """Return `amount` (token units) in base units. Raises InvalidAmount when it is finer than the token."""
        units = amount.scaleb(self.decimals, EXACT)
        if units != units.to_integral_value():
            raise InvalidAmount(f"must have at most {self.decimals} decimals, as {self.symbol} has")
        return int(units)

    def amount(self, base_units: int) -> Decimal:
        """Return an amount of base units in token units."""
        return Decimal(base_units).scaleb(-self.decimals, EXACT)
