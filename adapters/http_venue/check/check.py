"""All rules, one after the other."""

from collections.abc import AsyncIterator

from attrs import frozen

from adapters.http_venue.check.bench import Bench, Broken
from adapters.http_venue.check.rules import RULES
from application.ports.errors import VenueUnavailable


@frozen
class Verdict:
    """Whether the venue keeps a rule; `why` says why not, None when it does."""

    rule: str
    why: str | None = None


async def verdicts(bench: Bench) -> AsyncIterator[Verdict]:
    """Try each rule and yield the verdict. It makes swaps at the venue: some ten."""
    for rule in RULES:
        try:
            await rule.tried(bench)
        except (Broken, VenueUnavailable) as error:
            yield Verdict(rule.text, str(error))
        else:
            yield Verdict(rule.text)
