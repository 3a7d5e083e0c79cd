"""So many of something in a time: a token bucket for each client, filled as this process's share allows."""

from collections.abc import Callable

from application.limits.limit import Limit
from application.limits.shares import Shares, hash_of

KEPT_MOST = 50_000  # buckets of a generation; there are two
IN_USE_SECONDS = 1.0
# A bucket that holds more than a few runs short when this much is left, before anyone is refused.
FEW, SHORT = 4.0, 0.75


class Bucket:
    """What a client has left here, as of when; it may be less than nothing."""

    __slots__ = ("asked", "asked_since", "at", "low", "most", "rate", "tokens")

    def __init__(self, now: float) -> None:
        self.at = self.asked_since = now
        self.tokens = self.rate = self.most = self.low = 0.0
        self.asked = 0

    def has(self, count: float) -> bool:
        """Whether there are so many; what is more than ever fits takes a full bucket, and then leaves it in debt."""
        return self.tokens >= count or self.tokens >= self.most >= 1

    def seconds_to(self, count: float) -> float:
        """Return in how many seconds it will have so many, if its share stays; 1 while it has none."""
        missing = min(count, self.most) - self.tokens
        return max(0.0, missing) / self.rate if self.rate else 1.0

    @property
    def fullness(self) -> float:
        """How full it is, 1 at most."""
        return self.tokens / self.most if self.most else 0.0


class RateLimit:
    """The clients' buckets. Those that were not used for long are forgotten: they are full by then, or make room."""

    def __init__(self, name: str, limit: Limit, time: Callable[[], float], kept_most: int = KEPT_MOST) -> None:
        self.name = name
        self.limit = limit
        self.policy = f'"{name}";{limit.policy}'
        self.shares = Shares(limit.whole, self._demand_of, self._share_out)
        self._time = time
        self._kept_most = kept_most
        self._young: dict[str, Bucket] = {}
        self._old: dict[str, Bucket] = {}
        self._young_names: dict[str, str] = {}
        self._old_names: dict[str, str] = {}
        self._turned_at = time()
        self._shared_by = 1

    def bucket(self, client: str, now: float, count: int = 1) -> Bucket:
        """Return the client's bucket, filled up to `now`, for who asks it for `count`."""
        bucket = self._young.get(client) or self._kept(client, now)
        tokens = bucket.tokens + (now - bucket.at) * bucket.rate
        bucket.tokens = tokens if tokens < bucket.most else bucket.most
        bucket.at = now
        bucket.asked += count
        return bucket

    def take(self, client: str, bucket: Bucket, count: int) -> None:
        """Take from a client's bucket what it has."""
        bucket.tokens -= count
        if bucket.tokens < bucket.low:
            self.shares.runs_short(client)

    def look(self) -> None:
        """Do what is due now and then: forget buckets, fit the others to the number of processes, give up shares."""
        now = self._time()
        if now - self._turned_at > max(60.0, 2 * self.limit.at_once / self.limit.whole):
            self._turn(now)
        if self._shared_by != self.shares.members:
            self._shared_by = self.shares.members
            for client in (*self._young, *self._old):
                self._share_out(client, self.shares.of(client))
        self.shares.give_up(self._used)

    def _kept(self, client: str, now: float) -> Bucket:
        """Return a bucket of the older generation, or a new one, which is full."""
        bucket = self._old.pop(client, None)
        if bucket is None:
            bucket = Bucket(now)
            self._fit(bucket, self.shares.of(client))
            full = self.limit.at_once * bucket.rate / self.limit.whole
            bucket.tokens = bucket.most
            if 0 < full < 1:  # it has one all the same, on credit
                bucket.at = now + (1 - full) / bucket.rate
                bucket.tokens = 1.0 + (bucket.at - now) * bucket.rate
        if len(self._young) >= self._kept_most:
            self._turn(now)
        self._young[client] = bucket
        if self.shares.members > 1:
            self._young_names[hash_of(client)] = client
        return bucket

    def _turn(self, now: float) -> None:
        self._old, self._young, self._turned_at = self._young, {}, now
        self._old_names, self._young_names = self._young_names, {}

    def _used(self, name: str) -> tuple[str, bool] | None:
        client = self._young_names.get(name) or self._old_names.get(name)
        bucket = None if client is None else self._young.get(client) or self._old.get(client)
        if client is None or bucket is None:
            return None
        return client, self._time() - bucket.at < IN_USE_SECONDS

    def _demand_of(self, client: str) -> float:
        bucket, now = self._young.get(client) or self._old.get(client), self._time()
        if bucket is None or now <= bucket.asked_since:
            return 0.0
        demand = bucket.asked / (now - bucket.asked_since)
        bucket.asked, bucket.asked_since = 0, now
        return demand

    def _share_out(self, client: str, share: float) -> None:
        bucket = self._young.get(client) or self._old.get(client)
        if bucket is not None and bucket.rate != share:
            now = self._time()
            bucket.tokens += max(0.0, now - bucket.at) * bucket.rate
            bucket.at = max(now, bucket.at)
            self._fit(bucket, share)

    def _fit(self, bucket: Bucket, share: float) -> None:
        most = self.limit.at_once * share / self.limit.whole
        bucket.rate = share
        bucket.most = max(1.0, most) if share else 0.0
        bucket.low = most * SHORT if most >= FEW else 0.0
        bucket.tokens = min(bucket.tokens, bucket.most)
