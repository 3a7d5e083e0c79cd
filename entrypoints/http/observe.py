"""What is worth knowing at the HTTP and WebSocket doors, one function each; only they log."""

import logging

_log = logging.getLogger("order_engine.http")


def request_failed(request_id: str, error: Exception) -> None:
    """Tell that a request ended in an error that nobody foresaw."""
    _log.error("request_failed", extra={"request_id": request_id}, exc_info=error)


def data_refused(request_id: str, error: Exception) -> None:
    """Tell that the store refused what validation had let through: a rule is missing at the door."""
    _log.warning("data_refused", extra={"request_id": request_id, "error": repr(error)})


def store_away(request_id: str, error: Exception) -> None:
    """Tell that a request was turned away because the store could not serve it."""
    _log.warning("store_away", extra={"request_id": request_id, "error": repr(error)})


def check_failed(name: str, error: Exception) -> None:
    """Tell that a health check found something down."""
    _log.warning("check_failed", extra={"check": name, "error": repr(error)})


def draining(sockets: int) -> None:
    """Tell that the server stops: it is no longer ready, and its open sockets are being closed."""
    _log.info("draining", extra={"sockets": sockets})
