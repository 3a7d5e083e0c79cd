"""What every signer does: it signs what it is given as the wallet whose address it tells, or says that it cannot."""

import asyncio
from abc import ABC, abstractmethod

import pytest
from solders.pubkey import Pubkey
from solders.signature import Signature

from application.ports.signer import Signer

# A swap's message has at most 1,232 bytes; the first is one that no text can have.
MESSAGES = (b"", b"\x80", bytes(range(256)), b"\xff" * 1232)


def signed_by(signer: Signer, message: bytes, signature: bytes) -> bool:
    """Whether the chain would take this signature."""
    return Signature(signature).verify(Pubkey.from_string(signer.public_key), message)


class SignerContract(ABC):
    """Override `signer` and `other`: two wallets of one kind."""

    @pytest.fixture
    @abstractmethod
    def signer(self) -> Signer: ...

    @pytest.fixture
    @abstractmethod
    def other(self) -> Signer: ...

    @pytest.mark.parametrize("message", MESSAGES, ids=len)
    async def test_the_chain_takes_what_it_signs(self, signer: Signer, message: bytes) -> None:
        signature = await signer.sign(message)
        assert len(signature) == 64
        assert signed_by(signer, message, signature)

    async def test_it_signs_the_same_in_the_same_way(self, signer: Signer) -> None:
        assert await signer.sign(b"one") == await signer.sign(b"one") != await signer.sign(b"another")

    async def test_of_many_at_once_each_gets_its_own(self, signer: Signer, other: Signer) -> None:
        messages = [b"message %d" % number for number in range(20)]
        signers = [(signer, other)[number % 2] for number in range(20)]
        signatures = await asyncio.gather(*(one.sign(text) for one, text in zip(signers, messages, strict=True)))
        for one, text, signature in zip(signers, messages, signatures, strict=True):
            assert signed_by(one, text, signature)

    async def test_two_wallets_are_two(self, signer: Signer, other: Signer) -> None:
        assert signer.public_key != other.public_key
        assert not signed_by(other, b"one", await signer.sign(b"one"))

    async def test_its_address_is_text_of_32_bytes_and_stays(self, signer: Signer) -> None:
        assert len(bytes(Pubkey.from_string(signer.public_key))) == 32
        assert signer.public_key == signer.public_key
