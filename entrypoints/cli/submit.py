"""`order-engine submit`: one order, asked for once however often it has to be said."""

import time
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import Trouble, troubles_reported
from entrypoints.cli.options import AsJson, Timeout, Url, tokens_like
from entrypoints.cli.output import complain, on_terminal, say, say_json

if TYPE_CHECKING:
    from entrypoints.cli.client import Document, EngineClient

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.5


def submit(
    input_token: Annotated[
        str, typer.Argument(metavar="SELL", help="The token that is sold.", autocompletion=tokens_like)
    ],
    output_token: Annotated[
        str, typer.Argument(metavar="BUY", help="The token that is bought.", autocompletion=tokens_like)
    ],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much is sold, up to 8 decimals.")],
    user: Annotated[str, typer.Option("--user", "-u", metavar="NAME", help="Whose order it is.", show_default=False)],
    url: Url,
    slippage_bps: Annotated[
        int | None, typer.Option(metavar="N", help="By how much the price may be worse than quoted, in 1/10,000.")
    ] = None,
    client_order_id: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Your own name for the order, once per user.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The same key never makes a second order.", show_default="new")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the order to its end.")] = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Submit an order, and print its id; with --watch a live timeline of its steps.

    Exit code 0: accepted, with --watch confirmed; 3: it failed; 1: refused; 4: no engine answers; 5: out of time.
    """
    from entrypoints.cli.client import EngineClient
    from entrypoints.cli.timeline_view import view_for_reader
    from entrypoints.cli.watching import deadline_of
    from entrypoints.cli.watching import watch as follow

    asked: dict[str, object] = {
        "inputToken": input_token,
        "outputToken": output_token,
        "amount": amount,
        "userId": user,
        "slippageBps": slippage_bps,
        "clientOrderId": client_order_id,
    }
    order = {name: value for name, value in asked.items() if value is not None}
    key, deadline = idempotency_key or str(uuid.uuid4()), deadline_of(timeout)
    with troubles_reported(), EngineClient(url) as client:
        answer, replayed = place(client, order, key, deadline)
        if replayed and not as_json:
            complain("This key's order was accepted before; it is that one.")
        if watch:
            view = view_for_reader(as_json=as_json, symbols=client.symbols)
            raise SystemExit(follow(url, answer["orderId"], view, deadline=deadline))
        _show(answer, key, replayed=replayed, as_json=as_json)


def place(
    client: "EngineClient", order: dict[str, object], key: str, deadline: float | None = None
) -> "tuple[Document, bool]":
    """Submit until there is an answer, for up to 30 s, always with the same key; return it, and whether it is a repeat.

    `deadline` is by `time.monotonic`. Raises Trouble; its text says when it is not known whether there is an order.
    """
    from entrypoints.cli.troubles import NoAnswer, NoEngine, Refused

    give_up = min(time.monotonic() + PATIENCE_SECONDS, deadline or float("inf"))
    unknown = False
    while True:
        try:
            return client.submit(order, key)
        except Refused as refusal:
            if refusal.come_back is None:
                raise
            trouble: Trouble = refusal
            unknown, wait = unknown or refusal.unknown, refusal.come_back
        except (NoAnswer, NoEngine) as error:
            trouble = error
            unknown, wait = unknown or isinstance(error, NoAnswer), PAUSE_SECONDS
            if not unknown:
                raise  # nobody has heard of the order
        if time.monotonic() + wait >= give_up:
            raise _undecided(trouble, key) if unknown else trouble
        complain(f"{str(trouble).splitlines()[0]} Trying again in {wait:g} s, with --idempotency-key {key}")
        time.sleep(wait)


def _undecided(trouble: Trouble, key: str) -> Trouble:
    from entrypoints.cli.troubles import NoAnswer

    advice = f"It is not known whether the order was accepted: repeat this with --idempotency-key {key}"
    return NoAnswer(f"{trouble}\n{advice}")


def _show(answer: "Document", key: str, *, replayed: bool, as_json: bool) -> None:
    if as_json:
        say_json({**answer, "idempotencyKey": key, "replayed": replayed})
        return
    say(answer["orderId"])
    if on_terminal():
        complain(f"Accepted. Watch it: order-engine orders watch {answer['orderId']}", "dim")
