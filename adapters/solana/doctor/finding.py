"""What was looked at, and how it is."""

from enum import StrEnum

from attrs import frozen


class Health(StrEnum):
    """`warning` is for what works and may not be meant; with `wrong` no swap would be made, or a false one."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@frozen
class Finding:
    """One line for an operator; `text` holds no secret, nor a URL."""

    what: str
    health: Health
    text: str

    @classmethod
    def of(cls, what: str, good: str, *, wrong: str | None = None, warning: str | None = None) -> "Finding":
        """Say the worst that there is to say."""
        if wrong is not None:
            return cls(what, Health.WRONG, wrong)
        return cls(what, Health.OK, good) if warning is None else cls(what, Health.WARNING, warning)
