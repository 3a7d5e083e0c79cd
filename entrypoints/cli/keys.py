"""`order-engine keys ...`: who may use the API. Needs Postgres only."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import cell, complain, say, say_json, show

if TYPE_CHECKING:
    from application.api_key import ApiKey, Network
    from application.caller import Caller, Scope
    from application.manage_keys import NewKey
    from entrypoints.container import Container

app = typer.Typer(help="Make, list, replace and revoke API keys.", no_args_is_help=True)

_TRADING = ["orders:read", "orders:write", "orders:cancel"]

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `list` has it.", show_default=False)]


@app.command()
def create(
    owner: Annotated[str, typer.Option(metavar="USER", help="The user that it acts as.", show_default=False)],
    name: Annotated[str, typer.Option(metavar="TEXT", help="What you know it by.", show_default="the owner")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help="What it allows: orders:read, orders:write, orders:cancel, users:any, webhooks, admin. Repeat it.",
            show_default="the first three",
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="Where it is good from. Repeat it for more.", show_default="everywhere"),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0, max=36_500, metavar="N", help="How long it is good.", show_default="until it is revoked"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for engines of ORDER_ENGINE_MODE, and print it: this once."""
    scopes, networks = _scopes(scope or _TRADING), _networks(network or [])

    async def made(container: "Container", caller: "Caller") -> "NewKey":
        ends = None if days is None else container.clock().now() + timedelta(days=days)
        return await container.manage_keys().create(
            caller,
            _pepper(container),
            name=name or owner,
            owner=owner,
            scopes=scopes,
            networks=networks,
            expires_at=ends,
        )

    _show_new(on_halts(made), as_json=as_json)


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[
        float, typer.Option(min=0, max=366 * 24, metavar="HOURS", help="How long the old one is good still.")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Make a key that allows the same in the place of another, and print it: this once."""

    async def made(container: "Container", caller: "Caller") -> "NewKey":
        return await container.manage_keys().rotate(caller, _pepper(container), key_id, timedelta(hours=overlap))

    _show_new(on_halts(made), as_json=as_json)


@app.command()
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """End a key: within 5 s no process takes it."""
    key = on_halts(lambda container, caller: container.manage_keys().revoke(caller, key_id))
    if as_json:
        return say_json(_facts(key))
    say("It is revoked: within 5 s no process takes it.")


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, oldest first. When one was last used is known to a minute or so."""
    from rich.table import Table

    found = on_halts(lambda container, caller: container.manage_keys().list(caller))
    if as_json:
        return say_json([_facts(key) for key in found])
    if not found:
        return say("There are no keys.")
    table = Table(*_facts(found[0]))
    for key in found:
        table.add_row(*(cell(", ".join(value) if isinstance(value, list) else value) for value in _facts(key).values()))
    show(table)


def _show_new(new: "NewKey", *, as_json: bool) -> None:
    if as_json:
        return say_json({"key": new.secret, **_facts(new.key)})
    say(new.secret)
    complain(f"Key {new.key.key_id} of {new.key.owner}. Keep it now: it is not shown again.")


def _pepper(container: "Container") -> bytes:
    """Return the pepper, and make it first where there is none."""
    from entrypoints.key_pepper import make_pepper, read_pepper

    path = container.settings().key_pepper_file
    if path is not None and make_pepper(path):
        complain(f"{path} was not there, and is made. Each machine that runs the API needs this very file.")
    return read_pepper(path)


def _scopes(names: list[str]) -> "frozenset[Scope]":
    from application.caller import Scope

    try:
        return frozenset(map(Scope, names))
    except ValueError:
        raise typer.BadParameter(f"must be of {', '.join(Scope)}", param_hint="--scope") from None


def _networks(texts: list[str]) -> "tuple[Network, ...]":
    from ipaddress import ip_network

    try:
        return tuple(map(ip_network, texts))
    except ValueError:
        raise typer.BadParameter(
            "must be addresses such as 192.0.2.7 or 192.0.2.0/24", param_hint="--network"
        ) from None


def _facts(key: "ApiKey") -> dict[str, object]:
    from application.frames import timestamp

    times = {
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
        "revokedAt": key.revoked_at,
    }
    return {
        "keyId": key.key_id,
        "name": key.name,
        "owner": key.owner,
        "mode": key.mode.value,
        "scopes": sorted(key.scopes),
        "networks": [str(network) for network in key.networks],
        **{name: at and timestamp(at) for name, at in times.items()},
        "replaces": key.replaces,
    }
