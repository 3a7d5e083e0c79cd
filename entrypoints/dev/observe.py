"""What is worth knowing about private servers, one function each: it logs; only they do."""

from application.observe.log import Log

_log = Log.of("dev")


def server_ended(name: str) -> None:
    """Record that a private server ended and nobody had asked for it; it is started again."""
    _log.warning("private_server_ended", server=name)


def server_back(name: str, notice: str) -> None:
    """Record that a private server runs again, and what the person should know of it."""
    _log.warning("private_server_back", server=name, **({"notice": notice} if notice else {}))
