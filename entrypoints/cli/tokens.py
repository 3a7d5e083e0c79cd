"""`order-engine tokens`: which tokens orders may name."""

from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJson, Url
from entrypoints.cli.output import cell, say_json, show


def tokens(url: Url, as_json: AsJson = False) -> None:
    """List the tokens that an engine's orders may name, where it has a list of them."""
    from rich.table import Table

    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        found = client.tokens()
    if as_json:
        return say_json({"data": [token.raw for token in found]})
    table = Table("symbol", "chain", "address", "decimals", "token program")
    for token in found:
        table.add_row(*map(cell, (token.symbol, token.chain, token.address, token.decimals, token.token_program)))
    show(table)
