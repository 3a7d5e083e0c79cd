"""Who asks: the one authenticator of the engine, over all kinds of credentials that it takes."""

from typing import Final, Protocol

from attrs import define

from application.api_key import ANY_PREFIX
from application.failed_attempts import FailedAttempts
from application.ports.authenticator import Authenticator, Grant, Unauthenticated

# Begins the `key_id` of a caller that showed a token, which has none of its own.
OF_TOKENS: Final = "token:"


class RemembersGrants(Authenticator, Protocol):
    """An authenticator of one kind of credentials that keeps in mind which it has seen."""

    def known(self, credential: str, address: str) -> Grant | None:
        """Return what a credential allows at once; None when it takes a look. Raises Unauthenticated."""
        ...


@define(eq=False)
class SignIn:
    """An `Authenticator` of API keys, tokens, or both; None for the kind that is not taken."""

    keys: RemembersGrants | None
    tokens: RemembersGrants | None
    attempts: FailedAttempts

    async def authenticate(self, credential: str, address: str) -> Grant:
        """As the port has it. Raises RateLimited too, to who fails again and again."""
        kind = self.keys if credential.startswith(ANY_PREFIX) else self.tokens
        try:
            if kind is None:
                raise Unauthenticated
            granted = kind.known(credential, address)
            if granted is not None:
                return granted
            if kind is self.tokens:  # keys are looked up together, at next to no cost
                self.attempts.require_look(address)
            return await kind.authenticate(credential, address)
        except Unauthenticated:
            self.attempts.failed(address)
            raise

    async def recheck(self, grant: Grant, address: str) -> None:
        """As the port has it."""
        kind = self.tokens if (grant.caller.key_id or "").startswith(OF_TOKENS) else self.keys
        if kind is None:
            raise Unauthenticated
        await kind.recheck(grant, address)
