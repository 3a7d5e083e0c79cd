"""Credentials in this process's memory."""

from attrs import define, field

from application.caller import Caller
from application.ports.authenticator import Grant, Unauthenticated
from application.ports.system import Clock


@define(eq=False)
class InMemoryAuthenticator:
    """Knows the credentials that it was told of, from whatever address they come."""

    clock: Clock
    _grants: dict[str, Grant] = field(factory=dict, init=False)

    def admit(self, credential: str, grant: Grant) -> None:
        """Take a credential for good from now on."""
        self._grants[credential] = grant

    def revoke(self, caller: Caller) -> None:
        """Take none of this caller's any more."""
        self._grants = {credential: grant for credential, grant in self._grants.items() if grant.caller != caller}

    async def authenticate(self, credential: str, address: str) -> Grant:
        grant = self._grants.get(credential)
        if grant is None or self._is_over(grant):
            raise Unauthenticated
        return grant

    async def recheck(self, grant: Grant, address: str) -> None:
        if grant not in self._grants.values() or self._is_over(grant):
            raise Unauthenticated

    def _is_over(self, grant: Grant) -> bool:
        return grant.expires_at is not None and grant.expires_at <= self.clock.now()
