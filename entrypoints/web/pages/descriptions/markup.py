"""HTML of the descriptions' texts: whole pages without a script, and the little Markdown that the texts use."""

import json
import re
from collections.abc import Iterable
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
<nav>{links}</nav>
{body}
</main>
</body>
</html>
"""
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\((/[^)]*)\)")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_ITEM = re.compile(r"^[*] ", re.MULTILINE)
_FENCE = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(title: str, links: Iterable[tuple[str, str]], parts: Iterable[str]) -> str:
    """Return a page; `links` are pairs of an address and its text."""
    shown = "".join(f'<a href="{escape(address)}">{escape(text)}</a>' for address, text in links)
    return _PAGE.format(title=escape(title), links=shown, body="\n".join(parts))


def table(heads: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    """Return a table; nothing where there are no rows."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{_inline(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{lines}</table>" if lines else ""


def prose(text: str) -> str:
    """Return paragraphs, headings, lists and blocks of code."""
    parts = _FENCE.split(text.strip())
    return "\n".join(code(part) if number % 2 else _blocks(part) for number, part in enumerate(parts))


def code(text: str) -> str:
    """Return a block of code."""
    return f"<pre>{escape(text.rstrip())}</pre>"


def example(value: Any) -> str:
    """Return a JSON value as a block of code."""
    return code(json.dumps(value, ensure_ascii=False, indent=2))


def _blocks(text: str) -> str:
    return "\n".join(_block(block) for block in re.split(r"\n\s*\n|(?<=\n)(?=### )", text.strip()) if block.strip())


def _block(block: str) -> str:
    if block.startswith("### "):
        heading, _, rest = block[4:].partition("\n")
        return f"<h3>{_inline(heading)}</h3>\n{_blocks(rest)}"
    if block.startswith("* "):
        items = _ITEM.split(block)[1:]
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    text = _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))
    return _LINK.sub(r'<a href="\2">\1</a>', text)
