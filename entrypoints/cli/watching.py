"""Follows one order to its end and shows it; what `submit --watch` and `orders watch` share."""

import time

from entrypoints.cli.ending import DONE, INTERRUPTED, ORDER_FAILED
from entrypoints.cli.output import complain
from entrypoints.cli.stream import Frame, follow
from entrypoints.cli.timeline_view import TimelineView
from entrypoints.cli.troubles import NoAnswer, NotInTime


def watch(url: str, order_id: str, view: TimelineView, *, deadline: float | None) -> int:
    """Show an order's steps until it is final; return the exit code of how it ended.

    `deadline` is by `time.monotonic`. Raises Trouble; one after which the order goes on says how to watch it again.
    """
    status = ""
    try:
        for news in follow(url, order_id, deadline):
            view.show(news)
            if isinstance(news, Frame):
                status = news.status
    except (NoAnswer, NotInTime) as trouble:
        raise type(trouble)(f"{trouble}\n{_again(url, order_id)}") from trouble
    except KeyboardInterrupt:
        view.end()
        complain(f"The order goes on. {_again(url, order_id)}")
        raise SystemExit(INTERRUPTED) from None
    finally:
        view.end()
    return DONE if status == "confirmed" else ORDER_FAILED


def deadline_of(timeout: float | None) -> float | None:
    """Return when a time that begins now is over, by `time.monotonic`."""
    return None if timeout is None else time.monotonic() + timeout


def _again(url: str, order_id: str) -> str:
    return f"Watch it again: order-engine orders watch {order_id} --url {url}"
