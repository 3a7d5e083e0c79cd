"""What holds for every order that does not say otherwise."""

from attrs import frozen


@frozen
class TradingRules:
    """Which routing policy takes a quote, by name, and the slippage limit of orders that name none (None: no limit)."""

    policy: str
    default_slippage_bps: int | None = None
