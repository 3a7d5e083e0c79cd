"""`order-engine audit`: who did what to the engine. Needs Postgres only."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.operating import on_halts
from entrypoints.cli.options import AsJsonLines, instant
from entrypoints.cli.output import cell, json_text, say, say_json, show

if TYPE_CHECKING:
    from application.caller import Caller
    from application.ports.audit import AuditFilter, AuditRecord, Facts
    from entrypoints.container import Container

_PAGE = 200


def audit(
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on, as 2026-01-02T03:04:05Z.")] = None,
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this one did.")] = None,
    what: Annotated[str | None, typer.Option(metavar="ACT", help="Only acts of this kind, as trading.halt.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest N.")] = 50,
    every: Annotated[bool, typer.Option("--all", help="All there are, whatever the limit.")] = False,
    as_json: AsJsonLines = False,
) -> None:
    """List administrative acts, the newest first: who, what, when, from where, before and after."""
    from rich.table import Table

    from application.ports.audit import AuditFilter

    query, most = AuditFilter(instant(since), who, what), None if every else limit
    records = on_halts(lambda container, caller: _records(container, caller, query, most))
    if as_json:
        for record in records:
            say_json(_facts(record))
        return None
    if not records:
        return say("There are no such acts.")
    table = Table("at", "who", "from", "what", "of", "before", "after", "outcome", "request")
    for record in records:
        table.add_row(*map(cell, _row(record)))
    return show(table)


async def _records(
    container: "Container", caller: "Caller", query: "AuditFilter", most: int | None
) -> "list[AuditRecord]":
    found: list[AuditRecord] = []
    before = None
    while most is None or len(found) < most:
        wanted = _PAGE if most is None else min(_PAGE, most - len(found))
        page = await container.query_audit()(caller, query, before, wanted)
        found += page.records
        before = page.next_before
        if before is None:
            break
    return found


def _row(record: "AuditRecord") -> tuple[object, ...]:
    from application.frames import timestamp

    entry = record.entry
    changes = _text(entry.before), _text(entry.after), entry.outcome
    return timestamp(record.at), entry.who, entry.origin, entry.what, entry.subject, *changes, entry.request_id


def _text(facts: "Facts | None") -> str:
    return "" if facts is None else json_text(dict(facts))


def _facts(record: "AuditRecord") -> dict[str, object]:
    from application.frames import timestamp

    entry = record.entry
    return {
        "number": record.number,
        "at": timestamp(record.at),
        "who": entry.who,
        "origin": entry.origin,
        "requestId": entry.request_id,
        "what": entry.what,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "outcome": entry.outcome,
    }
