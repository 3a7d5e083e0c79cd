"""The page of the WebSockets: asyncapi.yaml as HTML, for reading."""

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/docs.css">
</head>
<body>
<main class="reading">
<h1>{title}</h1>
<nav><a href="/docs">HTTP</a><a href="/asyncapi.json">asyncapi.json</a><a href="/">Console</a></nav>
{body}
</main>
</body>
</html>
"""
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def websockets_page(asyncapi: Mapping[str, Any]) -> str:
    """Return the page: each channel with its parameters and close codes, then the frames with examples."""
    messages = asyncapi["components"]["messages"]
    parts = [
        _prose(asyncapi["info"]["description"]),
        *map(_channel, asyncapi["channels"].values()),
        "<h2>Refused before the socket opens</h2>",
        _table(("HTTP", "code", "when"), ((r["status"], r["code"], r["meaning"]) for r in _refusals(asyncapi))),
        "<h2>Frames</h2>",
        *map(_message, messages.values()),
    ]
    return _PAGE.format(title=escape(asyncapi["info"]["title"]), body="\n".join(parts))


def _refusals(asyncapi: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    refusals: Iterable[Mapping[str, Any]] = asyncapi["x-handshake-refusals"]
    return refusals


def _channel(channel: Mapping[str, Any]) -> str:
    query = channel["bindings"]["ws"]["query"]["properties"]
    example = "&".join(f"{name}={rule['examples'][0]}" for name, rule in query.items())
    return "\n".join(
        (
            f"<h2>{escape(channel['title'])}: <code>{escape(channel['address'])}</code></h2>",
            _prose(f"{channel['summary']}\n\n{channel['description']}"),
            f"<pre>ws://localhost:3000{escape(channel['address'])}?{escape(example)}</pre>",
            _table(("query", "meaning"), ((name, rule["description"]) for name, rule in query.items())),
            _table(("close", "meaning"), ((close["code"], close["meaning"]) for close in channel["x-close-codes"])),
        )
    )


def _message(message: Mapping[str, Any]) -> str:
    examples = (json.dumps(example["payload"], ensure_ascii=False) for example in message["examples"])
    return "\n".join(
        (
            f"<h3>{escape(message['title'])}</h3>",
            _prose(message["summary"]),
            *(f"<pre>{escape(example)}</pre>" for example in examples),
        )
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = ("".join(f"<td>{_inline(str(cell))}</td>" for cell in row) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _prose(text: str) -> str:
    return "\n".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.strip().split("\n\n"))


def _inline(text: str) -> str:
    """Render the little Markdown that the descriptions use: code and links."""
    return _LINK.sub(r'<a href="\2">\1</a>', _CODE.sub(r"<code>\1</code>", escape(text)))
