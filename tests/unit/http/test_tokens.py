"""Orders by the token list: what they may name, what they keep, and what is refused before anything is stored."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.memory.token_registry import InMemoryTokenRegistry
from domain.asset import Asset
from domain.token_list import TokenList
from tests.api import ORDER, Api, Engine, exact, running_api
from tests.contracts.token_registry import DEVNET_SOL, OTHER_USDC, PYUSD, SOL, USDC, WSOL

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTE = "/api/orders/execute"
DEVNET_ONLY = Asset("solana-devnet", "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU", "DUSD", 6)
TWICE = Asset("solana", OTHER_USDC.address, "TWICE", 6)
TWICE_TOO = Asset("solana", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", "TWICE", 5)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def listed_api() -> AsyncIterator[Api]:
    """An API whose orders are for listed tokens."""
    tokens = TokenList.of([SOL, WSOL, USDC, PYUSD, DEVNET_ONLY, TWICE, TWICE_TOO])
    async with running_api(Engine(tokens=InMemoryTokenRegistry(tokens))) as api:
        yield api


@pytest.mark.parametrize(
    ("sold", "bought"), [("SOL", "USDC"), ("wsol", "usdc"), (SOL.address, USDC.address), ("SOL", USDC.address)]
)
async def test_an_order_names_symbols_or_addresses_and_keeps_addresses(listed_api: Api, sold: str, bought: str) -> None:
    order_id = await listed_api.submit(inputToken=sold, outputToken=bought)
    order = (await listed_api.http.get(f"/api/orders/{order_id}")).json()
    assert (order["inputToken"], order["outputToken"]) == (SOL.address, USDC.address)
    [birth] = (await listed_api.http.get(f"/api/orders/{order_id}/events")).json()["data"]
    assert (birth["inputToken"], birth["outputToken"]) == (SOL.address, USDC.address)


async def test_the_same_order_by_other_names_is_a_repeat(listed_api: Api) -> None:
    ids = set()
    for sold in ("SOL", "wsol", SOL.address):
        answer = await listed_api.http.post(
            EXECUTE, json={**ORDER, "inputToken": sold}, headers={"Idempotency-Key": "by-other-names"}
        )
        ids.add(answer.json()["orderId"])
    assert len(ids) == 1


@pytest.mark.parametrize(
    "names", [{"clientOrderId": "kept"}, {}, {"inputToken": SOL.address}], ids=["id", "key", "address"]
)
async def test_a_repeat_stays_one_when_its_token_has_left_the_list(names: dict[str, str]) -> None:
    headers = {} if "clientOrderId" in names else {"Idempotency-Key": "kept"}
    body = {**ORDER, **names}
    async with running_api(Engine(tokens=InMemoryTokenRegistry(TokenList.of([SOL, USDC])))) as api:
        first = await api.http.post(EXECUTE, json=body, headers=headers)
        later = Engine(store=api.engine.store, tokens=InMemoryTokenRegistry(TokenList.of([USDC, OTHER_USDC])))
    async with running_api(later) as api:
        again = await api.http.post(EXECUTE, json=body, headers=headers)
        assert (again.status_code, again.text) == (202, first.text)
        assert again.headers["Idempotency-Replayed"] == "true"
        other = await api.http.post(EXECUTE, json={**body, "amount": 11}, headers=headers)
        assert other.json()["code"] == ("idempotency_key_reused" if headers else "client_order_id_conflict")
        new = await api.http.post(EXECUTE, json=body | {"clientOrderId": "new"}, headers={"Idempotency-Key": "new"})
        assert (new.status_code, new.json()["code"]) == (422, "unknown_token")


@pytest.mark.parametrize(
    ("over", "code", "detail"),
    [
        ({"inputToken": "SLO"}, "unknown_token", "SLO is no symbol or address of the token list"),
        ({"outputToken": SOL.address.lower()}, "unknown_token", f"{SOL.address.lower()} is no symbol or address"),
        ({"outputToken": "twice"}, "ambiguous_token", "twice is what the token list calls 2 tokens"),
    ],
)
async def test_an_unknown_or_ambiguous_token_is_refused_by_name(
    listed_api: Api, over: dict[str, str], code: str, detail: str
) -> None:
    before = await listed_api.engine.stored()
    answer = await listed_api.http.post(EXECUTE, json={**ORDER, **over})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"].startswith(detail)
    assert await listed_api.engine.stored() == before


@pytest.mark.parametrize(
    ("over", "errors"),
    [
        ({"inputToken": "USDC", "outputToken": "SOL", "amount": "0.0000001"}, {"amount"}),
        ({"inputToken": "USDC", "outputToken": "SOL", "amount": "1.1234567"}, {"amount"}),
        ({"inputToken": "SOL", "outputToken": SOL.address}, {"outputToken"}),
        ({"inputToken": "SOL", "outputToken": "WSOL"}, {"outputToken"}),
        ({"inputToken": "SOL", "outputToken": "DUSD"}, {"outputToken"}),
        ({"inputToken": "USDC", "outputToken": USDC.address, "amount": "0.0000001"}, {"amount", "outputToken"}),
    ],
)
async def test_a_finer_amount_and_one_token_twice_are_refused(
    listed_api: Api, over: dict[str, str], errors: set[str]
) -> None:
    before = await listed_api.engine.stored()
    answer = await listed_api.http.post(EXECUTE, json={**ORDER, **over})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert {error["field"] for error in answer.json()["errors"]} == errors
    assert await listed_api.engine.stored() == before


async def test_the_finest_amount_of_a_token_is_taken_exactly(listed_api: Api) -> None:
    order_id = await listed_api.submit(inputToken="USDC", outputToken="SOL", amount="1.000001")
    assert '"amount":1.000001,' in (await listed_api.http.get(f"/api/orders/{order_id}")).text


async def test_many_are_stopped_by_any_name_of_their_pair(listed_api: Api) -> None:
    ids = [await listed_api.submit(inputToken=sold, userId="stopped") for sold in ("SOL", SOL.address)]
    body = {"userId": "stopped", "pair": f"wsol/{USDC.address}"}
    answer = await listed_api.http.post("/api/orders/cancel-all", json=body)
    assert set(answer.json()["cancelled"]) == set(ids)
    unknown = await listed_api.http.post("/api/orders/cancel-all", json={**body, "pair": "SLO/USDC"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_token")


async def test_the_list_is_told(listed_api: Api) -> None:
    data = exact((await listed_api.http.get("/api/tokens")).text)["data"]
    assert [token["symbol"] for token in data] == ["SOL", "WSOL", "USDC", "PYUSD", "DUSD", "TWICE", "TWICE"]
    assert data[3] == {
        "chain": "solana",
        "address": PYUSD.address,
        "symbol": "PYUSD",
        "decimals": 6,
        "tokenProgram": PYUSD.program,
    }
    assert data[0]["tokenProgram"] is None


async def test_without_a_list_any_name_will_do_and_is_kept(shared_api: Api) -> None:
    assert (await shared_api.http.get("/api/tokens")).status_code == 404
    order_id = await shared_api.submit(inputToken="SLO", outputToken=DEVNET_SOL.address, amount="0.00000001")
    order = (await shared_api.http.get(f"/api/orders/{order_id}")).json()
    assert (order["inputToken"], order["outputToken"]) == ("SLO", DEVNET_SOL.address)
