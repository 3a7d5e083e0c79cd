"""Each kill fires the alerts that the runbook names, and no others; every query of the dashboard has data."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from attrs import frozen

from tests.alerts.engine import Engine, engine
from tests.alerts.runbook import companions
from tests.alerts.scaled import DOCS_URL, OPS, seconds
from tests.alerts.watchers import Watch, watching
from tests.processes import Restartable
from tests.servers import reachable_folder

OUTAGE = seconds("12m")  # longer than any alert waits
CALM = seconds("15m") + 30  # the longest that one shows whose cause is over, and what the engine takes to come back
pytestmark = pytest.mark.timeout(600)


@frozen
class Watched:
    """An engine, its watch, and since when."""

    engine: Engine
    watch: Watch
    since: float

    def calm(self, within: float) -> None:
        """Wait until no alert is left, and all targets answer."""
        deadline = time.monotonic() + within
        while left := self.watch.active() or len(self.watch.up()) < 4:
            assert time.monotonic() < deadline, left
            time.sleep(0.5)


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with reachable_folder() as folder, engine(folder) as running, watching(folder, running.targets) as watch:
        Watched(running, watch, 0).calm(CALM)  # Prometheus looks for its targets 5 s after it started
        yield Watched(running, watch, time.time())


def test_nothing_fires_at_a_fresh_start_under_load(watched: Watched) -> None:
    time.sleep(OUTAGE)
    assert watched.watch.fired(watched.since) == set()


Deed = Callable[[Engine], None]


def _kill_all(parts: Callable[[Engine], tuple[Restartable, ...]], of: Engine) -> None:
    for part in parts(of):
        part.process.kill()


def _start_all(parts: Callable[[Engine], tuple[Restartable, ...]], of: Engine) -> None:
    for part in parts(of):
        part.start()


def _both(parts: Callable[[Engine], tuple[Restartable, ...]]) -> tuple[Deed, Deed]:
    return partial(_kill_all, parts), partial(_start_all, parts)


def _start_postgres(of: Engine) -> None:
    of.postgres.start()


def _start_redis(of: Engine) -> None:
    of.redis.start()


def _command(*words: str) -> Deed:
    return lambda of: of.command(*words)


KILLS: dict[str, tuple[str, Deed, Deed]] = {
    "one worker": ("TargetDown", *_both(lambda of: of.workers[:1])),
    "all workers": ("NoWorker", *_both(lambda of: of.workers)),
    "all APIs": ("NoApi", *_both(lambda of: of.apis)),
    "Postgres": ("StoreAway", lambda of: of.postgres.kill(), _start_postgres),
    "Redis": ("QueueAway", lambda of: of.redis.kill(), _start_redis),
    "a venue": ("VenueTrouble", *_both(lambda of: (of.venues["Meteora"],))),
    "a pause": ("QueuePaused", _command("queue", "pause"), _command("queue", "resume")),
    "a halt": ("TradingHalted", _command("trading", "halt", "--why", "a test"), _command("trading", "resume")),
    "a venue's stop": (
        "VenueStopped",
        _command("venue", "stop", "Meteora", "--why", "a test"),
        _command("venue", "resume", "Meteora"),
    ),
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_kill_fires_what_the_runbook_names_and_nothing_else(watched: Watched, kill: str) -> None:
    alert, do, undo = KILLS[kill]
    watched.calm(CALM)
    since = time.time()
    do(watched.engine)
    time.sleep(OUTAGE)
    on_call = watched.watch.on_call()
    undo(watched.engine)
    watched.calm(CALM)
    expected, fired = companions()[alert], watched.watch.fired(since)
    assert fired - expected.possible == {alert} | expected.sure
    assert on_call == {alert}


def test_who_is_on_call_is_told_of_each_cause_with_a_link_to_what_to_do(watched: Watched) -> None:
    assert {told.receiver for told in watched.watch.told} == {"pager", "chat"}
    assert {told.status for told in watched.watch.told} == {"firing", "resolved"}
    assert {alert for alert, _, _ in KILLS.values()} <= {told.alert for told in watched.watch.told}
    for told in watched.watch.told:
        assert told.annotations["runbook_url"].startswith(f"{DOCS_URL}/runbook/"), told
        assert told.annotations["runbook_url"].endswith(f"#{told.alert.lower()}"), told


def test_every_query_of_the_dashboard_has_data(watched: Watched) -> None:
    panels = json.loads((OPS / "grafana/dashboards/order-engine.json").read_text())["panels"]
    queries = [
        target["expr"].replace("$__rate_interval", "4s") for panel in panels for target in panel.get("targets", [])
    ]
    assert [query for query in queries if not watched.watch.points(query, watched.since)] == []
