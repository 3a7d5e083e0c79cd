"""The engine's client as commands use it: with the user's credential, and every trouble a sentence with a code."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from entrypoints.cli.credential import credential_for
from entrypoints.cli.troubles import WrongEnvironment, trouble_of
from order_engine_client import Client, OrderEngineError
from order_engine_client.address import Address
from order_engine_client.attempts import OnRetry

Document = Mapping[str, Any]

_TLS_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class EngineClient(Client):
    """Shows the user's credential, if there is one. To make one raises WrongEnvironment and BadCredential.

    `with` raises as Trouble what its block raises as OrderEngineError. Nothing is tried again unless `patience` is
    given: who is at a terminal sees what is wrong at once.
    """

    def __init__(
        self,
        url: str,
        transport: httpx.BaseTransport | None = None,
        *,
        patience: float = 0,
        on_retry: OnRetry | None = None,
    ) -> None:
        key = credential_for(url)
        try:
            super().__init__(url, api_key=key, patience=patience, on_retry=on_retry, transport=transport)
        except OSError as error:  # as TLS has it
            raise WrongEnvironment("a file for TLS", _TLS_VARIABLES) from error
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise WrongEnvironment("a proxy", _PROXY_VARIABLES) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, OrderEngineError):
            raise trouble_of(error) from error

    def symbols(self) -> dict[str, str]:
        """Return what people call the tokens whose addresses orders keep; nothing where the engine cannot tell."""
        try:
            listed = self.tokens()
        except OrderEngineError:  # an order is shown by its addresses then
            return {}
        return {token.address: token.symbol for token in reversed(listed)}  # the first one counts


def address_of(url: str) -> Address:
    """Return how to reach an engine, with the user's credential, for who talks to it in other ways."""
    return Address.of(url, credential_for(url), None)
