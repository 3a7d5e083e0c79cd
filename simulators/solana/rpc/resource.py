"""A node over HTTP: JSON-RPC 2.0, one call or a batch of them, and the faults of each call."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import falcon
import msgspec
from attrs import frozen
from falcon.asgi import Request, Response

from simulators.solana.faults import Fault, Faults
from simulators.solana.node import Node
from simulators.solana.rpc import accounts, blocks, transactions
from simulators.solana.rpc.reading import INVALID_PARAMS, Call, RpcError
from simulators.venue.spoiling import Dropped

METHOD_NOT_FOUND = -32601
INVALID_REQUEST = -32600
RETRY_AFTER_SECONDS = "1"
SEND = "sendTransaction"
METHODS: Mapping[str, Callable[[Call], Any]] = MappingProxyType(
    {
        "getHealth": blocks.health,
        "getVersion": blocks.version,
        "getGenesisHash": blocks.genesis_hash,
        "getSlot": blocks.slot,
        "getFirstAvailableBlock": blocks.first_available_block,
        "getBlockHeight": blocks.block_height,
        "getEpochInfo": blocks.epoch_info,
        "getLatestBlockhash": blocks.latest_blockhash,
        "isBlockhashValid": blocks.is_blockhash_valid,
        "getRecentPrioritizationFees": blocks.priority_fees,
        "getMinimumBalanceForRentExemption": blocks.rent,
        "getAccountInfo": accounts.account,
        "getMultipleAccounts": accounts.accounts,
        "getBalance": accounts.balance,
        "getTokenAccountBalance": accounts.token_balance,
        "getTokenAccountsByOwner": accounts.token_accounts_of,
        "simulateTransaction": transactions.simulate,
        "getSignatureStatuses": transactions.statuses,
        "getTransaction": transactions.transaction,
        "requestAirdrop": transactions.airdrop,
    }
)
_SENDING = (Fault.DROPPED, Fault.LOST_REPLY, Fault.LATE, Fault.FORK)
_CALLING = (Fault.LIMITED, Fault.ERROR)


@frozen
class NodeResource:
    """The nodes, each at its own path."""

    nodes: Mapping[str, Node]
    faults: Faults

    async def on_post(self, req: Request, resp: Response, name: str) -> None:
        """Answer a call, or each of a batch."""
        node = self.nodes.get(name)
        if node is None:
            raise falcon.HTTPNotFound
        try:
            asked = msgspec.json.decode(await req.stream.read())
        except msgspec.DecodeError as error:
            raise falcon.HTTPBadRequest(description=str(error)) from error
        one = not isinstance(asked, list)
        answers = [self._answer(node, each, req) for each in ([asked] if one else asked)]
        resp.data = msgspec.json.encode(answers[0] if one else answers)

    def _answer(self, node: Node, asked: Any, req: Request) -> dict[str, Any]:
        method = asked.get("method") if isinstance(asked, dict) else None
        if not isinstance(method, str):
            return _failed(None, RpcError(INVALID_REQUEST, "Invalid request"))
        try:
            return {"jsonrpc": "2.0", "result": self._result(node, method, asked.get("params") or [], req)} | _id(asked)
        except RpcError as error:
            return _failed(asked, error)

    def _result(self, node: Node, method: str, params: Any, req: Request) -> Any:
        if not isinstance(params, list):
            raise RpcError(INVALID_PARAMS, "Invalid params: expected positions")
        call = _call(node, params)
        if method != SEND:
            _spoil(self.faults.next(f"{node.name}:{method}", *_CALLING))
            if method not in METHODS:
                raise RpcError(METHOD_NOT_FOUND, "Method not found")
            return METHODS[method](call)
        key = f"{node.name}:{SEND}:{call.text(0)[:88]}"
        fault = self.faults.next(key, *_SENDING, *_CALLING)
        late_error = fault is Fault.ERROR and self.faults.draw(f"{key}:after") < 0.5
        _spoil(None if late_error else fault)
        sent = transactions.send(call, fault)
        if late_error:
            raise falcon.HTTPBadGateway
        if fault is Fault.LOST_REPLY:
            req.scope["extensions"]["drop"]()
            raise Dropped
        return sent


def _call(node: Node, params: list[Any]) -> Call:
    has_config = bool(params) and isinstance(params[-1], dict) and not {"mint", "programId"} & params[-1].keys()
    return Call(node.view(), params[:-1] if has_config else params, params[-1] if has_config else {})


def _spoil(fault: Fault | None) -> None:
    if fault is Fault.LIMITED:
        raise falcon.HTTPTooManyRequests(headers={"Retry-After": RETRY_AFTER_SECONDS})
    if fault is Fault.ERROR:
        raise falcon.HTTPServiceUnavailable


def _failed(asked: Any, error: RpcError) -> dict[str, Any]:
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        body["data"] = error.data
    return {"jsonrpc": "2.0", "error": body} | _id(asked)


def _id(asked: Any) -> dict[str, Any]:
    return {"id": asked.get("id") if isinstance(asked, dict) else None}
