"""The authenticator in memory keeps the contract."""

from datetime import timedelta
from itertools import count

import pytest

from adapters.memory.authenticator import InMemoryAuthenticator
from application.caller import Caller
from application.ports.authenticator import Grant
from tests.clock import ManualClock
from tests.contracts.authenticator import ADDRESS, AuthenticatorBench, AuthenticatorContract


class TestInMemoryAuthenticator(AuthenticatorContract):
    @pytest.fixture
    def bench(self) -> AuthenticatorBench:
        clock, numbers = ManualClock(), count()
        authenticator = InMemoryAuthenticator(clock)

        async def admit(caller: Caller, life: timedelta) -> str:
            credential = f"secret-{next(numbers)}"
            authenticator.admit(credential, Grant(caller, clock.now() + life))
            return credential

        async def revoke(credential: str) -> None:
            authenticator.revoke((await authenticator.authenticate(credential, ADDRESS)).caller)

        return AuthenticatorBench(authenticator, clock, admit, revoke)
