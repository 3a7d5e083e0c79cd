"""Where API keys are kept, by the digests of their secrets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from application.api_key import ApiKey
from application.ports.audit import AuditEntry


class ApiKeys(Protocol):
    """Keeps keys for good, revoked ones too. Calls raise StoreUnavailable within a bounded time.

    What changes keys keeps its `act` in the same commit, unless nothing was changed.
    """

    async def add(self, key: ApiKey, digest: bytes, act: AuditEntry) -> None:
        """Keep a new key, which is good from now on. Idempotent by its id."""
        ...

    async def replace(self, key: ApiKey, digest: bytes, until: datetime, act: AuditEntry) -> bool:
        """Keep a new key in the place of the one that it `replaces`, which is good until then and no longer.

        Returns whether there was one that was neither revoked nor expired (as of the new one's `created_at`); without
        it nothing is kept. Idempotent by the new key's id.
        """
        ...

    async def revoke(self, key_id: str, at: datetime, act: AuditEntry) -> ApiKey | None:
        """End a key for good; return it, None for an unknown one. One that was revoked before keeps its time."""
        ...

    async def find(self, digest: bytes) -> ApiKey | None:
        """Return the key of a secret, good or not."""
        ...

    async def read(self, key_ids: Collection[str] | None = None) -> Sequence[ApiKey]:
        """Return these keys, as far as they exist, or all; oldest first."""
        ...

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Keep when keys were last used, by their ids, unless that is known to the minute already."""
        ...
