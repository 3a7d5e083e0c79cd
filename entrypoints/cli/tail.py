"""`order-engine orders tail`: what happens to all orders, a line a step, as it happens."""

from typing import TYPE_CHECKING

import typer

from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJsonLines, Url, User
from entrypoints.cli.output import complain, json_text, on_terminal, printable, say

if TYPE_CHECKING:
    from order_engine_client import Frame


def tail(url: Url, user: User = None, as_json: AsJsonLines = False) -> None:
    """Follow all orders from now on, until Ctrl-C, through whatever becomes of the engine.

    What happens while the connection is lost is not shown.
    """
    from entrypoints.cli.client import EngineClient
    from entrypoints.cli.timeline_view import sentence
    from entrypoints.cli.watching import changes_only

    with troubles_reported(), EngineClient(url) as client:
        next(client.order_pages(1, user_id=user))  # is there an engine, and may this be seen?
        if on_terminal(stderr=True):
            complain(f"Steps of orders at {client.url}, as they come. Ctrl-C ends it.", "dim")
        for frame in client.feed(
            user, patience=None, on_connection=changes_only(lambda news: complain(sentence(news)))
        ):
            typer.echo(json_text(frame.raw)) if as_json else say(_line(frame))


def _line(frame: "Frame") -> str:
    at = f"{frame.timestamp:%H:%M:%S}.{frame.timestamp.microsecond // 1000:03}Z"
    return f"{at}  {frame.order_id}  {frame.status:<9}  {printable(frame.message)}  ({printable(frame.user_id)})"
