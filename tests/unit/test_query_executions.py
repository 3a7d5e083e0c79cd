"""Executions are shown to whom they belong, and to who may see everyone's."""

import pytest

from adapters.memory.executions import InMemoryExecutions
from adapters.memory.order_store import InMemoryOrderStore
from application.caller import ANYONE, Caller, Scope
from application.errors import Forbidden
from application.ports.executions import ExecutionFilter
from application.query_executions import QueryExecutions
from tests.clock import ManualClock
from tests.contracts.executions import landed

ANNA = Caller("anna", frozenset({Scope.ORDERS_READ}))


async def seen_by(caller: Caller, wanted: str | None = None) -> set[str]:
    store = InMemoryOrderStore(ManualClock())
    for user in ("anna", "bert"):
        await landed(store, user)
    page = await QueryExecutions(InMemoryExecutions(store.executions))(caller, ExecutionFilter(wanted), None, 10)
    return {execution.user_id for execution in page.executions}


async def test_a_caller_sees_its_own() -> None:
    assert await seen_by(ANNA) == await seen_by(ANNA, "anna") == {"anna"}
    with pytest.raises(Forbidden):
        await seen_by(ANNA, "bert")


async def test_who_may_act_for_any_user_sees_all() -> None:
    assert await seen_by(ANYONE) == {"anna", "bert"}
    assert await seen_by(ANYONE, "bert") == {"bert"}


@pytest.mark.parametrize("scopes", [set(), {Scope.ORDERS_WRITE, Scope.USERS_ANY}])
async def test_reading_needs_its_scope(scopes: set[Scope]) -> None:
    with pytest.raises(Forbidden):
        await seen_by(Caller("anna", frozenset(scopes)))
