"""The fleet: engine processes, a venue simulator and private servers, each killed and started again under one name."""

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field

from entrypoints.dev.servers import LocalPostgres, LocalRedis
from entrypoints.dev.servers.folder import is_free
from entrypoints.secret_file import make_secret
from tests.chaos.clocks import clock_ahead, skew
from tests.chaos.plan import LEASE_SECONDS
from tests.chaos.process import Process
from tests.chaos.receiver import Receiver
from tests.chaos.world import World
from tests.eventually import eventually
from tests.processes import PREFIX
from tests.relay import Relay
from tests.servers import TIMEZONE

APIS, WORKERS = 2, 3
RECOVERY_SECONDS, EXPIRY_SECONDS = 3, 5
# Below the range that systems give to outgoing connections: a client must not get the port of an API that is down.
_PORTS = range(15_000, 32_000)
SETTINGS = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "RECOVERY_SECONDS": str(RECOVERY_SECONDS),
    "TX_EXPIRY_SECONDS": str(EXPIRY_SECONDS),
    "RETRY_BASE_MS": "300",
    "VENUE_TIMEOUT_MS": "1000",
    "VENUE_SWAP_TIMEOUT_MS": "3000",
    "GRACE_SECONDS": "5",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "debug",
    "WEBHOOKS_ALLOW_PRIVATE": "yes",
}


@define(eq=False)
class Trouble:
    """Something was done to a part of the fleet, from `since` until it was mended; in seconds of the run."""

    target: str
    what: str
    since: float
    until: float = float("inf")


