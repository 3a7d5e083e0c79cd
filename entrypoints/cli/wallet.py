"""`order-engine wallet ...`: the keys that swaps are signed with. Needs no server."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from entrypoints.cli.ending import WRONG_USAGE, fail, settings_of_the_environment
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import cell, complain, say, say_json, show

if TYPE_CHECKING:
    from entrypoints.container.wallets import WalletFacts

app = typer.Typer(help="Make, seal and show the wallets that pay for swaps.", no_args_is_help=True)

Result = TypeVar("Result")

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file that holds the passphrase, closed to others.",
        show_default="the one of ORDER_ENGINE_SOLANA_PASSPHRASE_FILE",
    ),
]


@app.command()
def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The key file to make.", show_default=False)],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a wallet in a new key file, and print its address: sealed where there is a passphrase, else plain."""
    from entrypoints.container.wallets import make_wallet

    passphrase = _passphrase(passphrase_file)
    address = _done(lambda: make_wallet(path, passphrase))
    _answer(address, path, as_json=as_json)
    complain(f"{path} is the wallet: who has {_what_it_takes(passphrase)} has its money, and nobody else can have it.")


@app.command()
def seal(
    plain: Annotated[Path, typer.Argument(metavar="PLAIN", help="The key file as it is.", show_default=False)],
    sealed: Annotated[Path, typer.Argument(metavar="SEALED", help="The key file to make.", show_default=False)],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a plain key file's key to a new file that only a passphrase opens; the plain one stays."""
    from entrypoints.container.wallets import seal_wallet

    passphrase = _passphrase(passphrase_file)
    if passphrase is None:
        fail("Give --passphrase-file, or set ORDER_ENGINE_SOLANA_PASSPHRASE_FILE.", WRONG_USAGE)
    address = _done(lambda: seal_wallet(plain, sealed, passphrase))
    _answer(address, sealed, as_json=as_json)
    complain(f"{plain} still holds the key in the open. Once {sealed} works and is backed up, destroy it.")


@app.command(name="show")
def show_wallets(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A key file.", show_default="all wallets of the settings"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show wallets' addresses, of which kind they are, and whose orders they pay for. No key is shown."""
    from rich.table import Table

    from entrypoints.container.wallets import all_wallets, wallet_in

    if path is None:
        settings = settings_of_the_environment()
        found = _done(lambda: all_wallets(settings))
    else:
        found = [_done(lambda: wallet_in(path))]
    if as_json:
        return say_json([_facts(wallet) for wallet in found])
    if not found:
        return say("No wallet is set: see ORDER_ENGINE_SOLANA_WALLET.")
    table = Table("address", "kind", "place", "pays for")
    for wallet in found:
        payers = ["all others" if wallet.users else "all"] if wallet.for_all else []
        table.add_row(*map(cell, (wallet.address, wallet.kind, wallet.place, ", ".join([*wallet.users, *payers]))))
    show(table)


def _done(act: Callable[[], Result]) -> Result:
    from entrypoints.container.wallets import BadWallet
    from entrypoints.core_dumps import keep_out_of_dumps

    keep_out_of_dumps()
    try:
        return act()
    except BadWallet as error:
        fail(f"{error}.")


def _passphrase(given: Path | None) -> Path | None:
    return settings_of_the_environment().solana_passphrase_file if given is None else given


def _answer(address: str, path: Path, *, as_json: bool) -> None:
    if as_json:
        return say_json({"address": address, "file": str(path)})
    say(address)


def _what_it_takes(passphrase: Path | None) -> str:
    return "that file" if passphrase is None else f"that file and the passphrase in {passphrase}"


def _facts(wallet: "WalletFacts") -> dict[str, object]:
    return {
        "address": wallet.address,
        "kind": wallet.kind,
        "place": wallet.place,
        "users": wallet.users,
        "forAll": wallet.for_all,
    }
