"""`order-engine doctor --venues`: whether real swaps could be made from here, and if not, why."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import WRONG_USAGE, fail, settings_of_the_environment
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import cell, say_json, show

if TYPE_CHECKING:
    from entrypoints.container.doctor import Finding
    from entrypoints.settings import Settings


def doctor(
    venues: Annotated[bool, typer.Option("--venues", help="Nodes, token list, wallets, and a small swap's build.")],
    as_json: AsJson = False,
) -> None:
    """Look at what real swaps need, as a worker has it; no swap is signed. Exit code 1: something is wrong."""
    import asyncio

    from rich.table import Table

    from entrypoints import logs
    from entrypoints.container.wallets import BadWallet
    from entrypoints.settings import SettingsError

    settings = settings_of_the_environment()
    logs.configure(settings.log_format, "error")
    try:
        found = asyncio.run(_looked(settings))
    except (SettingsError, BadWallet) as error:
        fail(str(error), WRONG_USAGE)
    if as_json:
        say_json([{"what": each.what, "health": each.health.value, "text": each.text} for each in found])
    else:
        table = Table("what", "is", "as found")
        for each in found:
            table.add_row(cell(each.what), each.health.value, cell(each.text))
        show(table)
    if any(each.health == "wrong" for each in found):
        raise SystemExit(1)


async def _looked(settings: "Settings") -> "list[Finding]":
    from entrypoints.container.doctor import doctor_of

    async with doctor_of(settings) as looking:
        return [finding async for finding in looking.findings()]
