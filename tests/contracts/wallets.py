"""What any set of wallets does: each user has the one that pays for it, and no other wallet is known."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import pytest
from attrs import frozen

from application.ports.errors import SignerUnavailable
from application.ports.signer import Wallets
from tests.contracts.signer import signed_by

STRANGER = "So11111111111111111111111111111111111111112"


@frozen
class WalletsBench:
    """Wallets that pay for all, and for `anna` and `bert`, with the address that each should have."""

    wallets: Wallets
    for_all: str
    of_users: Mapping[str, str]


class WalletsContract(ABC):
    """Override `bench`, and `mapped_only`: with wallets for mapped users alone."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> WalletsBench: ...

    @pytest.fixture
    @abstractmethod
    def mapped_only(self) -> WalletsBench: ...

    async def test_a_mapped_user_pays_by_its_own_and_all_others_by_the_one_for_all(self, bench: WalletsBench) -> None:
        assert {user: bench.wallets.of(user).public_key for user in bench.of_users} == bench.of_users
        for user in ("carl", "", "Anna", "anna "):
            assert bench.wallets.of(user).public_key == bench.for_all

    async def test_each_is_found_by_its_address_and_signs(self, bench: WalletsBench) -> None:
        for address in (bench.for_all, *bench.of_users.values()):
            signer = bench.wallets.named(address)
            assert signer.public_key == address
            assert signed_by(signer, b"message", await signer.sign(b"message"))

    @pytest.mark.parametrize("address", [STRANGER, "", "anna", "x" * 5000])
    async def test_no_other_wallet_is_known(self, bench: WalletsBench, address: str) -> None:
        with pytest.raises(SignerUnavailable):
            bench.wallets.named(address)

    async def test_without_one_for_all_only_mapped_users_are_paid_for(self, mapped_only: WalletsBench) -> None:
        assert {user: mapped_only.wallets.of(user).public_key for user in mapped_only.of_users} == mapped_only.of_users
        with pytest.raises(SignerUnavailable, match="no wallet pays for this user"):
            mapped_only.wallets.of("carl")
