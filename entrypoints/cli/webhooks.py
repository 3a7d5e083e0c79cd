"""`order-engine webhooks ...`: where the events of users' orders are sent to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJson, Url, instant
from entrypoints.cli.output import cell, complain, say, say_json, show

if TYPE_CHECKING:
    from order_engine_client import Webhook

WebhookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.", show_default=False)]
Events = Annotated[
    list[str] | None, typer.Option("--event", metavar="EVENT", help="Only these, as order.confirmed; repeat it.")
]

app = typer.Typer(help="Have the events of users' orders sent to a server.", no_args_is_help=True)


@app.command("create")
def create(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The URL to send to.", show_default=False)],
    url: Url,
    user: Annotated[
        str | None, typer.Option("--user", "-u", metavar="NAME", help="Whose orders; else the credential's own.")
    ] = None,
    event: Events = None,
    as_json: AsJson = False,
) -> None:
    """Make a webhook. Its secret is shown now, and never again."""
    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        made = client.webhooks.create(url=target, user_id=user, events=event or None)
    _show_secret(made, as_json=as_json)


@app.command("list")
def list_webhooks(
    url: Url,
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="NAME", help="Only this user's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List webhooks, the oldest first."""
    from rich.table import Table

    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        found = client.webhooks.find(user)
    if as_json:
        return say_json({"data": [each.raw for each in found]})
    table = Table("id", "user", "url", "events", "enabled")
    for each in found:
        enabled = "yes" if each.enabled else f"no: {each.disabled_why}"
        table.add_row(*map(cell, (each.webhook_id, each.user_id, each.url, ", ".join(each.events), enabled)))
    show(table)


@app.command("change")
def change(
    webhook_id: WebhookId,
    url: Url,
    target: Annotated[str | None, typer.Option("--target", metavar="URL", help="Send to this URL.")] = None,
    event: Events = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Send events from now on, or none.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a webhook; what is not named stays."""
    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        changed = client.webhooks.change(webhook_id, url=target, events=event or None, enabled=enabled)
    say_json(changed.raw) if as_json else say("The webhook is changed.")


@app.command("rotate-secret")
def rotate_secret(webhook_id: WebhookId, url: Url, as_json: AsJson = False) -> None:
    """Give a webhook a new secret; for a day what is sent is signed by both."""
    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        rotated = client.webhooks.rotate_secret(webhook_id)
    _show_secret(rotated, as_json=as_json)


@app.command("remove")
def remove(webhook_id: WebhookId, url: Url) -> None:
    """Remove a webhook, and all that was to be sent to it."""
    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        client.webhooks.remove(webhook_id)
    say("The webhook is removed.")


@app.command("test")
def send_test(webhook_id: WebhookId, url: Url, as_json: AsJson = False) -> None:
    """Have a test event sent now, and say what came back. Exit code 1 when it did not arrive."""
    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        tried = client.webhooks.test(webhook_id)
    if as_json:
        say_json(tried.raw)
    else:
        said = f"answered {tried.status}" if tried.status is not None else f"no answer: {tried.error}"
        say(f"{'Delivered' if tried.delivered else 'Not delivered'}, {said}, after {tried.duration_ms} ms.")
    raise SystemExit(0 if tried.delivered else 1)


@app.command("deliveries")
def deliveries(
    webhook_id: WebhookId,
    url: Url,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what was tried to send, the newest first."""
    from rich.table import Table

    from entrypoints.cli.client import EngineClient

    with troubles_reported(), EngineClient(url) as client:
        found = list(client.webhooks.deliveries(webhook_id, limit))
    if as_json:
        return say_json({"data": [each.raw for each in found]})
    table = Table("at", "order", "seq", "event", "outcome", "ms")
    for each in found:
        outcome = each.error if each.status is None else each.status
        table.add_row(
            *map(cell, (each.raw["at"], each.order_id, each.seq, each.event, outcome, each.duration_ms)),
        )
    show(table)


@app.command("replay")
def replay(
    webhook_id: WebhookId,
    url: Url,
    since: Annotated[str, typer.Option(metavar="TIME", help="Orders accepted from then on.", show_default=False)],
    until: Annotated[str | None, typer.Option(metavar="TIME", help="And before.", show_default="now")] = None,
    as_json: AsJson = False,
) -> None:
    """Have all events of a time's orders sent again, under the same ids."""
    from entrypoints.cli.client import EngineClient

    orders, following = 0, instant(since)
    with troubles_reported(), EngineClient(url) as client:
        while following is not None:
            part = client.webhooks.replay(webhook_id, following, instant(until, "--until"))
            orders, following = orders + part.orders, part.next_since
    say_json({"orders": orders}) if as_json else say(f"The events of {orders} orders are sent again.")


@app.command("key")
def key(path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.", show_default=False)]) -> None:
    """Make the key by which webhooks' secrets are encrypted: ORDER_ENGINE_WEBHOOKS_KEY_FILE of APIs and workers."""
    from entrypoints.cli.ending import fail
    from entrypoints.container.webhooks import KEY_VARIABLE
    from entrypoints.secret_file import make_secret
    from entrypoints.settings import SettingsError

    try:
        made = make_secret(path, KEY_VARIABLE)
    except SettingsError as error:
        fail(str(error))
    if not made:
        complain(f"{path} is there already, and stays.")
    say(f"{KEY_VARIABLE}={path}")


def _show_secret(webhook: "Webhook", *, as_json: bool) -> None:
    if as_json:
        return say_json(webhook.raw)
    say(webhook.secret or "")
    complain(f"The secret of webhook {webhook.webhook_id} of {webhook.user_id}. Keep it now: it is not shown again.")
