"""The page of the WebSockets: asyncapi.yaml as HTML, for reading."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from entrypoints.web.pages.descriptions.markup import code, page, prose, table

_LINKS = (("/docs", "HTTP"), ("/asyncapi.json", "asyncapi.json"), ("/", "Console"))


def websockets_page(asyncapi: Mapping[str, Any]) -> str:
    """Return the page: each channel with its parameters and close codes, then the frames with examples."""
    messages = asyncapi["components"]["messages"]
    parts = [
        prose(asyncapi["info"]["description"]),
        *map(_channel, asyncapi["channels"].values()),
        "<h2>Refused before the socket opens</h2>",
        table(("HTTP", "code", "when"), ((r["status"], r["code"], r["meaning"]) for r in _refusals(asyncapi))),
        "<h2>Frames</h2>",
        *map(_message, messages.values()),
    ]
    return page(asyncapi["info"]["title"], _LINKS, parts)


def _refusals(asyncapi: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    refusals: Iterable[Mapping[str, Any]] = asyncapi["x-handshake-refusals"]
    return refusals


def _channel(channel: Mapping[str, Any]) -> str:
    query = channel["bindings"]["ws"]["query"]["properties"]
    example = "&".join(f"{name}={rule['examples'][0]}" for name, rule in query.items())
    return "\n".join(
        (
            f"<h2>{escape(channel['title'])}: <code>{escape(channel['address'])}</code></h2>",
            prose(f"{channel['summary']}\n\n{channel['description']}"),
            code(f"ws://localhost:3000{channel['address']}?{example}"),
            table(("query", "meaning"), ((name, rule["description"]) for name, rule in query.items())),
            table(("close", "meaning"), ((close["code"], close["meaning"]) for close in channel["x-close-codes"])),
        )
    )


def _message(message: Mapping[str, Any]) -> str:
    examples = (json.dumps(example["payload"], ensure_ascii=False) for example in message["examples"])
    return "\n".join(
        (
            f"<h3>{escape(message['title'])}</h3>",
            prose(message["summary"]),
            *map(code, examples),
        )
    )
