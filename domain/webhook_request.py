"""What a client may ask for of a webhook endpoint: every rule for its fields, checked together."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import frozen

from domain.errors import FieldError, ValidationFailed
from domain.fields import Readers, flag, optional_fields
from domain.names import is_unseen
from domain.order_request import user_id
from domain.webhook import EVENTS

URL_LENGTH = 2048
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


@frozen
class WebhookRequest:
    """Valid fields of an endpoint; None for what was not given."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    user_id: str | None = None
    enabled: bool | None = None

    @classmethod
    def parse(cls, body: Mapping[str, object], *, new: bool, plain_http: bool) -> "WebhookRequest":
        """Read the fields of a `new` endpoint, or of a change to one; null means absent.

        URLs are `https:`, or with `plain_http` also `http:`. Raises ValidationFailed with an entry for every bad field.
        """
        readers: Readers = {
            "url": ("url", lambda value: url_of(value, plain_http=plain_http)),
            "events": ("events", _events),
            **({"userId": ("user_id", user_id)} if new else {"enabled": ("enabled", flag)}),
        }
        values, errors = optional_fields(body, readers)
        if new and body.get("url") is None:
            errors.append(FieldError("url", "is required"))
        if errors:
            raise ValidationFailed(tuple(errors))
        return cls(**values)


def url_of(value: object, *, plain_http: bool) -> str:
    """Read the URL of an endpoint. Raises ValueError, whose text has nothing of it."""
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if len(value) > URL_LENGTH or not value.isascii() or any(is_unseen(c) or c.isspace() for c in value):
        raise ValueError(f"must be at most {URL_LENGTH} visible ASCII characters")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("must be a URL") from None
    schemes = ("https", "http") if plain_http else ("https",)
    if parts.scheme not in schemes or not _HOST.fullmatch(host) or port == 0 or "\\" in value:
        raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
    if parts.username is not None or parts.password is not None or "#" in value:
        raise ValueError("must have neither credentials nor a fragment: the signature says who sends")
    return value


def _events(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or any(event not in EVENTS for event in value):
        raise ValueError(f"must be a list of some of {', '.join(EVENTS)}")
    return tuple(event for event in EVENTS if event in value)
