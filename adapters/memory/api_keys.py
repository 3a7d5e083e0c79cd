"""API keys in this process's memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, evolve, field

from adapters.memory.audit import InMemoryAudit
from application.api_key import ApiKey
from application.ports.audit import AuditEntry

_USED_APART = timedelta(minutes=1)


@define(eq=False)
class InMemoryApiKeys:
    """Keeps keys until the process ends."""

    audit: InMemoryAudit
    _keys: dict[str, ApiKey] = field(factory=dict)
    _ids: dict[bytes, str] = field(factory=dict)

    async def add(self, key: ApiKey, digest: bytes, act: AuditEntry) -> None:
        if key.key_id not in self._keys:
            self.audit.note(act)
        self._keys.setdefault(key.key_id, key)
        self._ids.setdefault(digest, key.key_id)

    async def replace(self, key: ApiKey, digest: bytes, until: datetime, act: AuditEntry) -> bool:
        old = self._keys.get(key.replaces or "")
        if old is None or not old.is_good(key.created_at):
            return False
        ends = until if old.expires_at is None else min(until, old.expires_at)
        self._keys[old.key_id] = evolve(old, expires_at=ends)
        await self.add(key, digest, act)
        return True

    async def revoke(self, key_id: str, at: datetime, act: AuditEntry) -> ApiKey | None:
        key = self._keys.get(key_id)
        if key is None:
            return None
        if key.revoked_at is None:
            self.audit.note(act)
        self._keys[key_id] = evolve(key, revoked_at=key.revoked_at or at)
        return self._keys[key_id]

    async def find(self, digest: bytes) -> ApiKey | None:
        return self._keys.get(self._ids.get(digest, ""))

    async def read(self, key_ids: Collection[str] | None = None) -> Sequence[ApiKey]:
        found = (key for key in self._keys.values() if key_ids is None or key.key_id in key_ids)
        return sorted(found, key=lambda key: (key.created_at, key.key_id))

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        for key_id, at in used.items():
            key = self._keys.get(key_id)
            if key and (key.last_used_at is None or key.last_used_at <= at - _USED_APART):
                self._keys[key_id] = evolve(key, last_used_at=at)
