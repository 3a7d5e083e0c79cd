"""What every keeper of API keys does: keys by the digests of their secrets, and ends that hold."""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from hashlib import blake2b
from ipaddress import ip_network
from typing import Any

import pytest
from attrs import evolve

from application.api_key import ApiKey, EngineMode
from application.caller import Scope
from application.ports.api_keys import ApiKeys
from application.ports.audit import Audit, AuditFilter
from tests.builders import START, an_act, an_id

ACT = an_act(what="keys.change")
LATER = START + timedelta(hours=1)


def an_api_key(**over: Any) -> ApiKey:
    """Return a key that was made at START."""
    return ApiKey(
        **{
            "key_id": an_id(),
            "name": "the desk's",
            "owner": "anna",
            "scopes": frozenset({Scope.ORDERS_READ}),
            "mode": EngineMode.PAPER,
            "created_at": START,
            **over,
        }
    )


def digest(key: ApiKey) -> bytes:
    return blake2b(key.key_id.encode(), digest_size=32).digest()


class ApiKeysContract(ABC):
    """Override `keys`, which has none yet, and `audit`, where what changes them is kept."""

    @pytest.fixture
    @abstractmethod
    def keys(self) -> ApiKeys: ...

    @pytest.fixture
    @abstractmethod
    def audit(self, keys: ApiKeys) -> Audit: ...

    async def test_a_key_is_found_by_its_digest_as_it_was_kept(self, keys: ApiKeys) -> None:
        full = an_api_key(
            name="für Ünïcode \N{SNOWMAN}",
            owner="o" * 255,
            scopes=frozenset(Scope),
            mode=EngineMode.LIVE,
            networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"), ip_network("198.51.100.7")),
            expires_at=LATER,
        )
        for key in (full, an_api_key()):
            await keys.add(key, digest(key), ACT)
            assert await keys.find(digest(key)) == key
        assert await keys.find(bytes(32)) is None
        assert await keys.find(b"") is None

    async def test_to_add_a_key_again_changes_nothing(self, keys: ApiKeys) -> None:
        key = an_api_key()
        await keys.add(key, digest(key), ACT)
        await keys.revoke(key.key_id, LATER, ACT)
        await keys.add(key, digest(key), ACT)
        assert [one.revoked_at for one in await keys.read()] == [LATER]

    async def test_keys_are_read_by_their_ids_and_all_of_them_oldest_first(self, keys: ApiKeys) -> None:
        assert list(await keys.read()) == []
        made = [an_api_key(created_at=START + timedelta(seconds=second)) for second in (2, 0, 1)]
        for key in made:
            await keys.add(key, digest(key), ACT)
        last, first, middle = made
        assert list(await keys.read()) == [first, middle, last]
        assert list(await keys.read([last.key_id, an_id(), first.key_id])) == [first, last]
        assert list(await keys.read([])) == []

    async def test_a_revoked_key_stays_and_keeps_its_time(self, keys: ApiKeys) -> None:
        key = an_api_key()
        await keys.add(key, digest(key), ACT)
        assert await keys.revoke(key.key_id, START, ACT) == evolve(key, revoked_at=START)
        assert await keys.revoke(key.key_id, LATER, ACT) == evolve(key, revoked_at=START)
        assert await keys.find(digest(key)) == evolve(key, revoked_at=START)

    @pytest.mark.parametrize("key_id", ["", "x", "00000000-0000-4000-8000-000000000000", "a\0b"])
    async def test_an_unknown_key_is_not_revoked(self, keys: ApiKeys, key_id: str) -> None:
        assert await keys.revoke(key_id, START, ACT) is None
        assert list(await keys.read([key_id])) == []

    @pytest.mark.parametrize(
        ("expires_at", "until", "ends"),
        [(None, LATER, LATER), (START + timedelta(days=9), LATER, LATER), (LATER, START + timedelta(days=9), LATER)],
    )
    async def test_both_are_good_while_one_replaces_the_other(
        self, keys: ApiKeys, expires_at: datetime | None, until: datetime, ends: datetime
    ) -> None:
        old = an_api_key(expires_at=expires_at)
        new = an_api_key(replaces=old.key_id)
        await keys.add(old, digest(old), ACT)
        assert await keys.replace(new, digest(new), until, ACT)
        assert await keys.find(digest(old)) == evolve(old, expires_at=ends)
        assert await keys.find(digest(new)) == new

    @pytest.mark.parametrize("over", [{"revoked_at": START}, {"expires_at": START - timedelta(seconds=1)}, None])
    async def test_only_a_good_one_is_replaced(self, keys: ApiKeys, over: dict[str, datetime] | None) -> None:
        old = an_api_key(**{name: at for name, at in (over or {}).items() if name == "expires_at"})
        new = an_api_key(replaces=old.key_id)
        if over is not None:
            await keys.add(old, digest(old), ACT)
        if over and "revoked_at" in over:
            await keys.revoke(old.key_id, START, ACT)
        assert not await keys.replace(new, digest(new), LATER, ACT)
        assert await keys.find(digest(new)) is None

    async def test_when_it_was_last_used_is_kept_to_the_minute(self, keys: ApiKeys) -> None:
        first, second = an_api_key(), an_api_key()
        for key in (first, second):
            await keys.add(key, digest(key), ACT)

        async def used(seconds: float) -> None:
            at = START + timedelta(seconds=seconds)
            await keys.note_used(dict.fromkeys(sorted([first.key_id, an_id()]), at))

        for seconds, kept in ((0, 0), (59, 0), (-30, 0), (60, 60), (130, 130)):
            await used(seconds)
            [found] = await keys.read([first.key_id])
            assert found.last_used_at == START + timedelta(seconds=kept)
        assert [key.last_used_at for key in await keys.read([second.key_id])] == [None]
        await keys.note_used({})

    async def test_many_are_found_at_once(self, keys: ApiKeys) -> None:
        made = [an_api_key() for _ in range(20)]
        for key in made:
            await keys.add(key, digest(key), ACT)
        found = await asyncio.gather(*(keys.find(digest(key)) for key in made * 3), keys.find(bytes(32)))
        assert found == [*made * 3, None]

    async def test_what_changes_keys_is_noted_and_what_changes_nothing_is_not(
        self, keys: ApiKeys, audit: Audit
    ) -> None:
        old, other = an_api_key(), an_api_key()
        new = an_api_key(replaces=old.key_id)
        for _ in range(2):
            await keys.add(old, digest(old), an_act(what="keys.create"))
            await keys.replace(new, digest(new), LATER, an_act(what="keys.rotate"))
            await keys.revoke(old.key_id, START, an_act(what="keys.revoke"))
        await keys.replace(an_api_key(replaces=other.key_id), digest(other), LATER, an_act(what="keys.rotate"))
        await keys.revoke(other.key_id, START, an_act(what="keys.revoke"))
        kept = (await audit.records(AuditFilter(), None, 10)).records
        acts = [record.entry.what for record in reversed(kept) if record.entry.what.startswith("keys.")]
        assert acts == ["keys.create", "keys.rotate", "keys.revoke"]
