"""A wallet for tests of venues on Solana."""

from attrs import field, frozen

from adapters.wallet.key_signer import KeySigner
from application.ports.errors import SignerUnavailable
from application.ports.signer import Signer
from tests.judged import OURS


@frozen
class OneWallet:
    """`Wallets` of one, which pays for all but `nobody`."""

    signer: Signer = field(factory=lambda: KeySigner(bytes(OURS)[:32]))

    def of(self, user_id: str) -> Signer:
        if user_id == "nobody":
            raise SignerUnavailable("no wallet pays for this user")
        return self.signer

    def named(self, public_key: str) -> Signer:
        return self.signer
