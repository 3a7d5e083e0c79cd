"""Solana's addresses as text: 32 bytes in base 58."""

import re

_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY = re.compile(f"[{_DIGITS}]{{32,44}}")
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}


def is_key(text: str) -> bool:
    """Whether a text is an address; each has one way to be written."""
    if not _KEY.fullmatch(text):
        return False
    number = 0
    for digit in text:
        number = number * len(_DIGITS) + _VALUES[digit]
    zeros = len(text) - len(text.lstrip(_DIGITS[0]))
    return zeros + (number.bit_length() + 7) // 8 == 32
