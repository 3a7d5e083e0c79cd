"""So many of something at a time: sockets that are open, of each client, up to this process's share of the limit."""

from attrs import define

from application.limits.limit import Limit
from application.limits.shares import Shares, hash_of


@define(eq=False)
class _Count:
    open: int = 0
    refused: int = 0
    share: float = 0.0


class SocketLimit:
    """Counts each client's sockets; one that is open stays, however small the share becomes."""

    def __init__(self, name: str, limit: Limit) -> None:
        self.name = name
        self.limit = limit
        self.shares = Shares(limit.whole, self._demand_of, self._share_out, self._open)
        self._counts: dict[str, _Count] = {}
        self._names: dict[str, str] = {}
        self._shared_by = 1

    def opens(self, client: str) -> bool:
        """Count one more, if there may be one more; say whether there may."""
        count = self._counts.get(client)
        if count is None:
            count = self._counts[client] = _Count(share=self.shares.of(client))
            self._names[hash_of(client)] = client
        fits = count.open + 1 <= count.share + 1e-9
        if not fits:
            count.refused += 1
        else:
            count.open += 1
        if count.open + 1 > count.share / 2:
            self.shares.runs_short(client)
        return fits

    def closed(self, client: str) -> None:
        """Count one less."""
        count = self._counts[client]
        count.open -= 1

    def look(self) -> None:
        """Forget who has none open, fit the others to the number of processes, and give up shares."""
        for client in [client for client, count in self._counts.items() if not count.open and not count.refused]:
            del self._counts[client], self._names[hash_of(client)]
        if self._shared_by != self.shares.members:
            self._shared_by = self.shares.members
            for client, count in self._counts.items():
                count.share = self.shares.of(client)
        self.shares.give_up(self._used)

    def _used(self, name: str) -> tuple[str, bool] | None:
        client = self._names.get(name)
        return None if client is None else (client, True)

    def _demand_of(self, client: str) -> float:
        count = self._counts.get(client)
        if count is None:
            return 0.0
        refused, count.refused = count.refused, 0
        return float(count.open + refused)

    def _open(self, client: str) -> float:
        count = self._counts.get(client)
        return 0.0 if count is None else float(count.open)

    def _share_out(self, client: str, share: float) -> None:
        if count := self._counts.get(client):
            count.share = share
