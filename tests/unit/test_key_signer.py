"""A wallet whose key is here: it signs as the chain's own library does, and shows its key nowhere."""

import copy
import pickle
import traceback

import pytest
from solders.keypair import Keypair

from adapters.wallet.addresses import verified
from adapters.wallet.key_signer import KeySigner
from application.ports.errors import SignerUnavailable
from application.ports.signer import Signer
from tests.contracts.signer import SignerContract
from tests.wallets import a_seed, a_signer


class TestKeySigner(SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        return a_signer(1)

    @pytest.fixture
    def other(self) -> Signer:
        return a_signer(2)

    async def test_it_is_the_chains_own_wallet(self, signer: KeySigner) -> None:
        known = Keypair.from_seed(a_seed(1))
        assert signer.public_key == str(known.pubkey())
        assert await signer.sign(b"message") == bytes(known.sign_message(b"message"))

    def test_its_key_shows_nowhere(self) -> None:
        seed = b"a key that nobody may ever see.."
        signer = KeySigner(seed)
        assert repr(signer) == f"KeySigner({signer.public_key})"
        said = "".join(map(repr, vars(signer).values())) + str(signer)
        assert not any(form in said for form in (seed.decode(), seed.hex(), str(list(seed))[1:-1]))
        for copied in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="stays where it is"):
                copied(signer)


@pytest.mark.parametrize("wrong", [b"", b"\0" * 64, b"\xff" * 64, b"x" * 63, b"x" * 65])
async def test_what_is_no_signature_of_the_wallet_is_not_used(wrong: bytes) -> None:
    with pytest.raises(SignerUnavailable, match="is not signed by it"):
        verified(wrong, b"message", a_signer().public_key)


async def test_a_signature_of_another_message_or_wallet_or_changed_is_not_used() -> None:
    signature = await a_signer(1).sign(b"message")
    malleable = signature[:32] + (
        int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    ).to_bytes(32, "little")
    changed = signature[:-1] + bytes([signature[-1] ^ 1])
    for wrong, message, number in (
        (signature, b"massage", 1),
        (signature, b"message", 2),
        (changed, b"message", 1),
        (malleable, b"message", 1),
    ):
        with pytest.raises(SignerUnavailable) as refused:
            verified(wrong, message, a_signer(number).public_key)
        assert signature.hex() not in "".join(traceback.format_exception(refused.value))
    assert verified(signature, b"message", a_signer(1).public_key) == signature
