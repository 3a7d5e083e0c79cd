"""All that is looked at, one after the other."""

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from adapters.solana.doctor.finding import Finding
from adapters.solana.doctor.nodes import node_findings
from adapters.solana.doctor.tokens import token_findings
from adapters.solana.doctor.venues import PAIR, venue_finding
from adapters.solana.doctor.wallets import signing_finding, wallet_findings
from adapters.solana.rpc import SolanaRpc
from application.ports.signer import Wallets
from application.ports.system import Clock, Ids
from application.ports.token_registry import TokenRegistry
from application.ports.venue import Venue
from domain.asset import Asset


@frozen
class Doctor:
    """Looks at one chain's nodes, of these `urls`, and at what swaps there need.

    `payers` are the wallets' addresses, each with a user that it pays for. `venues` have to sign nothing.
    """

    rpc: SolanaRpc
    urls: Sequence[str]
    chain: str
    tokens: TokenRegistry
    wallets: Wallets
    payers: Mapping[str, str]
    venues: Sequence[Venue]
    clock: Clock
    ids: Ids
    priority_lamports: int
    timeout_seconds: float

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield what was found, as it is found."""
        for finding in await node_findings(self.rpc.nodes(), self.urls, self.chain, self.clock, self.timeout_seconds):
            yield finding
        assets = _each_once(self.tokens)
        for finding in await token_findings(self.rpc, assets):
            yield finding
        for address, user_id in self.payers.items():
            yield await signing_finding(self.wallets, address)
            for finding in await wallet_findings(self.rpc, address, assets, self.priority_lamports):
                yield finding
            for venue in self.venues:
                yield await venue_finding(venue, user_id, PAIR, self.clock, self.ids)


def _each_once(tokens: TokenRegistry) -> list[Asset]:
    """Return the tokens without their further symbols."""
    return list({asset.address: asset for asset in reversed(tokens.assets())}.values())[::-1]
