"""What is stored of a signed swap is all that is needed to send it, and to tell what became of it."""

import msgspec
import pytest
from attrs import evolve
from solders.transaction import VersionedTransaction

from adapters.solana.payload import SignedSwap
from application.ports.errors import VenueUnavailable
from tests.signed import OWNER, a_swap


def test_it_comes_back_as_it_was_and_small() -> None:
    signed = a_swap()

    again = SignedSwap.of_payload(signed.payload())

    assert again == signed
    assert len(signed.payload()) < len(signed.raw) + 300


def test_the_chain_takes_its_signature_and_payer() -> None:
    signed = a_swap()

    transaction = VersionedTransaction.from_bytes(signed.raw)

    assert transaction.verify_with_results() == [True]
    assert signed.signature == str(transaction.signatures[0])
    assert signed.wallet == str(OWNER.pubkey())


@pytest.mark.parametrize("spoil", [lambda raw: b"", lambda raw: raw[:-3], lambda raw: b"\xc1" + raw])
def test_what_cannot_be_read_settles_nothing(spoil: "object") -> None:
    assert callable(spoil)
    with pytest.raises(VenueUnavailable):
        SignedSwap.of_payload(spoil(a_swap().payload()))


def test_one_that_was_kept_without_its_chain_is_read() -> None:
    fields = msgspec.msgpack.decode(a_swap().payload())

    assert SignedSwap.of_payload(msgspec.msgpack.encode(fields[:-1])) == evolve(a_swap(), genesis="")


def test_another_releases_payload_is_not_guessed_at() -> None:
    fields = msgspec.msgpack.decode(a_swap().payload())

    with pytest.raises(VenueUnavailable, match="another release"):
        SignedSwap.of_payload(msgspec.msgpack.encode([fields[0] + 1, *fields[1:]]))


def test_bytes_that_are_no_transaction_are_refused() -> None:
    fields = msgspec.msgpack.decode(a_swap().payload())

    with pytest.raises(VenueUnavailable):
        SignedSwap.of_payload(msgspec.msgpack.encode([fields[0], fields[1][:90], *fields[2:]]))