@define(eq=False)
class Fleet:
    """All that runs, and what was done to it. `started` is the monotonic time that the run counts from.

    `relays` are the ways from each worker to its servers, `skews` the clocks that are wrong, in seconds.
    """

    folder: Path
    seed: int
    world: World
    postgres: LocalPostgres
    redis: LocalRedis
    started: float = field(factory=time.monotonic)
    faketime: Path | None = None
    processes: dict[str, Process] = field(factory=dict)
    relays: dict[tuple[str, str], Relay] = field(factory=dict)
    skews: dict[str, int] = field(factory=dict)
    troubles: list[Trouble] = field(factory=list)
    misbehaviour: list[str] = field(factory=list)
    receiver: Receiver = field(init=False)

    @receiver.default
    def _receiver_of_seed(self) -> Receiver:
        return Receiver(random.Random(f"{self.seed}:receiver"))  # noqa: S311

    @classmethod
    def in_folder(cls, folder: Path, seed: int, world: World, faketime: Path | None = None) -> "Fleet":
        """Plan a fleet whose data and logs are all in `folder`; with libfaketime its clocks are wrong."""
        postgres = LocalPostgres(folder / "postgres", options={"timezone": TIMEZONE, "max_connections": "300"})
        return cls(folder, seed, world, postgres, LocalRedis(folder / "redis"), faketime=faketime)

    @property
    def apis(self) -> list[Process]:
        """The API processes."""
        return [process for name, process in self.processes.items() if name.startswith("api")]

    @property
    def workers(self) -> list[Process]:
        """The worker processes."""
        return [process for name, process in self.processes.items() if name.startswith("worker")]

    def now(self) -> float:
        """Seconds of the run."""
        return time.monotonic() - self.started

    @contextmanager
    def trouble(self, target: str, what: str) -> Iterator[None]:
        """Remember that `target` is in trouble during the block."""
        trouble = Trouble(target, what, self.now())
        self.troubles.append(trouble)
        yield
        trouble.until = self.now()

    def excuses(self, target: str, since: float, until: float, slack: float) -> bool:
        """Whether `target` was in trouble, or had been `slack` seconds before, at some time between the two."""
        return any(t.target == target and t.since <= until and since <= t.until + slack for t in self.troubles)

    async def start(self) -> None:
        """Start everything, servers first; return when all is ready."""
        await asyncio.gather(*(asyncio.to_thread(server.start) for server in (self.postgres, self.redis)))
        await self.receiver.open()
        make_secret(self._webhooks_key, "the key of webhooks")
        ports = itertools.filterfalse(lambda port: not is_free(port), _drawn_ports())
        simulator = self._process("simulator", (self.world.command,), self.world.port_setting, next(ports))
        for number in range(1, APIS + 1):
            self._process(f"api-{number}", ("api",), "PORT", next(ports))
        for number in range(1, WORKERS + 1):
            name = f"worker-{number}"
            ways = {
                target: await self._way(name, target, url)
                for target, url in (
                    ("postgres", self._postgres_url(name)),
                    ("redis", self.redis.url),
                    ("venues", simulator.url),
                )
            }
            servers = {"POSTGRES_URL": ways["postgres"], "REDIS_URL": ways["redis"]}
            trading = self.world.trading(ways["venues"])
            self._process(name, ("worker",), "WORKER_HTTP_PORT", next(ports), **servers, **trading)
        migration = self._process("migration", ("migrate",), "PORT", 0)
        await migration.start()
        if await migration.ended():
            raise AssertionError(f"the migration failed: see {migration.log}")
        del self.processes["migration"]
        self.skews.pop("migration", None)
        for process in self.processes.values():
            await process.start()
        await self.ready()
        await self.world.begin(simulator.url)
        self.started = time.monotonic()

    async def ready(self) -> None:
        """Return when every process says that it is ready. Raises AssertionError when one does not in time."""
        for process in self.processes.values():
            await process.answers("ready")

    async def stop(self) -> None:
        """End everything, frozen or not."""
        for process in self.processes.values():
            process.signal(signal.SIGKILL)
        await asyncio.gather(*(process.ended() for process in self.processes.values()))
        await asyncio.gather(*(asyncio.to_thread(server.kill) for server in (self.postgres, self.redis)))
        await asyncio.gather(*(asyncio.to_thread(relay.stop) for relay in self.relays.values()))

    def said_of(self, order_id: str) -> list[str]:
        """Return the processes' log lines about an order, in the order of their times."""
        lines = []
        for log in self.folder.glob("*.log"):
            with suppress(FileNotFoundError):
                text = log.read_text(errors="replace").splitlines()
                lines += [f"{line[:34]} {log.stem}: {line[34:]}" for line in text if order_id in line]
        return sorted(lines)

    async def _way(self, name: str, target: str, url: str) -> str:
        """Lead a process to a server through a relay; return the URL to take."""
        relay = self.relays[name, target] = Relay(url)
        relay.start()
        await eventually(lambda: relay.port)
        return relay.url

    @property
    def _webhooks_key(self) -> Path:
        return self.folder / "webhooks.key"

    def _postgres_url(self, name: str) -> str:
        """Have the database's list of sessions say whose each is."""
        return f"{self.postgres.url}?application_name={name}"

    def _process(self, name: str, arguments: tuple[str, ...], port_name: str, port: int, **settings: str) -> Process:
        chosen = {
            **SETTINGS,
            **self.world.settings,
            "POSTGRES_URL": self._postgres_url(name),
            "REDIS_URL": self.redis.url,
            "OPERATIONS_PORT": "0",
            "WEBHOOKS_KEY_FILE": str(self._webhooks_key),
            port_name: str(port),
            **settings,
        }
        environment = {**_inherited(), **{PREFIX + key: value for key, value in chosen.items()}}
        if self.faketime is not None:
            self.skews[name] = skew(self.seed, name)
            environment |= clock_ahead(self.faketime, self.skews[name])
        made = Process(name, f"http://127.0.0.1:{port}", self.folder / f"{name}.log", arguments, environment)
        self.processes[name] = made
        return made


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _drawn_ports() -> Iterator[int]:
    chance = random.SystemRandom()
    while True:
        yield chance.choice(_PORTS)
