"""How tests read the names that code gives."""

import re


def words(name: str) -> str:
    """Return a text as lower-case words with single spaces: `OrderStore`, `order_store` and `order store` are one."""
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower().split())
