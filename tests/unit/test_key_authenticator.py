"""Keys through the cache: the contract, what a key is good for; the store is asked little and believed briefly."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from attrs import frozen

from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.audit import InMemoryAudit
from application.api_key import ApiKey, EngineMode, digest_of, new_secret
from application.caller import ANYONE, Caller, Scope
from application.key_authenticator import KeyAuthenticator
from application.manage_keys import ManageKeys, NewKey
from application.ports.authenticator import Unauthenticated
from application.ports.errors import StoreUnavailable
from entrypoints.system import RandomIds
from tests.clock import ManualClock
from tests.contracts.authenticator import ADDRESS, ANNA, AuthenticatorBench, AuthenticatorContract

PEPPER = b"p" * 64


class CountingKeys(InMemoryApiKeys):
    """Counts what it is asked, and can be away."""

    def __init__(self) -> None:
        super().__init__(InMemoryAudit(ManualClock()))
        self.asked, self.notes, self.away = 0, 0, False

    async def find(self, digest: bytes) -> ApiKey | None:
        self._ask()
        return await super().find(digest)

    async def read(self, key_ids: Collection[str] | None = None) -> Sequence[ApiKey]:
        self._ask()
        return await super().read(key_ids)

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        self.notes += 1
        await super().note_used(used)

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise StoreUnavailable


@frozen
class Bench:
    """An authenticator of keys, and what is behind it."""

    clock: ManualClock
    keys: CountingKeys
    authenticator: KeyAuthenticator
    manage: ManageKeys

    async def made(self, **over: Any) -> NewKey:
        given = {"name": "n", "owner": "anna", "scopes": ANNA.scopes, **over}
        return await self.manage.create(ANYONE, PEPPER, **given)

    async def shown(self, new: NewKey, address: str = ADDRESS) -> Caller:
        return (await self.authenticator.authenticate(new.secret, address)).caller


@pytest.fixture
def bench() -> Bench:
    clock, keys, mode = ManualClock(), CountingKeys(), EngineMode.PAPER
    return Bench(clock, keys, KeyAuthenticator(keys, PEPPER, mode, clock), ManageKeys(keys, mode, clock, RandomIds()))


class TestKeyAuthenticator(AuthenticatorContract):
    @pytest.fixture
    def bench(self) -> AuthenticatorBench:
        clock, mode = ManualClock(), EngineMode.PAPER
        keys = InMemoryApiKeys(InMemoryAudit(clock))
        manage, ids = ManageKeys(keys, mode, clock, RandomIds()), dict[str, str]()

        async def admit(caller: Caller, life: timedelta) -> str:
            new = await manage.create(
                ANYONE, PEPPER, name="n", owner=str(caller.user_id), scopes=caller.scopes, expires_at=clock.now() + life
            )
            ids[new.secret] = new.key.key_id
            return new.secret

        async def revoke(secret: str) -> None:
            await manage.revoke(ANYONE, ids[secret])

        return AuthenticatorBench(KeyAuthenticator(keys, PEPPER, mode, clock), clock, admit, revoke)


async def test_a_callers_key_is_named_by_its_id(bench: Bench) -> None:
    new = await bench.made(owner=" bert ", scopes=frozenset({Scope.ADMIN}))
    assert await bench.shown(new) == Caller("bert", frozenset({Scope.ADMIN}), new.key.key_id)


async def test_a_key_in_use_costs_no_call_however_often_it_is_shown(bench: Bench) -> None:
    new = await bench.made()
    for _ in range(100):
        await bench.shown(new)
    assert bench.keys.asked == 1
    for _ in range(10):
        await bench.clock.advance(1.5)
        await bench.authenticator.look()
        await bench.shown(new)
    assert bench.keys.asked == 11


async def test_a_look_finds_out_what_was_revoked(bench: Bench) -> None:
    new, other = await bench.made(), await bench.made(owner="bert")
    grant = await bench.authenticator.authenticate(new.secret, ADDRESS)
    await bench.shown(other)
    await bench.manage.revoke(ANYONE, new.key.key_id)
    await bench.authenticator.look()
    with pytest.raises(Unauthenticated):
        await bench.shown(new)
    with pytest.raises(Unauthenticated):
        await bench.authenticator.recheck(grant, ADDRESS)
    await bench.shown(other)


async def test_without_any_look_a_revoked_key_is_refused_within_five_seconds(bench: Bench) -> None:
    new = await bench.made()
    await bench.shown(new)
    await bench.manage.revoke(ANYONE, new.key.key_id)
    await bench.clock.advance(4.9)
    with pytest.raises(Unauthenticated):
        await bench.shown(new)


async def test_while_the_store_is_away_a_key_is_believed_as_long_as_ever_and_then_nobody_can_tell(bench: Bench) -> None:
    new = await bench.made()
    grant = await bench.authenticator.authenticate(new.secret, ADDRESS)
    bench.keys.away = True
    await bench.clock.advance(3.9)
    await bench.shown(new)
    await bench.clock.advance(0.2)
    with pytest.raises(StoreUnavailable):
        await bench.shown(new)
    with pytest.raises(StoreUnavailable):
        await bench.authenticator.recheck(grant, ADDRESS)
    with pytest.raises(StoreUnavailable):
        await bench.authenticator.authenticate(new_secret(EngineMode.PAPER), ADDRESS)
    bench.keys.away = False
    await bench.shown(new)
    await bench.authenticator.recheck(grant, ADDRESS)


async def test_a_wrong_one_is_looked_up_once_a_second(bench: Bench) -> None:
    wrong = new_secret(EngineMode.PAPER)
    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await bench.authenticator.authenticate(wrong, ADDRESS)
    assert bench.keys.asked == 1
    await bench.clock.advance(1)
    with pytest.raises(Unauthenticated):
        await bench.authenticator.authenticate(wrong, ADDRESS)
    assert bench.keys.asked == 2


@pytest.mark.parametrize(
    "secret", ["oe_live_" + "A" * 43, "oe_test_" + "A" * 42, "oe_test_" + "A" * 44, "oe_test_", ""]
)
async def test_what_cannot_be_a_key_here_is_never_looked_up(bench: Bench, secret: str) -> None:
    with pytest.raises(Unauthenticated):
        await bench.authenticator.authenticate(secret, ADDRESS)
    assert bench.keys.asked == 0


async def test_a_key_works_in_engines_of_its_mode_alone(bench: Bench) -> None:
    live = KeyAuthenticator(bench.keys, PEPPER, EngineMode.LIVE, bench.clock)
    manage = ManageKeys(bench.keys, EngineMode.LIVE, bench.clock, RandomIds())
    real = await manage.create(ANYONE, PEPPER, name="n", owner="anna", scopes=ANNA.scopes)
    paper = await bench.made()
    assert (real.secret[:8], paper.secret[:8]) == ("oe_live_", "oe_test_")
    await live.authenticate(real.secret, ADDRESS)
    for authenticator, secret in ((live, paper.secret), (bench.authenticator, real.secret)):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(secret, ADDRESS)


async def test_what_replaces_a_key_is_of_its_mode(bench: Bench) -> None:
    old = await bench.made()
    live = ManageKeys(bench.keys, EngineMode.LIVE, bench.clock, RandomIds())
    new = await live.rotate(ANYONE, PEPPER, old.key.key_id, timedelta(hours=1))
    assert (new.secret[:8], new.key.mode) == ("oe_test_", EngineMode.PAPER)
    await bench.shown(new)


async def test_without_the_pepper_no_key_is_known(bench: Bench) -> None:
    new = await bench.made()
    with pytest.raises(Unauthenticated):
        await KeyAuthenticator(bench.keys, b"q" * 64, EngineMode.PAPER, bench.clock).authenticate(new.secret, ADDRESS)


@pytest.mark.parametrize("good", ["192.0.2.1", "192.0.2.255", "2001:db8::1", "198.51.100.7"])
@pytest.mark.parametrize("bad", ["192.0.3.1", "2001:db9::1", "198.51.100.8", "::ffff:192.0.2.1x", "", "x", "127.0.0.1"])
async def test_a_key_with_networks_is_good_from_them_alone(bench: Bench, good: str, bad: str) -> None:
    networks = tuple(map(ip_network, ("192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32")))
    new = await bench.made(networks=networks)
    grant = await bench.authenticator.authenticate(new.secret, good)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await bench.authenticator.authenticate(new.secret, bad)
    with pytest.raises(Unauthenticated):
        await bench.authenticator.recheck(grant, bad)
    assert await bench.authenticator.authenticate(new.secret, good) == grant


async def test_both_keys_are_good_while_one_replaces_the_other(bench: Bench) -> None:
    old = await bench.made(expires_at=bench.clock.now() + timedelta(days=30))
    await bench.shown(old)
    await bench.clock.advance(86_400)
    new = await bench.manage.rotate(ANYONE, PEPPER, old.key.key_id, timedelta(minutes=5))
    assert (new.key.owner, new.key.scopes, new.key.replaces) == (old.key.owner, old.key.scopes, old.key.key_id)
    assert new.key.expires_at == bench.clock.now() + timedelta(days=30)
    await bench.clock.advance(299)
    await bench.shown(old)
    await bench.shown(new)
    await bench.clock.advance(1)
    with pytest.raises(Unauthenticated):
        await bench.shown(old)
    await bench.shown(new)


async def test_its_last_use_is_kept_by_looks_at_most_once_a_minute(bench: Bench) -> None:
    new = await bench.made()
    for _ in range(60):
        await bench.shown(new)
        await bench.authenticator.look()
        await bench.clock.advance(2)
    assert bench.keys.notes == 2
    [key] = await bench.manage.list(ANYONE)
    assert key.last_used_at is not None


async def test_keys_that_nobody_shows_are_forgotten(bench: Bench) -> None:
    grant = await bench.authenticator.authenticate((await bench.made()).secret, ADDRESS)
    await bench.clock.advance(31)
    asked = bench.keys.asked
    await bench.authenticator.look()
    assert bench.keys.asked == asked
    await bench.authenticator.recheck(grant, ADDRESS)


async def test_its_memories_are_bounded(bench: Bench) -> None:
    small = KeyAuthenticator(bench.keys, PEPPER, EngineMode.PAPER, bench.clock, kept_most=10)
    made = [await bench.made(owner=f"user-{number}") for number in range(25)]
    for number, new in enumerate(made):
        assert (await small.authenticate(new.secret, ADDRESS)).caller.user_id == f"user-{number}"
        with pytest.raises(Unauthenticated):
            await small.authenticate(new_secret(EngineMode.PAPER), ADDRESS)
    sizes = [len(value) for name, value in vars_of(small).items() if isinstance(value, dict)]
    assert len(sizes) == 3
    assert max(sizes) <= 10


def vars_of(authenticator: KeyAuthenticator) -> dict[str, Any]:
    return {name: getattr(authenticator, name) for name in authenticator.__slots__ if hasattr(authenticator, name)}


async def test_a_digest_is_of_this_secret_and_this_pepper() -> None:
    secret = new_secret(EngineMode.LIVE)
    assert len({digest_of(secret, PEPPER), digest_of(secret, b"q" * 64), digest_of(secret + "A", PEPPER)}) == 3
    assert len({new_secret(EngineMode.LIVE) for _ in range(100)}) == 100


async def test_whatever_a_look_meets_the_next_one_comes(bench: Bench) -> None:
    new = await bench.made()
    await bench.shown(new)
    bench.keys.away = True
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(bench.authenticator.run())
        await bench.clock.advance(3)
        bench.keys.away = False
        asked = bench.keys.asked
        await bench.clock.advance(3)
        assert bench.keys.asked > asked
        looking.cancel()
