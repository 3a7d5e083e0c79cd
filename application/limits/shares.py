"""A process's shares of one limit: what it may give each client, so that all processes together give the whole at most.

Each has an equal share of what nobody has run short of, and reports nothing of it. Who runs short reports that, with
how much it was asked for; who reads it gives up what it does not need itself, and reports the rest; then the first
takes what is left. Nothing is taken before it was given up.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from attrs import define, field

from application.ports.limit_reports import Other, Reported

REPORTED_MOST = 500
CALM_LOOKS = 12
# As much more than was asked for just now, since that varies.
ROOM = 1.25


@define(eq=False)
class _Share:
    client: str
    share: float
    demand: float | None = None  # None: not measured yet
    asked_in: int | None = None  # the exchange that it was first reported in
    calm: int = 0


@define(eq=False)
class Shares:
    """`demand_of` says how much a client asked for since it was last asked, `share_out` gets what it has now.

    What is `in_use` cannot be given up.
    Clients are reported by a hash: ids and addresses are nobody else's business, and may be long.
    """

    whole: float
    demand_of: Callable[[str], float]
    share_out: Callable[[str, float], None]
    in_use: Callable[[str], float] = lambda _: 0.0
    members: int = 1
    _own: dict[str, _Share] = field(factory=dict)
    _others: Sequence[Other] = ()
    _held: dict[str, float] = field(factory=dict)  # by the others together, of what they report
    _given_up: dict[str, str] = field(factory=dict)  # clients by their hash

    @property
    def equal(self) -> float:
        """The share of each process in what nobody reports."""
        return self.whole / self.members

    def of(self, client: str) -> float:
        """Return this process's share for a client."""
        if not self._own and not self._held:
            return self.equal
        name = hash_of(client)
        own = self._own.get(name)
        return self._rest(name) if own is None else own.share

    def runs_short(self, client: str) -> None:
        """Have the others asked for a larger share of this client's, if there are any."""
        if self.members > 1 and len(self._own) < REPORTED_MOST:
            name = hash_of(client)
            if name not in self._own:
                self._own[name] = _Share(client, self._rest(name))

    def report(self) -> Reported:
        """Judge what this process needs now, by what it learned last; return what is to be reported."""
        for name, own in tuple(self._own.items()):
            self._judge(name, own)
            if own.calm >= CALM_LOOKS:
                del self._own[name]
                self.share_out(own.client, self._rest(name))
            else:
                self.share_out(own.client, own.share)
        return {name: (own.share, own.demand or 0.0) for name, own in self._own.items()}

    def learn(self, number: int, members: int, others: Sequence[Other]) -> None:
        """Take note of exchange `number`, in which `others` of all `members` had these reports."""
        self.members, self._others = members, others
        self._held = {}
        for other in others:
            for name, (share, _) in other.reported.items():
                self._held[name] = self._held.get(name, 0.0) + share
        for own in self._own.values():
            if own.asked_in is None or own.asked_in > number:  # the numbers began anew
                own.asked_in = number
        for name in [name for name in self._given_up if name not in self._held]:
            self.share_out(self._given_up.pop(name), self.equal)

    def give_up(self, used: Callable[[str], tuple[str, bool] | None]) -> None:
        """Give up what is not needed here of the clients that others report; what is used here is reported too.

        `used` returns the client with this hash, if it is known here, and whether it asked for something just now.
        """
        for name in self._held:
            if name in self._own or (known := used(name)) is None:
                continue
            client, is_used = known
            if is_used and len(self._own) < REPORTED_MOST:
                self._own[name] = _Share(client, min(self.equal, max(0.0, self.whole - self._held[name])))
                self._given_up.pop(name, None)
            else:
                self._given_up[name] = client
                self.share_out(client, self._rest(name))

    def _rest(self, name: str) -> float:
        """Return what is left for a process that does not report the client."""
        if name not in self._held:
            return self.equal
        return max(0.0, self.whole - self._held[name]) / self.members

    def _judge(self, name: str, own: _Share) -> None:
        asked = self.demand_of(own.client)
        own.demand = asked if own.demand is None else (own.demand + asked) / 2
        own.calm = own.calm + 1 if own.demand < self.equal / 2 else 0
        promised = sum(self._promised(other, name, own) for other in self._others)
        wanting = [other.reported[name][1] for other in self._others if name in other.reported]
        need = min(self.whole, own.demand * ROOM + self.equal / 10)
        demands = own.demand + sum(wanting)
        if demands > self.whole:
            need = self.whole * own.demand / demands
        room = self.whole - promised - own.share
        if room < 0:  # others have taken it in the same moment
            own.share *= self.whole / (promised + own.share)
        elif need > own.share:
            own.share += min(need - own.share, room / (1 + len(wanting)))
        if need < own.share:
            own.share = need if wanting else max(need, min(own.share, self.equal))
        own.share = max(own.share, self.in_use(own.client))

    def _promised(self, other: Other, name: str, own: _Share) -> float:
        if name in other.reported:
            return other.reported[name][0]
        has_given_up = own.asked_in is not None and other.seen >= own.asked_in
        return 0.0 if has_given_up else self.equal


def hash_of(client: str) -> str:
    """Return the name under which a client is reported."""
    return blake2b(client.encode(errors="replace"), digest_size=8).hexdigest()
