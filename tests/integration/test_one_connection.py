"""What one connection can do to a real API process: 24 MB of anything grow it by at most 10 MB, which it gives back."""

import sys
from collections.abc import Iterator

import pytest

from tests import servers
from tests.attacks.floods import HTTP_FLOODS, SOCKET_FLOODS, Flood, socket_on
from tests.attacks.measure import cost_of
from tests.attacks.orders import submit
from tests.clients import new_engine
from tests.processes import EngineProcess, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc how large a process is")

SECONDS = 1.5
MOST_GROWN, MOST_LEFT = 10.0, 3.0  # MiB
MOST_SECONDS = 1.0
OVER_HTTP = (
    *("GETs", "GETs, read", "large pages", "HEADs", "handshakes behind GETs", "blank lines", "a long header"),
    *("many headers", "trailers", "a long trailer", "tiny chunks", "one chunk extension", "chunks after a 413"),
    *(
        "a body after a 413",
        "a body after a 404",
        "heads of many headers",
        "long queries",
        "long ETags",
        "long Accepts",
    ),
)
OVER_SOCKETS = ("empty pieces", "tiny pieces, ended", "texts", "pings", "empty pings", "masked junk")


@pytest.fixture(scope="module")
def api(postgres_url: str, redis_url: str) -> Iterator[EngineProcess]:
    with (
        servers.empty_database(postgres_url) as database_url,
        running("api", settings={**new_engine(database_url, redis_url), "LOG_LEVEL": "error"}) as api,
    ):
        for _ in range(210):
            submit(api)
        yield api


def check(flood: Flood, api: EngineProcess, opened: bytes = b"") -> None:
    cost = cost_of(flood, api, opened=opened, seconds=SECONDS)
    assert cost.sent > 0.1
    assert cost.grown < MOST_GROWN
    assert cost.left < MOST_LEFT
    assert cost.slowest < MOST_SECONDS


@pytest.mark.parametrize("name", OVER_HTTP)
def test_a_flood_of_requests_costs_little(api: EngineProcess, name: str) -> None:
    check(HTTP_FLOODS[name], api)


@pytest.mark.parametrize("name", OVER_SOCKETS)
@pytest.mark.parametrize("kind", ["feed", "order"])
def test_a_flood_of_frames_costs_little(api: EngineProcess, kind: str, name: str) -> None:
    check(SOCKET_FLOODS[name], api, socket_on("/ws/orders" if kind == "feed" else f"/ws/orders/{submit(api)}"))
