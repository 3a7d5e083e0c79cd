"""Follows one order to its end and shows it; what `submit --watch` and `orders watch` share."""

import time
from typing import TYPE_CHECKING

from entrypoints.cli.ending import DONE, INTERRUPTED, ORDER_FAILED
from entrypoints.cli.output import complain
from entrypoints.cli.timeline_view import TimelineView
from order_engine_client import Back, Lost, NoAnswer, OutOfTime, Unreachable
from order_engine_client.following import OnConnection

if TYPE_CHECKING:
    from entrypoints.cli.client import EngineClient


def watch(client: "EngineClient", order_id: str, view: TimelineView, *, deadline: float | None) -> int:
    """Show an order's steps until it is final; return the exit code of how it ended.

    `deadline` is by `time.monotonic`. Raises OrderEngineError; one after which the order goes on says how to watch it
    again.
    """
    status = ""
    timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
    try:
        for frame in client.watch(order_id, timeout=timeout, on_connection=changes_only(view.show)):
            view.show(frame)
            status = frame.status
    except (NoAnswer, Unreachable, OutOfTime) as error:
        error.add_note(_again(client, order_id))
        raise
    except KeyboardInterrupt:
        view.end()
        complain(f"The order goes on. {_again(client, order_id)}")
        raise SystemExit(INTERRUPTED) from None
    finally:
        view.end()
    return DONE if status == "confirmed" else ORDER_FAILED


def changes_only(show: OnConnection) -> OnConnection:
    """Return what shows that the connection is lost, once however often it cannot be opened again, and its return."""
    lost = False

    def note(news: Lost | Back) -> None:
        nonlocal lost
        if not (lost and isinstance(news, Lost)):
            show(news)
        lost = isinstance(news, Lost)

    return note


def deadline_of(timeout: float | None) -> float | None:
    """Return when a time that begins now is over, by `time.monotonic`."""
    return None if timeout is None else time.monotonic() + timeout


def _again(client: "EngineClient", order_id: str) -> str:
    return f"Watch it again: order-engine orders watch {order_id} --url {client.url}"
