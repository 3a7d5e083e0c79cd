"""Every command in the docs runs, ends as its page says, and prints what its page shows: see tests/docs."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from attrs import frozen

from adapters.redis.clients import queue_client
from adapters.redis.queue_operations import RedisQueueOperations
from entrypoints.dev.servers.binaries import local_postgres, wheel_postgres
from tests import servers
from tests.docs.not_run import kind_of
from tests.docs.pages import PAGES, ROOT, Command, commands, name_of
from tests.docs.shapes import fits, with_ids
from tests.docs.terminal import Shell
from tests.eventually import eventually
from tests.processes import PREFIX, EngineProcess, running

# The first of these decides on the dead letters that it was given, the next revives all that there are, and the last
# reads what the log has of them.
LAST = ["docs/stuck-order.md", "docs/operations.md", "docs/logs.md"]
RUNNABLE = sorted(
    (page for page in PAGES if any(kind_of(command.text) is None for command in commands(page))),
    key=lambda page: LAST.index(name_of(page)) if name_of(page) in LAST else -1,
)
# Pages for operators, who have a worker's settings: these begin with what this page exports.
OPERATORS = ("docs/stuck-order.md", "docs/backup.md", "docs/workers.md")
SETTINGS_OF_A_WORKER = "docs/operations.md"
# The page on dead letters. They are made as its story tells, by a change of the rows in SQL.
BURIED_ON = LAST[0]
ORDERS_TO_BURY = ({"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "anna"},
                  {"inputToken": "JUP", "outputToken": "SOL", "amount": 800, "userId": "bob"})  # fmt: skip


@frozen
class Workplace:
    """A clone in which `make run` is running, as a reader has it: its folder and the engine."""

    folder: Path
    engine: EngineProcess

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of this engine's worker, without their prefix."""
        postgres, redis = self._server("postgres"), self._server("redis")
        return {"POSTGRES_URL": f"postgresql://order_engine:{postgres}/postgres", "REDIS_URL": f"redis://:{redis}/0"}

    @property
    def port(self) -> str:
        """The API's port, in the place of 3000."""
        return self.engine.url.rpartition(":")[2]

    def shell(self, state: Path) -> Shell:
        """Return a new shell in the folder."""
        programs = [Path(sys.executable).parent, *(each.path.parent for each in (*local_postgres(), *wheel_postgres()))]
        path = ":".join(map(str, [programs[0], os.environ["PATH"], *programs[1:]]))
        others = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "COLUMNS"))}
        return Shell(self.folder, {**others, "PATH": path, "ORDER_ENGINE_PORT": self.port, "NO_COLOR": "1"}, state)

    def _server(self, name: str) -> str:
        folder = self.folder / ".order-engine" / name
        return f"{(folder / 'password').read_text().strip()}@127.0.0.1:{(folder / 'port').read_text().strip()}"


@pytest.fixture(scope="module")
def workplace() -> Iterator[Workplace]:
    with servers.reachable_folder() as folder:
        for entry in ROOT.iterdir():
            if entry.name not in (".order-engine", ".venv", "build"):
                (folder / entry.name).symlink_to(entry)
        (folder / ".venv").symlink_to(sys.prefix)
        settings = {"DATA_DIR": str(folder / ".order-engine"), "LOG_FORMAT": "json", "MOCK_FAILURE_RATE": "0"}
        with (folder / "engine.log").open("w") as log, running("dev", settings=settings, stderr=log) as engine:
            place = Workplace(folder, engine)
            asyncio.run(_spoil_orders(place))
            yield place


async def _spoil_orders(place: Workplace) -> None:
    """Make the two orders whose jobs will be dead letters in ten seconds."""
    client = queue_client(place.settings["REDIS_URL"])
    operations = RedisQueueOperations(client)
    await operations.pause()
    for order in ORDERS_TO_BURY:
        body, headers = json.dumps(order).encode(), {"Content-Type": "application/json"}
        _answer(Request(f"{place.engine.url}/api/orders/execute", body, headers))  # noqa: S310 - loopback
    with psycopg.connect(place.settings["POSTGRES_URL"]) as connection:
        connection.execute("UPDATE orders SET status = 'submitted'")
    await operations.resume()
    await client.aclose()


def _answer(request: Request) -> Any:
    with urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
        return json.load(answer)


async def _both_are_buried(place: Workplace) -> None:
    stats = Request(f"{place.engine.url}/api/stats")  # noqa: S310 - loopback
    await eventually(lambda: _answer(stats)["queue"]["buried"] == len(ORDERS_TO_BURY), within=40)


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_commands_of_a_page(page: Path, workplace: Workplace, tmp_path: Path) -> None:
    name, ids = name_of(page), dict[str, str]()
    shell = workplace.shell(tmp_path / "state")
    if name in OPERATORS:
        for command in commands(ROOT / SETTINGS_OF_A_WORKER):
            if command.text.startswith("export "):
                _run(command, SETTINGS_OF_A_WORKER, shell, workplace.port, ids)
    if name == BURIED_ON:
        asyncio.run(_both_are_buried(workplace))
    for command in commands(page):
        if kind_of(command.text) is None:
            _run(command, name, shell, workplace.port, ids)


def _run(command: Command, page: str, shell: Shell, port: str, ids: dict[str, str]) -> None:
    where = f"{page}:{command.line}: {command.text}"
    text = with_ids(command.text, ids)
    for host in ("127.0.0.1", "localhost"):
        text = text.replace(f"{host}:3000", f"{host}:{port}")
    ended = shell.run(text)
    printed = [line.replace(f":{port}", ":3000") for line in ended.lines]
    seen = "\n".join(printed)
    assert ended.code == command.code, f"{where}\nended with {ended.code} and printed:\n{seen}"
    if command.output:
        shown = "\n".join(command.output)
        assert fits(command.output, printed, ids), f"{where}\nprinted:\n{seen}\nThe page shows:\n{shown}"


def test_the_programs_of_the_pages_are_here() -> None:
    """What readers are asked to have, beside git, make and Python; the pages say so."""
    assert [name for name in ("bash", "curl") if shutil.which(name) is None] == []
