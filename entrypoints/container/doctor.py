"""Makes what looks at real venues and all that their swaps need, with the settings of a worker."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from attrs import frozen
from dependency_injector import providers

from adapters.solana.doctor.doctor import Doctor
from adapters.solana.doctor.finding import Finding as Finding  # for the command
from adapters.solana.doctor.finding import Health as Health
from adapters.solana.doctor.venues import NotSigned
from adapters.solana.rpc import SolanaRpc
from application.ports.errors import SignerUnavailable
from application.ports.signer import Signer
from entrypoints.container import Container
from entrypoints.container.wallets import WalletFacts, all_wallets
from entrypoints.lifecycle import opened
from entrypoints.settings import PREFIX, Settings, SettingsError
from entrypoints.solana_settings import is_real

# Whom a wallet pays for that is for all users without one of their own.
ANY_USER = "doctor"


@frozen
class Reader:
    """A wallet's `Signer` that signs nothing."""

    public_key: str

    async def sign(self, message: bytes) -> bytes:
        raise NotSigned("nothing is signed here")


@frozen
class Readers:
    """The `Wallets` of the settings, by their addresses alone."""

    of_users: Mapping[str, str]
    for_all: str | None

    def of(self, user_id: str) -> Signer:
        address = self.of_users.get(user_id, self.for_all)
        if address is None:
            raise SignerUnavailable(f"no wallet pays for {user_id}")
        return Reader(address)

    def named(self, public_key: str) -> Signer:
        return Reader(public_key)


@asynccontextmanager
async def doctor_of(settings: Settings) -> AsyncIterator[Doctor]:
    """Open all that is looked at. The venues' wallets sign nothing. Raises SettingsError."""
    own, trying = Container(settings=settings, mode="memory"), Container(settings=settings, mode="memory")
    tokens, facts, timeout = own.tokens(), all_wallets(settings), settings.venue_timeout_ms / 1000
    real = {name for name, url in settings.venues if is_real(url)}
    if not real or tokens is None:
        raise SettingsError([f"{PREFIX}VENUES and {PREFIX}TOKEN_LIST must be set: there are no real venues to look at"])
    trying.wallets.override(providers.Object(_readers(facts)))
    rpc = SolanaRpc(settings.solana_rpc_urls, own.clock(), timeout_seconds=timeout)
    async with opened(own.signing(), rpc, trying.venue_resources()):
        yield Doctor(
            rpc=rpc,
            urls=settings.solana_rpc_urls,
            chain=settings.solana_chain,
            tokens=tokens,
            wallets=own.wallets(),
            payers={wallet.address: wallet.users[0] if wallet.users else ANY_USER for wallet in facts},
            venues=[venue for venue in trying.each_venue() if venue.name in real],
            clock=own.clock(),
            ids=own.ids(),
            priority_lamports=settings.solana_max_priority_lamports,
            timeout_seconds=timeout,
        )


def _readers(facts: Sequence[WalletFacts]) -> Readers:
    of_users = {user_id: wallet.address for wallet in facts for user_id in wallet.users}
    return Readers(of_users, next((wallet.address for wallet in facts if wallet.for_all), None))
