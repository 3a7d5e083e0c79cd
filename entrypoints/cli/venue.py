"""`order-engine venue ...`: which venues are asked and sent to. Needs Postgres only."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts
from entrypoints.cli.options import AsJson, Why
from entrypoints.cli.output import cell, say, say_json, show

if TYPE_CHECKING:
    from application.caller import Caller
    from application.ports.partial_halts import PartialHalt
    from entrypoints.container import Container

app = typer.Typer(help="See which venues trade, stop one, let it go on.", no_args_is_help=True)

Venue = Annotated[str, typer.Argument(metavar="NAME", help="The venue's name, as in the settings.", show_default=False)]


@app.command()
def stop(venue: Venue, why: Why, as_json: AsJson = False) -> None:
    """Ask and send to a venue nothing more, until `resume`; what was sent to it is still looked up and finished."""
    from application.ports.partial_halts import HaltOf

    halt = on_halts(lambda container, caller: container.halt_parts().halt(caller, HaltOf.VENUE, venue, why))
    if as_json:
        return say_json(_facts(venue, halt))
    say(partial_sentence(halt))


@app.command()
def resume(venue: Venue, as_json: AsJson = False) -> None:
    """Let a venue trade again."""
    from application.ports.partial_halts import HaltOf

    ended = on_halts(lambda container, caller: container.halt_parts().resume(caller, HaltOf.VENUE, venue))
    if as_json:
        return say_json({**_facts(venue, None), "ended": ended is not None})
    say(f"{venue} goes on." if ended else f"{venue} was not stopped.")


@app.command(name="list")
def list_venues(as_json: AsJson = False) -> None:
    """List the venues that the settings name, and what else is stopped, with why."""
    from rich.table import Table

    venues = on_halts(_venues)
    if as_json:
        return say_json([_facts(name, halt) for name, halt in venues.items()])
    table = Table("venue", "", "since", "by", "why")
    for name, halt in venues.items():
        facts = _facts(name, halt)
        state = "stopped" if halt else "trades"
        table.add_row(cell(name), cell(state), *(cell(facts.get(fact)) for fact in ("since", "by", "why")))
    show(table)


def partial_facts(halt: "PartialHalt") -> dict[str, object]:
    """Return what is told of the halt of a user or a venue."""
    from application.frames import timestamp

    return {halt.of.value: halt.name, "since": timestamp(halt.since), "why": halt.why, "by": halt.by}


def partial_sentence(halt: "PartialHalt") -> str:
    """Say that a user or a venue is halted."""
    from application.frames import timestamp

    return f"The {halt.of} {halt.name} is halted since {timestamp(halt.since)}, by {halt.by}: {halt.why}."


async def _venues(container: "Container", caller: "Caller") -> "dict[str, PartialHalt | None]":
    from application.ports.partial_halts import HaltOf

    halts = await container.halt_parts().state(caller)
    stopped = {halt.name: halt for halt in halts if halt.of is HaltOf.VENUE}
    return {**dict.fromkeys(container.venues().names), **stopped}


def _facts(name: str, halt: "PartialHalt | None") -> dict[str, object]:
    return {"venue": name, "stopped": halt is not None, **(partial_facts(halt) if halt else {})}
