"""The API with store, queue and feed in memory: the same app on the same server, and no I/O behind it.

Run by its rig as `python -m benchmarks.variants.memory_api`, with the API's settings. Nothing executes its orders, and
it keeps them all: load it for seconds.
"""

import os

import uvloop

from entrypoints.api import Ports, bind_ports, serve_api
from entrypoints.container import Container
from entrypoints.lifecycle import opened, prepare_process, stop_on_signals
from entrypoints.settings import Settings


async def serve(ports: Ports, container: Container) -> None:
    """Serve the container's API until SIGTERM."""
    stop = stop_on_signals()
    async with opened(*container.resources()):
        await serve_api(container, ports, stop)


def main() -> None:
    """Serve, as `order-engine api` does."""
    settings = Settings.from_environment(os.environ)
    prepare_process()
    uvloop.run(serve(bind_ports(settings), Container(settings=settings, mode="memory")))


if __name__ == "__main__":
    main()
