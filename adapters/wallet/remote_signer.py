"""A wallet whose key is in a machine that never gives it away, asked over HTTP."""

import asyncio
import ipaddress
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

import httpx
import msgspec
from attrs import field, frozen

from adapters.wallet.addresses import require_address, verified
from adapters.wallet.private_file import BadWallet
from application.ports.errors import SignerUnavailable

ANSWER_BYTES = 4096
CONNECTIONS = 16


class _Answer(msgspec.Struct):
    """What a signer answers; a member beside it means nothing."""

    signature: bytes


@frozen
class RemoteWallet:
    """Where a wallet's signer is: its URL, which ends with the wallet's address."""

    url: str
    address: str

    @classmethod
    def read(cls, url: str) -> "RemoteWallet":
        """Take a URL: https, or http on this machine. Raises BadWallet."""
        try:
            parts = urlsplit(url)
            wrong = parts.port == 0 or parts.username or parts.query or parts.fragment or not parts.hostname
        except ValueError:
            raise BadWallet("a remote signer must have a URL such as https://signer.example/wallets/ADDRESS") from None
        if wrong:
            raise BadWallet("a remote signer's URL has a host and a path, and nothing beside them")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
            raise BadWallet("a remote signer on another machine is asked over https alone")
        return cls(url, require_address(parts.path.rpartition("/")[2]))


@frozen
class SignerClient:
    """The connections to remote signers, with what they are shown and how long they may take."""

    token: str | None = field(repr=False)
    timeout_seconds: float
    http: httpx.AsyncClient = field(init=False, repr=False)

    @http.default
    def _connections(self) -> httpx.AsyncClient:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "order-engine"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=4.0)
        tls = httpx.create_ssl_context()  # trusts what the environment's SSL_CERT_FILE says too
        return httpx.AsyncClient(verify=tls, headers=headers, limits=limits, timeout=None, trust_env=False)  # noqa: S113

    async def answer(self, url: str, message: bytes) -> bytes:
        """Return the body that a signer answers with 200. Raises SignerUnavailable within the time that it has."""
        body = msgspec.json.encode({"message": message})
        try:
            async with asyncio.timeout(self.timeout_seconds), self._asked(url, body) as response:
                if response.status_code != httpx.codes.OK:
                    raise SignerUnavailable(f"a remote signer answered {response.status_code}")
                return await _body(response)
        except TimeoutError as error:
            raise SignerUnavailable("a remote signer took too long") from error
        except httpx.HTTPError as error:
            raise SignerUnavailable("a remote signer cannot be reached, or broke the connection") from error

    def _asked(self, url: str, body: bytes) -> AbstractAsyncContextManager[httpx.Response]:
        return self.http.stream("POST", url, content=body, headers={"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self.http.aclose()


@frozen
class RemoteSigner:
    """A `Signer` behind HTTP. It is believed nothing: a signature that is not the wallet's is none."""

    wallet: RemoteWallet
    client: SignerClient

    @property
    def public_key(self) -> str:
        """The wallet's address."""
        return self.wallet.address

    async def sign(self, message: bytes) -> bytes:
        body = await self.client.answer(self.wallet.url, message)
        try:
            signature = msgspec.json.decode(body, type=_Answer).signature
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SignerUnavailable("a remote signer answered nonsense") from error
        return verified(signature, message, self.public_key)


async def _body(response: httpx.Response) -> bytes:
    """Read an answer as it was sent; nothing is unpacked, and no more is read than a signature takes."""
    if "content-encoding" in response.headers:
        raise SignerUnavailable("a remote signer answered in an encoding that was not asked for")
    content = b""
    async for part in response.aiter_raw():
        content += part
        if len(content) > ANSWER_BYTES:
            raise SignerUnavailable("a remote signer answered more than is taken")
    return content


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
