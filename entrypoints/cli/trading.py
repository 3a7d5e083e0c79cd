"""`order-engine trading ...`: whether anything is traded at all. Needs Postgres only."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts, operator
from entrypoints.cli.options import AsJson
from entrypoints.cli.output import say, say_json

if TYPE_CHECKING:
    from application.ports.trading_halts import Halt

app = typer.Typer(help="See whether trading is halted, halt it, let it go on.", no_args_is_help=True)

_LOST = (
    "The database lacks writes that it had acknowledged: `order-engine reconcile` compares it with the venues, "
    "before `order-engine trading resume`."
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
    as_json: AsJson = False,
) -> None:
    """Stop all trading: no order is taken, executed or sent until `resume`. Reading and cancelling go on."""
    by = operator()
    holding = on_halts(lambda container, caller: container.operate_trading().halt(caller, why, by))
    if as_json:
        return say_json(_facts(holding))
    say(_sentence(holding))


@app.command()
def resume(as_json: AsJson = False) -> None:
    """Let trading go on."""
    by = operator()
    ended = on_halts(lambda container, caller: container.operate_trading().resume(caller, by))
    if as_json:
        return say_json({"halted": False, "ended": ended is not None})
    say("Trading goes on." if ended else "Trading was not halted.")


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
