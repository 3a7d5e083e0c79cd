"""The least that uvicorn can do for a WebSocket, with the engine's settings of it: the reference of `idle_sockets`."""

import os
from typing import Any

import uvicorn

from entrypoints.lifecycle import prepare_process
from entrypoints.settings import Settings
from entrypoints.web.server import BACKLOG, MESSAGE_BYTES


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Accept, then send back what comes; plain requests are answered 200, so that one can see it is up."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def main() -> None:
    """Serve where the engine's API would."""
    settings = Settings.from_environment(os.environ)
    prepare_process()
    uvicorn.run(
        echo,
        host=settings.host,
        port=settings.port,
        interface="asgi3",
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="warning",
        access_log=False,
        backlog=BACKLOG,
    )


if __name__ == "__main__":
    main()
