"""Compares what a command printed with what its page shows, but for what differs from run to run."""

import re
from collections.abc import Iterable, MutableMapping

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
_HASH = r"tx_[a-z0-9]{20}_mock"
_VENUE = r"(?:Raydium|Meteora)"
_DURATION = r"\d[\d.,]*\s+(?:ms|s|min)\b"
_RATE = r"\d[\d.,]*\s+orders/s"
_CLOCK = r"\d+:\d\d:\d\d"
_PRICE = r"\d[\d,]*\.\d+"  # any decimal
_RULE = r"(?:[━─]+|-{3,})"

# What is on the page, and what may be in its place; all else must be there as it is.
_MASKS = {
    "anything": (r"\.\.\.", ".*?"),
    "id": (ID, ""),
    "time": (_TIME, _TIME),
    "hash": (_HASH, _HASH),
    "venue": (_VENUE, _VENUE),
    "clock": (_CLOCK, _CLOCK),
    "duration": (_DURATION, _DURATION),
    "rate": (_RATE, _RATE),
    "price": (_PRICE, r"\d[\d.,]*"),
    "rule": (_RULE, _RULE),
    "chosen": (r"│ (?:yes|   ) {4}│$", r"│\s+(?:yes\s+)?│"),  # a table's last cell: the venue that was taken
    "space": (r"\s+", r"\s+"),
    "text": (r"(?s:.)", ""),
}
_PARTS = re.compile("|".join(f"(?P<{name}>{looks})" for name, (looks, _) in _MASKS.items()))


def with_ids(text: str, ids: MutableMapping[str, str]) -> str:
    """Return a command with the real ids. Raises AssertionError when one was not in an output before."""
    strange = sorted(set(re.findall(ID, text)) - ids.keys())
    assert not strange, f"no output on the page shows {', '.join(strange)}, so nothing can stand for it"
    return re.sub(ID, lambda found: ids[found[0]], text)


def fits(shown: Iterable[str], printed: Iterable[str], ids: MutableMapping[str, str]) -> bool:
    """Whether the lines have the shape of those on the page; `ids` then has the real ids of all that are there."""
    groups: dict[str, str] = {}
    pattern = "".join(_line(line.strip(), ids, groups) for line in shown)
    text = "".join(f"{line.strip()}\n" for line in printed if line.strip())
    found = re.fullmatch(pattern, text)
    if found is None:
        return False
    ids.update({on_page: found[group] for on_page, group in groups.items()})
    return True


def _line(line: str, ids: MutableMapping[str, str], groups: dict[str, str]) -> str:
    return (
        r"(?:.*\n)*?" if line == "..." else "".join(_part(part, ids, groups) for part in _PARTS.finditer(line)) + r"\n"
    )


def _part(part: re.Match[str], ids: MutableMapping[str, str], groups: dict[str, str]) -> str:
    kind, text = str(part.lastgroup), part[0]
    if kind == "text":
        return re.escape(text)
    if kind != "id":
        return _MASKS[kind][1]
    if text in ids:
        return ids[text]
    if text in groups:
        return f"(?P={groups[text]})"
    groups[text] = f"id{len(groups)}"
    return f"(?P<{groups[text]}>{ID})"
