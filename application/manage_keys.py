"""What an operator may do with API keys: make, list, replace and revoke them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from application.api_key import ApiKey, EngineMode, Network, digest_of, new_secret
from application.caller import Caller, Scope
from application.errors import InvalidKey, KeyNotFound
from application.frames import timestamp
from application.ports.api_keys import ApiKeys
from application.ports.audit import AuditEntry, Facts
from application.ports.system import Clock, Ids
from domain.names import name_of
from domain.order_request import user_id

NAME_LENGTH = 100


@frozen
class NewKey:
    """A key that was just made, with its secret: it is shown this once."""

    key: ApiKey
    secret: str


@frozen
class ManageKeys:
    """The operator's part; keys are made for engines of one `mode`. Each call raises Forbidden and StoreUnavailable."""

    keys: ApiKeys
    mode: EngineMode
    clock: Clock
    ids: Ids

    async def create(
        self,
        caller: Caller,
        pepper: bytes,
        *,
        name: str,
        owner: str,
        scopes: frozenset[Scope],
        networks: tuple[Network, ...] = (),
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key that acts as `owner`. Raises InvalidKey."""
        caller.require(Scope.ADMIN)
        now = self.clock.now()
        if not scopes:
            raise InvalidKey("a key without a scope allows nothing")
        try:
            name, owner = name_of(name, NAME_LENGTH), user_id(owner)
        except ValueError as error:
            raise InvalidKey(f"name and owner {error}") from error
        if expires_at is not None and expires_at <= now:
            raise InvalidKey("it would have expired already")
        new = self._new(
            ApiKey(
                key_id=self.ids.new(),
                name=name,
                owner=owner,
                scopes=scopes,
                mode=self.mode,
                created_at=now,
                networks=networks,
                expires_at=expires_at,
            )
        )
        await self.keys.add(new.key, digest_of(new.secret, pepper), _act(caller, "keys.create", new.key))
        return new

    async def rotate(self, caller: Caller, pepper: bytes, key_id: str, overlap: timedelta) -> NewKey:
        """Make a key in the place of another, which is good for the `overlap` still: meanwhile both are.

        It allows the same, and lives as long as the old one was to. Raises KeyNotFound without a good one.
        """
        caller.require(Scope.ADMIN)
        now = self.clock.now()
        found = await self.keys.read([key_id])
        if not found or not found[0].is_good(now):
            raise KeyNotFound
        old = found[0]
        life = None if old.expires_at is None else old.expires_at - old.created_at
        new = self._new(
            evolve(
                old,
                key_id=self.ids.new(),
                created_at=now,
                expires_at=None if life is None else now + life,
                last_used_at=None,
                replaces=old.key_id,
            )
        )
        act = _act(caller, "keys.rotate", new.key)
        if not await self.keys.replace(new.key, digest_of(new.secret, pepper), now + overlap, act):
            raise KeyNotFound
        return new

    async def revoke(self, caller: Caller, key_id: str) -> ApiKey:
        """End a key: every process refuses it within 5 s. Raises KeyNotFound."""
        caller.require(Scope.ADMIN)
        key = await self.keys.revoke(key_id, self.clock.now(), caller.act("keys.revoke", key_id))
        if key is None:
            raise KeyNotFound
        return key

    async def list(self, caller: Caller) -> Sequence[ApiKey]:
        """Return all keys, oldest first, those that are good no longer too."""
        caller.require(Scope.ADMIN)
        return await self.keys.read()

    def _new(self, key: ApiKey) -> NewKey:
        return NewKey(key, new_secret(key.mode))


def _act(caller: Caller, what: str, key: ApiKey) -> AuditEntry:
    facts: Facts = {
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "mode": key.mode.value,
        "networks": [str(network) for network in key.networks],
        "expiresAt": None if key.expires_at is None else timestamp(key.expires_at),
        "replaces": key.replaces,
    }
    return caller.act(what, key.key_id, after=facts)
