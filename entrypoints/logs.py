"""Log lines as JSON or for a console: the event's name, then its ids and facts by key.

Our own lines and those of drivers and servers take the same way: through logging to one handler, which has structlog
write them. Of others' loggers only warnings and worse are kept: below that they write of every call, and with payloads.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

from application.observe.log import ROOT, context

Line = MutableMapping[str, Any]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# In a URL, `//user:password@`, or a socket's ticket or what somebody takes for one; in a connection string,
# `password=...` or `password='...'`, its quotes perhaps escaped; and the credential in a header.
_SECRET = re.compile(
    r"(//[^\s/@:]*:)[^\s/]*@"
    r"|((?:\bpassword|[?&](?:ticket|access_token|token|(?:api_?)?key))=)(?:\\*'(?:\\+.|[^'\\])*'|[^\s&'\"]+)"
    r"|(\bBearer\s+)[^\s'\"]+",
    re.IGNORECASE,
)


def configure(log_format: str, level: str) -> None:
    """Send all logs to stderr; `log_format` is `console` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format, colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR")))
    chosen = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(handlers=[handler], level=max(chosen, logging.WARNING), force=True)
    logging.getLogger(ROOT).setLevel(chosen)


def formatter(log_format: str, *, colors: bool = False) -> logging.Formatter:
    """Return what writes records as lines."""
    render: Any
    if log_format == "json":
        arrange = partial(_arranged, _rfc3339)
        render = structlog.processors.JSONRenderer(json.dumps, ensure_ascii=False, default=str)
    else:
        arrange = partial(_arranged, _time_of_day)
        render = structlog.dev.ConsoleRenderer(
            colors=colors, timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
    processors = [arrange, structlog.processors.format_exc_info, _without_secrets, render]
    return ProcessorFormatter(processors=processors)


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


def _without_secrets(logger: object, method: str, line: Line) -> Line:
    """Blot out passwords, tickets and credentials, wherever they come from: a driver's error may quote one."""
    return {key: _SECRET.sub(_blotted, value) if isinstance(value, str) else value for key, value in line.items()}


def _blotted(found: re.Match[str]) -> str:
    return f"{found[1]}***@" if found[1] else f"{found[2] or found[3]}***"
