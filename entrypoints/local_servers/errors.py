"""The one error of the local servers."""


class LocalServerError(Exception):
    """Says in one sentence, for the person at the terminal, why a server can't run here."""
