"""A venue over HTTP in a few lines, which keeps every rule; and for each rule one that breaks it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tests.hostile_venue import Request, reply

Json = dict[str, Any]


class SmallVenue:
    """What is not overridden is as it has to be."""

    price, fee = "150.5", "0.002"

    def __init__(self) -> None:
        self.ends: dict[str, Json] = {}

    def __call__(self, request: Request) -> bytes:
        path = urlsplit(request.path).path
        match request.method, path.strip("/").split("/"):
            case "POST", ["quotes"]:
                return _answer({"price": self.price, "fee": self.fee})
            case "POST", ["builds"]:
                return _answer(self.build(request.body))
            case "PUT", ["transactions", tx_hash]:
                return _answer(self.send(tx_hash, request.body))
            case "GET", ["transactions", tx_hash]:
                return self.look(tx_hash)
        return _answer({"data": self.listed()})

    def build(self, asked: Any) -> Json:
        return {"txHash": self.hash_of(asked), "expiresAt": (_now() + self.valid(asked)).isoformat()}

    def hash_of(self, asked: Any) -> str:
        return f"tx_{asked['orderId']}_{asked['attempt']}"

    def valid(self, asked: Any) -> timedelta:
        return timedelta(seconds=asked["validSeconds"])

    def send(self, tx_hash: str, sent: Any) -> Json:
        if tx_hash not in self.ends:
            told = {name: sent[name] for name in ("orderId", "attempt", "amount")}
            self.ends[tx_hash] = {"txHash": tx_hash, **self.end_of(sent), **told, "receivedAt": _now().isoformat()}
        return self.ends[tx_hash]

    def end_of(self, sent: Any) -> Json:
        if _now() >= datetime.fromisoformat(sent["expiresAt"]):
            return {"status": "rejected", "reason": "expired"}
        if float(sent["limitPrice"] or 0) > float(self.price):
            return {"status": "rejected", "reason": "slippage_exceeded"}
        return {"status": "landed", "price": self.price}

    def look(self, tx_hash: str) -> bytes:
        return _answer(self.ends.get(tx_hash, {"txHash": tx_hash, "status": "unknown"}))

    def listed(self) -> list[Json]:
        return list(self.ends.values())


class KeepsAllItSwaps(SmallVenue):
    fee = "1"


class HasOneHash(SmallVenue):
    def hash_of(self, asked: Any) -> str:
        return "tx_1"


class HasOneHashAnOrder(SmallVenue):
    def hash_of(self, asked: Any) -> str:
        return f"tx_{asked['orderId']}"


class TakesItForAnHour(SmallVenue):
    def valid(self, asked: Any) -> timedelta:
        return timedelta(hours=1)


class SendsAtTheBuild(SmallVenue):
    def build(self, asked: Any) -> Json:
        built = super().build(asked)
        self.send(built["txHash"], {**asked, "expiresAt": built["expiresAt"]})
        return built


class CallsItNotFound(SmallVenue):
    def look(self, tx_hash: str) -> bytes:
        return super().look(tx_hash) if tx_hash in self.ends else reply("{}", "404 Not Found")


class SwapsHalf(SmallVenue):
    def end_of(self, sent: Any) -> Json:
        return {**super().end_of(sent), "amountIn": "0.5"}


class KeepsMoreThanItQuoted(SmallVenue):
    def end_of(self, sent: Any) -> Json:
        return {**super().end_of(sent), "amountOut": "140.5", "venueFee": "10"}


class LandsAnew(SmallVenue):
    def send(self, tx_hash: str, sent: Any) -> Json:
        self.price = str(float(self.price) + 1)
        self.ends.pop(tx_hash, None)
        return super().send(tx_hash, sent)


class ForgetsAtTheExpiry(SmallVenue):
    def send(self, tx_hash: str, sent: Any) -> Json:
        if _now() >= datetime.fromisoformat(sent["expiresAt"]):
            self.ends.pop(tx_hash, None)
        return super().send(tx_hash, sent)


class KnowsNoLimit(SmallVenue):
    def end_of(self, sent: Any) -> Json:
        return super().end_of({**sent, "limitPrice": None})


class KnowsNoExpiry(SmallVenue):
    def end_of(self, sent: Any) -> Json:
        return super().end_of({**sent, "expiresAt": "2999-01-01T00:00:00Z"})


class TakesItInTheEnd(SmallVenue):
    def send(self, tx_hash: str, sent: Any) -> Json:
        again = tx_hash in self.ends
        end = super().send(tx_hash, sent)
        return {**end, "status": "landed", "price": self.price} if again and end["status"] == "rejected" else end


class LandsAndRejects(SmallVenue):
    def look(self, tx_hash: str) -> bytes:
        answer = super().look(tx_hash)
        if tx_hash in self.ends:
            self.ends[tx_hash] |= {"status": "rejected", "reason": "changed its mind"}
        return answer


class ListsTwice(SmallVenue):
    def listed(self) -> list[Json]:
        return super().listed() * 2


class ListsNothing(SmallVenue):
    def listed(self) -> list[Json]:
        return []


def _now() -> datetime:
    return datetime.now(UTC)


def _answer(content: Json) -> bytes:
    return reply(json.dumps(content))
