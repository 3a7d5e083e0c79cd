"""The worker process: executes orders, sweeps up what others left, and answers for its health."""

import asyncio
import socket

import uvloop

from application import observe
from entrypoints.container import Container
from entrypoints.lifecycle import background, opened, prepare_process, stop_on_signals
from entrypoints.listening import listener_of
from entrypoints.settings import Settings, require_urls
from entrypoints.web.drain import Drain
from entrypoints.web.http.admission import Admission
from entrypoints.web.server import serve, url_of


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish or hand back what is in flight. Raises StartError, CannotListen."""
    require_urls(settings)
    prepare_process()
    uvloop.run(_run(settings, listener_of(settings, "worker_http_port")))


async def _run(settings: Settings, listener: socket.socket) -> None:
    stop = stop_on_signals()
    container = Container(settings=settings, mode="live")
    observe.process_named("worker", container.holder())
    container.tokens()  # what can never do ends the start before anything runs
    async with opened(container.tracing(), container.signing(), *container.resources()):
        observe.process_started("worker", url_of(listener))
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            admission, site = Admission(settings.new_connections_per_address), container.site()
            group.create_task(serve(container.worker_operations(), listener, drained, admission=admission, site=site))
            await work(container, stop)
            drained.set()
    observe.process_stopped("worker")


async def work(container: Container, stop: asyncio.Event) -> None:
    """Execute orders and sweep until `stop`, then drain; not ready any more from then on."""
    await container.follow_clock()()
    await container.share_marks().compare()
    await container.gate().look()  # nothing is begun before it is known that trading is not halted
    beside = [container.follow_clock().run(), container.gate().run(), container.recover().run()]
    beside += (
        container.share_marks().run(),
        container.stats().warn_of_id_ranges(),
        container.follow_finality().run(),
        container.count_orders().run(),
        container.report_worker().run(),
        _unready_after(stop, container.drain()),
    )
    if tokens := container.token_file():
        beside.append(tokens.run())
    if webhooks := container.webhooks():
        beside.append(webhooks.deliver.run())
    async with background(*beside):
        await container.worker().run(stop)


async def _unready_after(stop: asyncio.Event, drain: Drain) -> None:
    await stop.wait()
    drain.begin()
