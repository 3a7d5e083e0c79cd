"""`order-engine submit`: one order, asked for once however often it has to be said."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.ending import troubles_reported
from entrypoints.cli.options import AsJson, Timeout, Url, key_of, tokens_like
from entrypoints.cli.output import complain, on_terminal, say, say_json

if TYPE_CHECKING:
    from order_engine_client import Accepted, OrderEngineError

PATIENCE_SECONDS = 30.0


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
        str | None,
        typer.Option(
            metavar="TEXT", callback=key_of, help="The same key never makes a second order.", show_default="new"
        ),
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

    deadline = deadline_of(timeout)
    patience = PATIENCE_SECONDS if timeout is None else min(PATIENCE_SECONDS, timeout)
    with troubles_reported(), EngineClient(url, patience=patience, on_retry=say_again) as client:
        accepted = client.submit(
            input_token=input_token,
            output_token=output_token,
            amount=amount,
            user_id=user,
            slippage_bps=slippage_bps,
            client_order_id=client_order_id,
            idempotency_key=idempotency_key,
        )
        if accepted.replayed and not as_json:
            complain("This key's order was accepted before; it is that one.")
        if watch:
            view = view_for_reader(as_json=as_json, symbols=client.symbols)
            raise SystemExit(follow(client, accepted.order_id, view, deadline=deadline))
    _show(accepted, as_json=as_json)


def say_again(error: "OrderEngineError", seconds: float) -> None:
    """Say that the same order is submitted again; not where nobody was there, and nobody has heard of it."""
    from entrypoints.cli.troubles import first_line
    from order_engine_client import Unreachable

    if isinstance(error, Unreachable) and not error.maybe_done:
        raise error
    complain(f"{first_line(error)} Trying again in {seconds:.2g} s, with --idempotency-key {error.idempotency_key}")


def _show(accepted: "Accepted", *, as_json: bool) -> None:
    if as_json:
        say_json({**accepted.raw, "idempotencyKey": accepted.idempotency_key, "replayed": accepted.replayed})
        return
    say(accepted.order_id)
    if on_terminal():
        complain(f"Accepted. Watch it: order-engine orders watch {accepted.order_id}", "dim")
