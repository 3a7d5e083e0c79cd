"""Signing in: by the kind of credential, and slower for who fails, though for nobody else at the same address."""

import pytest
from attrs import define

from adapters.memory.authenticator import InMemoryAuthenticator
from application.api_key import EngineMode, new_secret
from application.caller import Caller, Scope
from application.errors import RateLimited
from application.failed_attempts import ADDRESSES_MOST, FailedAttempts
from application.ports.authenticator import Grant, Unauthenticated
from application.sign_in import OF_TOKENS, SignIn
from tests.clock import ManualClock

PROXY = "192.0.2.1"
ANNA = Grant(Caller("anna", frozenset(Scope), "key-1"))
BERT = Grant(Caller("bert", frozenset(Scope), f"{OF_TOKENS}1"))


@define(eq=False)
class Kind(InMemoryAuthenticator):
    """One kind of credentials; those that it has seen it remembers. Counts its looks at others."""

    looks: int = 0

    def known(self, credential: str, address: str) -> Grant | None:
        return None

    async def authenticate(self, credential: str, address: str) -> Grant:
        self.looks += 1
        return await super().authenticate(credential, address)


@define(eq=False)
class Bench:
    clock: ManualClock
    keys: Kind
    tokens: Kind
    sign_in: SignIn
    key: str = new_secret(EngineMode.LIVE)

    async def fail(self, address: str = PROXY) -> int:
        """Show a bad credential; return how long to wait before the next, 0 when nothing is said of that."""
        with pytest.raises((Unauthenticated, RateLimited)) as refused:
            await self.sign_in.authenticate("bad", address)
        return refused.value.retry_after if isinstance(refused.value, RateLimited) else 0


@pytest.fixture
def bench() -> Bench:
    clock = ManualClock()
    keys, tokens = Kind(clock), Kind(clock)
    bench = Bench(clock, keys, tokens, SignIn(keys, tokens, FailedAttempts(clock)))
    keys.admit(bench.key, ANNA)
    tokens.admit("a.b.c", BERT)
    return bench


async def test_a_key_is_known_by_how_it_begins_and_all_else_is_a_token(bench: Bench) -> None:
    assert await bench.sign_in.authenticate(bench.key, PROXY) == ANNA
    assert await bench.sign_in.authenticate("a.b.c", PROXY) == BERT
    assert (bench.keys.looks, bench.tokens.looks) == (1, 1)
    for grant in (ANNA, BERT):
        await bench.sign_in.recheck(grant, PROXY)


async def test_a_kind_that_is_not_taken_is_refused(bench: Bench) -> None:
    for sign_in, credential, grant in (
        (SignIn(None, bench.tokens, bench.sign_in.attempts), bench.key, ANNA),
        (SignIn(bench.keys, None, bench.sign_in.attempts), "a.b.c", BERT),
    ):
        with pytest.raises(Unauthenticated):
            await sign_in.authenticate(credential, PROXY)
        with pytest.raises(Unauthenticated):
            await sign_in.recheck(grant, PROXY)


async def test_who_fails_again_and_again_is_told_to_wait_and_forgiven_with_time(bench: Bench) -> None:
    waits = [await bench.fail() for _ in range(100)]
    assert waits[:60] == [0] * 60
    assert min(waits[60:]) >= 1
    assert max(waits) == waits[-1] == 20
    await bench.clock.advance(19)
    assert await bench.fail("192.0.2.2") == 0
    assert await bench.fail() >= 1
    await bench.clock.advance(60)
    assert await bench.fail() == 0


async def test_a_good_credential_is_taken_from_where_others_fail(bench: Bench) -> None:
    for _ in range(200):
        await bench.fail()
    assert await bench.sign_in.authenticate(bench.key, PROXY) == ANNA
    assert await bench.sign_in.authenticate("a.b.c", PROXY) == BERT


async def test_how_often_a_flood_of_bad_ones_is_looked_at_is_bounded_and_a_good_one_has_its_chance(
    bench: Bench,
) -> None:
    for number in range(20_000):
        await bench.fail(f"198.51.100.{number % 100}")
    assert 6_000 <= bench.tokens.looks <= 6_650
    await bench.clock.advance(0.02)
    assert await bench.sign_in.authenticate(bench.key, "198.51.100.1") == ANNA


async def test_a_whole_network_of_ipv6_is_one_address(bench: Bench) -> None:
    waits = [await bench.fail(f"2001:db8::{number:x}") for number in range(70)]
    assert max(waits) > 0
    assert await bench.fail("2001:db8:0:1::1") == 0


async def test_how_many_addresses_are_remembered_is_bounded(bench: Bench) -> None:
    attempts = FailedAttempts(bench.clock)
    for number in range(ADDRESSES_MOST + 100):
        attempts.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts._failures) == ADDRESSES_MOST  # noqa: SLF001 - nothing else shows it
