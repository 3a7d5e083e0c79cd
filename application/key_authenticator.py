"""Who a key belongs to: asked of the store, believed for some seconds, so that a revoked one is soon none."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import define, field

from application import observe
from application.api_key import ApiKey, EngineMode, digest_of, looks_like_key
from application.ports.api_keys import ApiKeys
from application.ports.authenticator import Grant, Unauthenticated
from application.ports.errors import PortError
from application.ports.system import Clock

# What was read longer ago is read again before it is believed: a revoked key is refused within 5 s of its end.
BELIEVED_SECONDS = 4.0
LOOK_SECONDS = 1.5
IN_USE_SECONDS = 30.0  # since it was last shown; so long it is looked after
UNKNOWN_SECONDS = 1.0
NOTED_APART = timedelta(minutes=1)
_KEPT_MOST = 20_000
_ADDRESSES_MOST = 64


@define(eq=False)
class _Known:
    """A key as it was read at a moment (monotonic), and when it was last shown."""

    key: ApiKey
    read_at: float
    used_at: float
    grant: Grant = field(init=False)
    noted_at: datetime | None = None
    addresses: set[str] = field(factory=set)  # from which it is good

    def __attrs_post_init__(self) -> None:
        self.grant = self.key.grant

    def learn(self, key: ApiKey, read_at: float) -> None:
        """Take what was read, unless something was read since."""
        if read_at >= self.read_at:
            self.key, self.read_at, self.grant = key, read_at, key.grant


@define(eq=False)
class KeyAuthenticator:
    """An `Authenticator` of the API keys that were made for engines of this `mode`.

    A key in use costs no call: `run` reads all of them again in one, every 1.5 s. While the store is away a key is good
    for as long as what was read is believed. The memories are bounded: a full one is begun anew.
    """

    keys: ApiKeys
    pepper: bytes = field(repr=False)
    mode: EngineMode
    clock: Clock
    kept_most: int = _KEPT_MOST
    _known: dict[bytes, _Known] = field(factory=dict, init=False)
    _by_id: dict[str, _Known] = field(factory=dict, init=False)
    _unknown: dict[bytes, float] = field(factory=dict, init=False)

    def known(self, credential: str, address: str) -> Grant | None:
        """Return what a key allows that was read lately; None when that takes a call. Raises Unauthenticated."""
        if not looks_like_key(credential, self.mode):
            raise Unauthenticated
        digest, now = digest_of(credential, self.pepper), self.clock.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known.read_at < BELIEVED_SECONDS:
            return self._granted(known, address, now)
        if now < self._unknown.get(digest, now):
            raise Unauthenticated
        return None

    async def authenticate(self, credential: str, address: str) -> Grant:
        granted = self.known(credential, address)
        if granted is not None:
            return granted
        digest, now = digest_of(credential, self.pepper), self.clock.monotonic()
        key = await self.keys.find(digest)
        if key is None:
            self._make_room()
            self._unknown[digest] = now + UNKNOWN_SECONDS
            raise Unauthenticated
        self._known[digest] = known = self._learn(key, now)
        return self._granted(known, address, now)

    async def recheck(self, grant: Grant, address: str) -> None:
        now = self.clock.monotonic()
        known = self._by_id.get(grant.caller.key_id or "")
        if known is None or now - known.read_at >= BELIEVED_SECONDS:
            found = await self.keys.read([grant.caller.key_id or ""])
            if not found:
                raise Unauthenticated
            known = self._learn(found[0], now)
        self._granted(known, address, now)

    async def run(self) -> None:
        """Look after the keys in use again and again, until cancelled."""
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except PortError as error:
                observe.store_away("the look at API keys", error)

    async def look(self) -> None:
        """Read the keys in use anew, and note that they are; forget the others."""
        begun = self.clock.monotonic()
        self._by_id = {id_: known for id_, known in self._by_id.items() if known.used_at > begun - IN_USE_SECONDS}
        self._known = {digest: known for digest, known in self._known.items() if known.key.key_id in self._by_id}
        in_use = list(self._by_id.values())
        if not in_use:
            return
        for key in await self.keys.read([known.key.key_id for known in in_use]):
            if known := self._by_id.get(key.key_id):
                known.learn(key, begun)
        await self._note(in_use)

    async def _note(self, in_use: Sequence[_Known]) -> None:
        """Have it kept when keys were last used. Which of them just now, is not known to the second."""
        now = self.clock.now()
        due = [known for known in in_use if known.noted_at is None or known.noted_at <= now - NOTED_APART]
        if due:
            await self.keys.note_used(dict.fromkeys(sorted(known.key.key_id for known in due), now))
        for known in due:
            known.noted_at = now

    def _learn(self, key: ApiKey, now: float) -> _Known:
        known = self._by_id.get(key.key_id)
        if known is None:
            self._make_room()
            known = self._by_id[key.key_id] = _Known(key, now, now)
        known.learn(key, now)
        return known

    def _make_room(self) -> None:
        if len(self._unknown) >= self.kept_most:
            self._unknown.clear()
        if len(self._by_id) >= self.kept_most:
            self._by_id.clear()
            self._known.clear()

    def _granted(self, known: _Known, address: str, now: float) -> Grant:
        key = known.key
        if (key.revoked_at is not None or key.expires_at is not None) and not key.is_good(self.clock.now()):
            raise Unauthenticated
        if key.mode is not self.mode:
            raise Unauthenticated
        if key.networks and address not in known.addresses:
            if not key.is_good_from(address):
                raise Unauthenticated
            if len(known.addresses) >= _ADDRESSES_MOST:
                known.addresses.clear()
            known.addresses.add(address)
        known.used_at = now
        return known.grant
