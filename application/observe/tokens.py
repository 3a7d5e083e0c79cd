"""What is worth knowing of the token list."""

from application.observe import metrics
from application.observe.log import Log

_log = Log.of()


def token_list_read(count: int) -> None:
    """Record that the token list was read again, since its file changed."""
    _log.info("token_list_read", tokens=count)


def token_list_refused(why: str) -> None:
    """Record that the file of tokens is bad: those that were read before it stay."""
    metrics.TOKEN_LIST_REFUSED.add()
    _log.error("token_list_refused", why=why)
