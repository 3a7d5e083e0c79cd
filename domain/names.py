"""Names of users and tokens: one written form for each, and nothing in it that a reader cannot see."""

import unicodedata
from typing import Final

# Controls, formats (as those that turn the writing round), surrogates, private and unassigned characters, separators.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that show nothing by themselves: the rest of Unicode's Default_Ignorable_Code_Point.
_UNSEEN_LETTERS: Final = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE10), 0xFFA0))
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))
# NFC makes one character of up to so many; of more, what is too long is not looked at further.
_COMPOSED_OF = 4


class BadName(ValueError):
    """A text that is no name; the text of the error says why, and holds nothing of it."""


def name_of(text: str, longest: int) -> str:
    """Return a name as it is kept: trimmed, and in NFC. Raises BadName."""
    name = text.strip()
    if len(name) <= _COMPOSED_OF * longest and not name.isascii():
        name = unicodedata.normalize("NFC", name)
    if not name:
        raise BadName("must not be blank")
    if len(name) > longest:
        raise BadName(f"must have at most {longest} characters")
    if not (name.isascii() and name.isprintable()) and any(map(is_unseen, name)):
        raise BadName("must not contain control characters, or others that cannot be seen")
    return name


def is_unseen(character: str) -> bool:
    """Whether a character shows nothing where it stands, or changes how others are shown."""
    return unicodedata.category(character) in _UNSEEN_CATEGORIES or character in _UNSEEN_LETTERS


def same_name(one: str, other: str) -> bool:
    """Whether two names differ by case, or by how a character is drawn (full width, superscript), at most."""
    if one.isascii() and other.isascii():  # which folding leaves as they are, but for their case
        return one.lower() == other.lower()
    return one.casefold() == other.casefold() or _folded(one) == _folded(other)


def _folded(name: str) -> str:
    """Fold as Unicode's compatibility caseless matching does (definition D146)."""
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", name).casefold())
    return unicodedata.normalize("NFKC", once.casefold())
