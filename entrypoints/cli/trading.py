"""`order-engine trading ...`: whether anything is traded at all. Needs Postgres only."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts, on_orders, operator
from entrypoints.cli.options import AsJson, Since, instant
from entrypoints.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from application.ports.trading_halts import Halt

app = typer.Typer(help="See whether trading is halted, halt it, let it go on.", no_args_is_help=True)

_LOST = (
    "The database lacks writes that it had acknowledged. `order-engine reconcile` lists swaps that the orders "
    "do not know; `order-engine trading resume` settles the open orders and lets trading go on."
)


@app.command()
def state(as_json: AsJson = False) -> None:
    """Tell whether trading is halted, since when and why."""
    halt = on_halts(lambda container, caller: container.operate_trading().state(caller))
    if as_json:
        return say_json(_facts(halt))
    say(_sentence(halt) if halt else "Trading goes on.")


@app.command()
def halt(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What others are told.", show_default=False)],
    lost_writes: Annotated[
        bool,
        typer.Option("--lost-writes", help="The database went back, as a restored backup: `resume` compares first."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop all trading: no order is taken, executed or sent until `resume`.

    Reading and, unless writes were lost, cancelling go on.
    """
    by = operator()
    holding = on_halts(
        lambda container, caller: container.operate_trading().halt(caller, why, by, lost_writes=lost_writes)
    )
    if as_json:
        return say_json(_facts(holding))
    say(_sentence(holding))


@app.command()
def resume(
    since: Since = None,
    hold: Annotated[bool, typer.Option("--hold", help="Ask no venue, and hold every open order.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let trading go on; where writes were lost, after the open orders were compared with the venues."""
    by, begin = operator(), instant(since)
    holding = on_halts(lambda container, caller: container.operate_trading().state(caller))
    if holding is None or not holding.lost_writes:
        ended = on_halts(lambda container, caller: container.operate_trading().resume(caller, by))
        if as_json:
            return say_json({"halted": False, "ended": ended is not None})
        return say("Trading goes on." if ended else "Trading was not halted.")
    complain("Comparing with the venues, once nothing that was built before the halt can land any more.")
    resumed = on_orders(lambda container, caller: container.resume_trading()(caller, by, begin, ask_venues=not hold))
    submitted = resumed.settled.submitted if resumed and resumed.settled else ()
    held = resumed.settled.held if resumed and resumed.settled else ()
    if as_json:
        return say_json({"halted": False, "ended": resumed is not None, "submitted": submitted, "held": held})
    say("Trading goes on.")
    if submitted:
        say(f"Known at their venues, and settled with them by the workers: {', '.join(submitted)}.")
    if held:
        say(f"Held, as they may have been swapped (`orders release ID` or `orders fail ID`): {', '.join(held)}.")


def _facts(halt: "Halt | None") -> dict[str, object]:
    from application.frames import timestamp

    if halt is None:
        return {"halted": False}
    since = timestamp(halt.since)
    return {"halted": True, "since": since, "why": halt.why, "by": halt.by, "lostWrites": halt.lost_writes}


def _sentence(halt: "Halt") -> str:
    from application.frames import timestamp

    text = f"Trading is halted since {timestamp(halt.since)}, by {halt.by}: {halt.why}."
    return f"{text}\n{_LOST}" if halt.lost_writes else text
