"""Makes the wallets that pay for swaps. Only a process that signs opens them; no other reads a key."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from adapters.wallet.private_file import BadWallet as BadWallet  # for commands too
from entrypoints.core_dumps import keep_out_of_dumps
from entrypoints.lifecycle import Resource, opened
from entrypoints.settings import PREFIX, Settings, SettingsError
from entrypoints.solana_settings import is_real

if TYPE_CHECKING:
    from adapters.wallet.wallets import OwnWallets, WalletPlaces

_NAMES = f"{PREFIX}SOLANA_WALLET, {PREFIX}SOLANA_WALLETS_FILE"


@frozen
class WalletFacts:
    """What may be known of a wallet: where it is, of which kind, its address. `users` are those that it pays for."""

    address: str
    kind: str
    place: str
    users: tuple[str, ...] = ()
    for_all: bool = False


@frozen
class Signing:
    """The wallets of a process that signs, as a resource; a process without real venues has none, and loads nothing."""

    _settings: Settings
    _wallets: "Callable[[], OwnWallets]"

    async def open(self) -> None:
        """Read the keys, once nothing of this process is dumped any more. Raises SettingsError."""
        if not _has_wallets(self._settings):
            if real := [name for name, url in self._settings.venues if is_real(url)]:
                raise SettingsError([f"{_NAMES} or both must be set for {', '.join(real)}"])
            return
        keep_out_of_dumps()
        try:
            await self._wallets().open()
        except BadWallet as error:
            raise SettingsError([f"{PREFIX}SOLANA_*: {error}"]) from error

    async def close(self) -> None:
        """Forget the keys. Idempotent."""
        if _has_wallets(self._settings):
            await self._wallets().close()


def check_wallets(signing: Resource) -> None:
    """Read all keys once, as a worker does. Raises SettingsError."""

    async def checked() -> None:
        async with opened(signing):
            pass

    asyncio.run(checked())


def made_wallets(settings: Settings) -> "OwnWallets":
    """Return the wallets, which are not open yet."""
    from adapters.wallet.wallets import OwnWallets

    return OwnWallets(_places(settings))


def all_wallets(settings: Settings) -> list[WalletFacts]:
    """List the wallets of the settings, without any key. Raises BadWallet."""
    places = _places(settings)
    users: dict[str, list[str]] = {} if places.for_all is None else {places.for_all: []}
    for user_id, place in places.of_users().items():
        users.setdefault(place, []).append(user_id)
    return [evolve(_wallet_at(place), users=tuple(of), for_all=place == places.for_all) for place, of in users.items()]


def wallet_in(path: Path) -> WalletFacts:
    """Return what may be known of a key file's wallet. Raises BadWallet."""
    from adapters.wallet.key_file import KeyFile

    found = KeyFile.read(path)
    return WalletFacts(found.address, "plain" if found.sealed is None else "sealed", str(path))


def make_wallet(path: Path, passphrase: Path | None) -> str:
    """Make a wallet's key file, sealed with a passphrase; return its address. Raises BadWallet."""
    from adapters.wallet.key_file import new_key_file, read_passphrase

    return new_key_file(path, None if passphrase is None else read_passphrase(passphrase))


def seal_wallet(plain: Path, target: Path, passphrase: Path) -> str:
    """Write a plain key file's key sealed to a new one; return its address. Raises BadWallet."""
    from adapters.wallet.key_file import read_passphrase, seal_key_file

    return seal_key_file(plain, target, read_passphrase(passphrase))


def _has_wallets(settings: Settings) -> bool:
    return settings.solana_wallet is not None or settings.solana_wallets_file is not None


def _wallet_at(place: str) -> WalletFacts:
    from adapters.wallet.remote_signer import RemoteWallet
    from adapters.wallet.wallets import is_url

    return WalletFacts(RemoteWallet.read(place).address, "remote", place) if is_url(place) else wallet_in(Path(place))


def _places(settings: Settings) -> "WalletPlaces":
    from adapters.wallet.wallets import WalletPlaces

    return WalletPlaces(
        for_all=settings.solana_wallet,
        mapping=settings.solana_wallets_file,
        passphrase=settings.solana_passphrase_file,
        token=settings.solana_signer_token_file,
        timeout_seconds=settings.solana_signer_timeout_ms / 1000,
    )
