"""What will be done to the fleet, and when: it follows from the seed alone."""

import random
from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

LEASE_SECONDS = 2
FIRST_SECONDS = 2.0
SNAPSHOT_AGE_SECONDS = (3.0, 12.0)


class Kind(StrEnum):
    """One way to do harm."""

    KILL_API = "kill -9 an API"
    KILL_WORKER = "kill -9 a worker"
    KILL_SIMULATOR = "kill -9 the venues"
    KILL_POSTGRES = "kill -9 Postgres"
    KILL_REDIS = "kill -9 Redis"
    END_API = "SIGTERM an API"
    END_WORKER = "SIGTERM a worker"
    FREEZE_WORKER = "freeze a worker beyond its lease"
    FREEZE_SWEEPER = "freeze the worker that sweeps"
    STOP_POSTGRES = "stop Postgres"
    HANG_POSTGRES = "freeze Postgres"
    HANG_REDIS = "freeze Redis"
    FLUSH = "FLUSHALL"
    TURN_BACK_REDIS = "give Redis an old snapshot"
    DROP_NORMAL = "drop Redis connections"
    DROP_PUBSUB = "drop Redis subscribers"
    CUT_POSTGRES = "cut a worker off from Postgres"
    CUT_REDIS = "cut a worker off from Redis"
    CUT_VENUES = "cut a worker off from the venues"
    SET_CLOCK = "set the venues' clock"


@frozen
class Deed:
    """Do `kind` at `at` (seconds of the run), to the `who`-th of its sort, and mend it after `lasts` seconds."""

    at: float
    kind: Kind
    who: int
    lasts: float


def plan(seed: int, seconds: float, kinds: Sequence[Kind] = tuple(Kind)) -> list[Deed]:
    """Return what will be done in a run: every kind once before any kind twice, as far as the time goes."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
    deeds: list[Deed] = []
    at, deck = FIRST_SECONDS, list[Kind]()
    while True:
        deck = deck or chance.sample(kinds, len(kinds))
        kind = deck.pop()
        deeds.append(Deed(at, kind, chance.randrange(6), _lasts(kind, chance)))
        at += chance.uniform(0.6, 2.4)
        if at > seconds:
            return deeds


def _lasts(kind: Kind, chance: random.Random) -> float:
    match kind:
        case Kind.FREEZE_WORKER | Kind.FREEZE_SWEEPER:
            return chance.uniform(1.2, 2.2) * LEASE_SECONDS
        case Kind.CUT_POSTGRES | Kind.CUT_REDIS | Kind.CUT_VENUES:
            return chance.uniform(1.0, 4.0) * LEASE_SECONDS
        case Kind.TURN_BACK_REDIS:
            return chance.uniform(*SNAPSHOT_AGE_SECONDS)
        case Kind.FLUSH | Kind.DROP_NORMAL | Kind.DROP_PUBSUB:
            return 0.0
        case Kind.HANG_POSTGRES | Kind.HANG_REDIS:
            return chance.uniform(0.5, 2.5)
    return chance.uniform(0.2, 1.5)
