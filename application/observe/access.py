"""What is worth knowing of who gets in, one function each."""

from application.observe import metrics
from application.observe.log import Log

_log = Log.of()


def credentials_refused(address: str) -> None:
    """Record that an address (of IPv6 its /64) showed too many bad credentials and has to wait."""
    _log.warning("credentials_refused", address=address)


def token_keys_read(count: int) -> None:
    """Record that the keys of tokens were read again, since their file changed."""
    _log.info("token_keys_read", keys=count)


def token_keys_refused(why: str) -> None:
    """Record that the file of keys is bad: those that were read before it stay."""
    metrics.TOKEN_KEYS_REFUSED.add()
    _log.error("token_keys_refused", why=why)
