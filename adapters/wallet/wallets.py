"""The wallets that pay: which there are, and whose orders each is for."""

import asyncio
from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path

from attrs import define, field, frozen

from adapters.wallet.key_file import KeyFile, read_passphrase
from adapters.wallet.key_signer import KeySigner
from adapters.wallet.mapping_file import read_mapping
from adapters.wallet.private_file import BadWallet, read_private
from adapters.wallet.remote_signer import RemoteSigner, RemoteWallet, SignerClient
from application.ports.errors import SignerUnavailable
from application.ports.signer import Signer

_TOKEN_BYTES = 4096


@frozen
class WalletPlaces:
    """Where wallets are, a path or a URL each: the one that pays for all, and the file that maps users to theirs."""

    for_all: str | None = None
    mapping: Path | None = None
    passphrase: Path | None = None
    token: Path | None = None
    timeout_seconds: float = 2.0

    def of_users(self) -> Mapping[str, str]:
        """Return each mapped user's place. Raises BadWallet."""
        return {} if self.mapping is None else read_mapping(self.mapping)


@define(eq=False)
class OwnWallets:
    """`Wallets` by the places of the settings; there are none before it is opened, nor in a process that never does."""

    places: WalletPlaces
    _for_all: Signer | None = field(default=None, init=False)
    _of_users: Mapping[str, Signer] = field(factory=dict, init=False)
    _client: SignerClient | None = field(default=None, init=False)

    async def open(self) -> None:
        """Read all keys; a remote signer is asked for the first signature only. Raises BadWallet."""
        of_users = await asyncio.to_thread(self.places.of_users)
        made: dict[str, Signer] = {}
        for place in dict.fromkeys(chain(filter(None, [self.places.for_all]), of_users.values())):
            made[place] = await self._signer_at(place)
        self._for_all = None if self.places.for_all is None else made[self.places.for_all]
        self._of_users = {user_id: made[place] for user_id, place in of_users.items()}

    async def close(self) -> None:
        """Forget all keys and close all connections. Idempotent."""
        self._for_all, self._of_users = None, {}
        if self._client is not None:
            await self._client.close()
            self._client = None

    def of(self, user_id: str) -> Signer:
        signer = self._of_users.get(user_id, self._for_all)
        if signer is None:
            raise SignerUnavailable("no wallet pays for this user")
        return signer

    def named(self, public_key: str) -> Signer:
        for signer in (self._for_all, *self._of_users.values()):
            if signer is not None and signer.public_key == public_key:
                return signer
        raise SignerUnavailable("that is none of the engine's wallets")

    async def _signer_at(self, place: str) -> Signer:
        if is_url(place):
            return RemoteSigner(RemoteWallet.read(place), await self._one_client())
        return await asyncio.to_thread(partial(_key_at, Path(place), self.places.passphrase))

    async def _one_client(self) -> SignerClient:
        if self._client is None:
            self._client = await asyncio.to_thread(SignerClient, self._token(), self.places.timeout_seconds)
        return self._client

    def _token(self) -> str | None:
        if self.places.token is None:
            return None
        token = read_private(self.places.token, _TOKEN_BYTES).strip()
        if not token or not token.isascii() or not token.decode().isprintable() or b" " in token:
            raise BadWallet(f"{self.places.token} holds no bearer token")
        return token.decode()


def is_url(place: str) -> bool:
    """Whether a wallet's place is a remote signer's URL; else it is a key file's path."""
    return "://" in place


def _key_at(path: Path, passphrase: Path | None) -> KeySigner:
    found = KeyFile.read(path)
    return found.signer(None if found.sealed is None or passphrase is None else read_passphrase(passphrase))
