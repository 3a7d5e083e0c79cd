"""Run all floods, or those whose names hold a text, and print what each cost: `python -m tests.attacks [text]`."""

import sys
from collections.abc import Iterator

from rich.console import Console

from tests import servers
from tests.attacks.floods import HTTP_FLOODS, SOCKET_FLOODS, Flood, socket_on
from tests.attacks.measure import cost_of
from tests.attacks.orders import submit
from tests.clients import new_engine
from tests.processes import running

SECONDS = 10.0


def floods(order_id: str) -> Iterator[tuple[str, Flood, bytes]]:
    """List name, flood and handshake of all."""
    for name, flood in HTTP_FLOODS.items():
        yield name, flood, b""
    for kind, path in (("feed", "/ws/orders"), ("order", f"/ws/orders/{order_id}")):
        for name, flood in SOCKET_FLOODS.items():
            yield f"{kind} socket, {name}", flood, socket_on(path)


def main(wanted: str) -> None:
    """Measure, each flood on a process of its own."""
    with (
        servers.running_postgres() as postgres_url,
        servers.running_redis() as redis_url,
        servers.empty_database(postgres_url) as database_url,
    ):
        settings = {**new_engine(database_url, redis_url), "LOG_LEVEL": "error"}
        console = Console(highlight=False, width=100)
        console.print(f"{'flood':40} {'sent':>6} {'grown':>7} {'left':>7} {'slowest':>8}")
        with running("api", settings=settings) as api:
            order_ids = [submit(api) for _ in range(210)]
        for name, flood, opened in floods(order_ids[0]):
            if wanted in name:
                with running("api", settings=settings) as api:
                    cost = cost_of(flood, api, opened=opened, seconds=SECONDS)
                console.print(f"{name:40} {cost.sent:6.1f} {cost.grown:7.1f} {cost.left:7.1f} {cost.slowest:8.2f}")


main(sys.argv[1] if len(sys.argv) > 1 else "")
