"""What every authenticator does: it knows a good credential from all others, and when one is good no longer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from attrs import frozen

from application.caller import Caller, Scope
from application.ports.authenticator import Authenticator, Unauthenticated
from tests.clock import ManualClock

ADDRESS = "192.0.2.7"
LIFE = timedelta(minutes=10)
ANNA = Caller("anna", frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE}))
# As bytes that a header can hold; none is a good credential of any kind.
BAD = ("", " ", "x", "a.b.c", "..", "oe_live_", "oe_test_" + "A" * 43, "ÿ" * 50, "A" * 100_000, "\x7f", "null")


@frozen
class AuthenticatorBench:
    """An authenticator, its clock, and how a credential comes to be and ends."""

    authenticator: Authenticator
    clock: ManualClock
    admit: Callable[[Caller, timedelta], Awaitable[str]]
    revoke: Callable[[str], Awaitable[None]] | None = None


class AuthenticatorContract(ABC):
    """Override `bench`."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> AuthenticatorBench: ...

    async def test_a_good_credential_says_who_may_do_what_and_until_when(self, bench: AuthenticatorBench) -> None:
        credential = await bench.admit(ANNA, LIFE)
        grant = await bench.authenticator.authenticate(credential, ADDRESS)
        assert (grant.caller.user_id, grant.caller.scopes) == (ANNA.user_id, ANNA.scopes)
        assert grant.expires_at == bench.clock.now() + LIFE
        assert await bench.authenticator.authenticate(credential, ADDRESS) == grant
        await bench.authenticator.recheck(grant, ADDRESS)

    async def test_what_names_a_credential_does_not_tell_it(self, bench: AuthenticatorBench) -> None:
        credential = await bench.admit(ANNA, LIFE)
        grant = await bench.authenticator.authenticate(credential, ADDRESS)
        assert credential not in repr(grant)

    @pytest.mark.parametrize("credential", BAD, ids=range(len(BAD)))
    async def test_any_other_is_refused_without_a_word_of_why(self, bench: AuthenticatorBench, credential: str) -> None:
        await bench.admit(ANNA, LIFE)
        with pytest.raises(Unauthenticated) as refused:
            await bench.authenticator.authenticate(credential, ADDRESS)
        assert str(refused.value) == ""

    async def test_a_changed_credential_is_refused(self, bench: AuthenticatorBench) -> None:
        credential = await bench.admit(ANNA, LIFE)
        await bench.authenticator.authenticate(credential, ADDRESS)
        middle = len(credential) // 2
        other = "B" if credential[middle] == "A" else "A"
        for changed in (credential[:-1], f"{credential}A", credential[:middle] + other + credential[middle + 1 :]):
            with pytest.raises(Unauthenticated):
                await bench.authenticator.authenticate(changed, ADDRESS)

    async def test_one_that_has_expired_is_refused_though_it_was_taken(self, bench: AuthenticatorBench) -> None:
        credential = await bench.admit(ANNA, LIFE)
        grant = await bench.authenticator.authenticate(credential, ADDRESS)
        await bench.clock.advance(LIFE.total_seconds())
        with pytest.raises(Unauthenticated):
            await bench.authenticator.authenticate(credential, ADDRESS)
        with pytest.raises(Unauthenticated):
            await bench.authenticator.recheck(grant, ADDRESS)

    async def test_one_that_was_revoked_is_refused_within_five_seconds(self, bench: AuthenticatorBench) -> None:
        if bench.revoke is None:
            pytest.skip("no credential of this kind is revoked")
        credential, other = await bench.admit(ANNA, LIFE), await bench.admit(Caller("bert", ANNA.scopes), LIFE)
        grant = await bench.authenticator.authenticate(credential, ADDRESS)
        await bench.revoke(credential)
        await bench.clock.advance(4.9)
        with pytest.raises(Unauthenticated):
            await bench.authenticator.authenticate(credential, ADDRESS)
        with pytest.raises(Unauthenticated):
            await bench.authenticator.recheck(grant, ADDRESS)
        await bench.authenticator.authenticate(other, ADDRESS)
