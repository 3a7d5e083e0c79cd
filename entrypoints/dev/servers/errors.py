"""The one error of the local servers."""

from entrypoints.lifecycle import StartError


class LocalServerError(StartError):
    """Says in one sentence, for the person at the terminal, why a server can't run here."""
