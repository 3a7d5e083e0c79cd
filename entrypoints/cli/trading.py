"""`order-engine trading ...`: whether anything is traded at all. Needs Postgres only."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts, on_orders
from entrypoints.cli.options import AsJson, Since, User, Why, instant
from entrypoints.cli.output import complain, say, say_json
from entrypoints.cli.venue import partial_facts, partial_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.caller import Caller
    from application.ports.partial_halts import PartialHalt
    from application.ports.trading_halts import Halt
    from entrypoints.container import Container

app = typer.Typer(help="See whether trading is halted, halt it, let it go on.", no_args_is_help=True)

_LOST = (
    "The database lacks writes that it had acknowledged. `order-engine reconcile` lists swaps that the orders "
    "do not know; `order-engine trading resume` settles the open orders and lets trading go on."
)


@app.command()
@app.command(name="status", hidden=True)
def state(as_json: AsJson = False) -> None:
    """Tell whether trading is halted, of all, of users or at venues, since when and why."""
    halt, parts = on_halts(_state)
    if as_json:
        return say_json(_facts(halt) | ({"parts": [partial_facts(part) for part in parts]} if parts else {}))
    say(_sentence(halt) if halt else "Trading goes on.")
    for part in parts:
        say(partial_sentence(part))


@app.command()
def halt(
    why: Why,
    user: User = None,
    lost_writes: Annotated[
        bool,
        typer.Option("--lost-writes", help="The database went back, as a restored backup: `resume` compares first."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop all trading: no order is taken, executed or sent until `resume`.

    Reading and, unless writes were lost, cancelling go on. With `--user` only that user's orders are neither taken nor
    begun, and what is submitted ends as its venue says.
    """
    if user is not None:
        return _halt_user(user, why, lost_writes=lost_writes, as_json=as_json)
    holding = on_halts(lambda container, caller: container.operate_trading().halt(caller, why, lost_writes=lost_writes))
    if as_json:
        return say_json(_facts(holding))
    say(_sentence(holding))


@app.command()
def resume(
    user: User = None,
    since: Since = None,
    hold: Annotated[bool, typer.Option("--hold", help="Ask no venue, and hold every open order.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let trading go on; where writes were lost, after the open orders were compared with the venues."""
    begin = instant(since)
    if user is not None:
        return _resume_user(user, as_json=as_json)
    holding = on_halts(lambda container, caller: container.operate_trading().state(caller))
    if holding is None or not holding.lost_writes:
        ended = on_halts(lambda container, caller: container.operate_trading().resume(caller))
        if as_json:
            return say_json({"halted": False, "ended": ended is not None})
        return say("Trading goes on." if ended else "Trading was not halted.")
    complain("Comparing with the venues, once nothing that was built before the halt can land any more.")
    resumed = on_orders(lambda container, caller: container.resume_trading()(caller, begin, ask_venues=not hold))
    submitted = resumed.settled.submitted if resumed and resumed.settled else ()
    held = resumed.settled.held if resumed and resumed.settled else ()
    if as_json:
        return say_json({"halted": False, "ended": resumed is not None, "submitted": submitted, "held": held})
    say("Trading goes on.")
    if submitted:
        say(f"Known at their venues, and settled with them by the workers: {', '.join(submitted)}.")
    if held:
        say(f"Held, as they may have been swapped (`orders release ID` or `orders fail ID`): {', '.join(held)}.")


async def _state(container: "Container", caller: "Caller") -> "tuple[Halt | None, Sequence[PartialHalt]]":
    return await container.operate_trading().state(caller), await container.halt_parts().state(caller)


def _halt_user(user: str, why: str, *, lost_writes: bool, as_json: bool) -> None:
    from application.ports.partial_halts import HaltOf

    if lost_writes:
        raise typer.BadParameter("is of all trading, not of a user", param_hint="--lost-writes")
    halt = on_halts(lambda container, caller: container.halt_parts().halt(caller, HaltOf.USER, user, why))
    if as_json:
        return say_json({"halted": True, **partial_facts(halt)})
    say(partial_sentence(halt))


def _resume_user(user: str, *, as_json: bool) -> None:
    from application.ports.partial_halts import HaltOf

    ended = on_halts(lambda container, caller: container.halt_parts().resume(caller, HaltOf.USER, user))
    if as_json:
        return say_json({"halted": False, "user": user, "ended": ended is not None})
    say(f"The user {user} trades again." if ended else f"The user {user} was not halted.")


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
