"""What the runbook says comes with an alert: the lines "With it", and what stands after "perhaps" there."""

import re
from pathlib import Path

from attrs import frozen

PAGES = Path(__file__).parents[2] / "docs/runbook"


@frozen
class Companions:
    """The alerts that fire beside another: those that do, and those that may."""

    sure: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.sure | self.possible


def companions() -> dict[str, Companions]:
    """Return what comes with each alert, by its section."""
    found: dict[str, Companions] = {}
    for page in PAGES.glob("*.md"):
        for section in page.read_text().split("\n## ")[1:]:
            name, _, text = section.partition("\n")
            line = re.search(r"^With it\b(.+?)^(?:Look|Do): ", text, re.MULTILINE | re.DOTALL)
            sure, _, possible = (line[1] if line else "").partition("perhaps")
            found[name] = Companions(_linked(sure), _linked(possible))
    return found


def _linked(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\[(\w+)\]\(", text))
