"""Takes passwords out of what is logged and printed, whatever quotes them: a driver's error may quote a piece of one.

Known secrets are looked for as they stand in the environment, and in the forms that programs write them in. What looks
like one, in a URL or a connection string, goes as well.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote

from entrypoints.settings import all_settings, variable

REDACTED = "***"
# Shorter pieces are words that anybody may write.
PIECE_LEAST = 6
# As good as no password, and words that lines are full of.
_NO_SECRETS = frozenset({"postgres", "postgresql", "redis", "password", "secret", "order-engine", "order_engine"})
# In a URL, `//user:password@`, or a socket's ticket or what somebody takes for one; in a connection string,
# `password=...` or `password='...'`, its quotes perhaps escaped; the credential in a header; a wallet's key as
# keygen writes it; an API key, or a JWT.
_LOOKS_SECRET = re.compile(
    r"(//[^\s/@:]*:)[^\s/]*@"
    r"|((?:\bpassword|[?&](?:ticket|access_token|token|(?:api_?)?key))=)(?:\\*'(?:\\+.|[^'\\])*'|[^\s&'\"]+)"
    r"|(\bBearer\s+)[^\s'\"]+"
    r"|(\[)(?:\s*\d{1,3}\s*,){63}\s*\d{1,3}(?=\s*\])"
    r"|(\boe_(?:live|test)_)[A-Za-z0-9_-]{8,}|(\beyJ)[\w-]+\.[\w-]+\.[\w-]*",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"://[^:@/]*:(.*)@", re.DOTALL)
_NAME = r"(?:pass\w*|secret|token|\w*key)\s*=\s*"
_IN_QUERY = re.compile(_NAME + "([^&]*(?:&[^&=]*(?=&|$))*)", re.IGNORECASE | re.DOTALL)
_IN_PAIR = re.compile(_NAME + r"('(?:\\.|[^'\\])*'|(?:\\.|\S)+)", re.IGNORECASE | re.DOTALL)
# What a collector of traces is shown: `name=value`, separated by commas, percent-encoded.
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_IN_PATH = re.compile(r"[A-Za-z0-9_-]{16,}")  # as services have keys in their addresses

Redact = Callable[[str], str]


def redactor(environ: Mapping[str, str]) -> Redact:
    """Return what takes the secrets of an environment's settings out of a text."""
    known = known_secrets(environ)
    if not known:
        return _without_what_looks_secret
    pattern = re.compile("|".join(map(re.escape, sorted(known, key=len, reverse=True))))
    return lambda text: _without_what_looks_secret(pattern.sub(REDACTED, text))


def known_secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets of an environment's settings, in each form in which they may be quoted."""
    return frozenset(form for secret in _secrets(environ) for form in _forms(secret))


def _without_what_looks_secret(text: str) -> str:
    return _LOOKS_SECRET.sub(_redacted, text)


def _redacted(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]}{REDACTED}@"
    return f"{next(filter(None, found.groups()[1:]))}{REDACTED}"


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for setting in all_settings():
        value = environ.get(variable(setting), "")
        if setting.metadata["secret"] and value:
            for pattern in (_IN_URL, _IN_QUERY, _IN_PAIR, _IN_PATH):
                yield from pattern.findall(value)
    for name in _HEADERS:
        for header in environ.get(name, "").split(","):
            yield header.partition("=")[2].strip()


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may be quoted: whole or in pieces, decoded, and in escapes."""
    for whole in {secret, unquote(secret), secret.strip("'")}:
        for text in (whole, *re.split(r"[^A-Za-z0-9_$!~*.+-]+", whole)):
            for form in (
                text,
                repr(text)[1:-1],
                json.dumps(text)[1:-1],
                ascii(text)[1:-1],
                quote(text, errors="replace"),
            ):
                if len(form) >= PIECE_LEAST and form.lower() not in _NO_SECRETS:
                    yield form
