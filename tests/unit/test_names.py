"""Names of users and tokens: one written form, nothing that cannot be seen, and no two that are told apart by that."""

import sys
import unicodedata

import pytest

from domain.names import BadName, is_unseen, name_of, same_name

REFUSED = {
    "turns the writing round": "\u202eCDSU",
    "isolates": "US\u2066DC\u2069",
    "zero width": "SO\u200bL",
    "joiner": "SO\u200dL",
    "byte order mark": "SO\ufeffL",
    "soft hyphen": "SO\u00adL",
    "Arabic number sign": "\u0600SOL",
    "tag": "SOL\U000e0041",
    "line separator": "SO\u2028L",
    "paragraph separator": "SO\u2029L",
    "next line": "SO\u0085L",
    "escape": "SO\x1b[2JL",
    "NUL": "SO\0L",
    "private": "SO\ue000L",
    "private, far": "SO\U00100000L",
    "surrogate": "SO\ud800L",
    "not a character": "SO\uffffL",
    "unassigned": "SO\u0378L",
    "grapheme joiner": "SO\u034fL",
    "Hangul filler": "SO\u3164L",
    "half-width filler": "SO\uffa0L",
    "variation selector": "SO\ufe0fL",
    "far variation selector": "SO\U000e0100L",
    "Mongolian selector": "SO\u180bL",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_seen_is_refused_wherever_it_stands(text: str) -> None:
    for name in (text, "x" * 20 + text, text[::-1], f"Zoë {text}"):
        with pytest.raises(BadName):
            name_of(name, 50)


@pytest.mark.parametrize(
    "text", ["SOL", "x" * 50, "Zoë", "用户", "مستخدم", "🚀", "a b", "wETH.e", "a\u00a0b", "$€", "½"]
)
def test_what_people_write_is_a_name(text: str) -> None:
    assert name_of(f" {text}\n", 50) == text


@pytest.mark.parametrize(
    ("text", "name"), [("Zoe\u0308", "Zoë"), ("\u212b", "Å"), ("\u1112\u1161\u11ab", "한"), (" \u2028a\x85", "a")]
)
def test_a_name_is_trimmed_and_composed(text: str, name: str) -> None:
    assert name_of(text, 50) == name


def test_a_name_is_as_long_as_it_is_kept() -> None:
    assert len(name_of("e\u0301" * 50, 50)) == 50
    for text in ("e\u0301" * 51, "\u0958" * 26, "x" * 51, "\u0300\u0316" * 8000):  # U+0958 is two in NFC
        with pytest.raises(BadName, match="at most 50"):
            name_of(text, 50)


@pytest.mark.parametrize("text", ["", " ", "\u3000\u2003", "\n\x1c"])
def test_a_blank_one_is_none(text: str) -> None:
    with pytest.raises(BadName, match="blank"):
        name_of(text, 50)


def test_every_kept_name_is_its_own_written_form() -> None:
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if char.isspace() or is_unseen(char):
            continue
        kept = name_of(f"a{char}b", 50)
        assert name_of(kept, 50) == kept
        assert unicodedata.is_normalized("NFC", kept)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SOL", "sol"),
        ("\uff33\uff2f\uff2c", "SOL"),
        ("straße", "STRASSE"),
        ("Σας", "ΣΑΣ"),
        ("ﬁ", "FI"),
        ("x²", "X2"),
        ("a\u00a0b", "A b"),
    ],
)
def test_names_that_look_alike_are_the_same(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(("one", "other"), [("SOL", "SOL2"), ("SOL", "USDC"), ("Zoë", "Zoe")])
def test_other_names_are_not(one: str, other: str) -> None:
    assert not same_name(one, other)
