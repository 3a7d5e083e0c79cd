"""Log lines as JSON or for a console: the event's name, then its ids and facts by key.

Our own lines and those of drivers and servers take the same way: through logging to one handler, which has structlog
write them. Of others' loggers only warnings and worse are kept: below that they write of every call, and with payloads.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

from application.observe.log import ROOT, Log, context, none_is_plain
from domain.names import is_unseen
from entrypoints.plain_lines import PlainLines
from entrypoints.redaction import Redact, known_secrets, redactor

Line = MutableMapping[str, Any]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_BEYOND_ASCII = re.compile(r"[^ -~]")
_BEYOND_LINES = re.compile(r"[^\n\t -~]")


def configure(log_format: str, level: str) -> None:
    """Send all logs to stderr; `log_format` is `console` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    handler.setFormatter(formatter(log_format, redactor(os.environ), colors=colors))
    chosen = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(handlers=[handler], level=max(chosen, logging.WARNING), force=True)
    logging.getLogger(ROOT).setLevel(chosen)
    Log.plain = PlainLines(handler, log_format, known_secrets(os.environ)) if not colors else none_is_plain


def formatter(log_format: str, redact: Redact, *, colors: bool = False) -> logging.Formatter:
    """Return what writes records as lines, without secrets, and without characters that nobody sees."""
    render: Any
    if log_format == "json":
        arrange = partial(_arranged, _rfc3339)
        visible: list[Any] = []
        render = _json_line
    else:
        arrange = partial(_arranged, _time_of_day)
        visible = [_visible]
        render = structlog.dev.ConsoleRenderer(
            colors=colors, timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
    without_secrets = partial(_without_secrets, redact)
    return ProcessorFormatter(
        processors=[arrange, structlog.processors.format_exc_info, without_secrets, *visible, render]
    )


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _time_of_day(at: datetime) -> str:
    return at.strftime("%H:%M:%S.%f")[:-3]


def _arranged(written: Callable[[datetime], str], logger: object, method: str, given: Line) -> Line:
    """Put a record's facts in order: when, how urgent, what; who and about what; then the rest."""
    record = given["_record"]
    line = {
        "at": written(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "event": given["event"],
    }
    ours = record.name.partition(".")[0] == ROOT
    line |= {} if ours else {"logger": record.name}
    line |= context()
    if ours:  # what others add to their records may be anything, requests and sockets too
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
    if "exc_info" in given:
        line["exc_info"] = given["exc_info"]
    return line


def _without_secrets(redact: Redact, logger: object, method: str, line: Line) -> Line:
    """Take passwords out, wherever they come from: a driver's error may quote one."""
    return {key: _throughout(redact, value) for key, value in line.items()}


def _throughout(change: Redact, value: object) -> Any:
    """Return a value with all texts in it changed; what is of no kind that JSON has becomes a text."""
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_throughout(change, str(name)): _throughout(change, inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_throughout(change, inner) for inner in value]
    return change(str(value))


def _json_line(logger: object, method: str, line: Line) -> str:
    return _escaped(_BEYOND_ASCII, lambda char: json.dumps(char)[1:-1], json.dumps(line, ensure_ascii=False))


def _visible(logger: object, method: str, line: Line) -> Line:
    """Escape what would break a line in two, or show it otherwise than it is written."""
    of_one_line = partial(_escaped, _BEYOND_ASCII, _backslashed)
    of_lines = partial(_escaped, _BEYOND_LINES, _backslashed)
    return {key: _throughout(of_lines if key == "exception" else of_one_line, value) for key, value in line.items()}


def _escaped(which: re.Pattern[str], written: Callable[[str], str], text: str) -> str:
    return which.sub(lambda found: written(found[0]) if is_unseen(found[0]) else found[0], text)


def _backslashed(char: str) -> str:
    return char.encode("unicode_escape").decode()
