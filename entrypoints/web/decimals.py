"""Decimals as JSON strings, for who asks: turned in the finished text, so that no presenter knows of it.

By HTTP with `Accept: application/json; decimals=string`, on a socket with `?decimals=string`; else they are numbers.
"""

import re

import falcon
from falcon.asgi import Response

from entrypoints.web.request import Request

# Every field of an answer or a frame whose value is a decimal; integers and seconds are numbers in any case.
FIELDS = (
    *("amount", "executionPrice", "price", "netPrice", "fee"),
    *("amountIn", "amountOut", "venueFee", "networkFee", "quotedPrice", "priceImpact", "priorityFee"),
)
_PARAMETER, _STRING, _JSON = "decimals", "string", "application/json"
# No text that a client chose can look like this: inside a text each quotation mark has a backslash before it, and all
# names of fields are ours.
_NUMBER = re.compile(rf'("(?:{"|".join(FIELDS)})":)(-?[0-9][0-9.]*)')


def as_strings(text: str) -> str:
    """Return JSON that we wrote, with its decimals as strings of the same digits."""
    return _NUMBER.sub(r'\1"\2"', text)


def negotiate(req: Request, resp: Response) -> None:
    """Write a text's decimals as the request's `Accept` has it, and tell caches that this decides."""
    resp.append_header("Vary", "Accept")
    if _PARAMETER in req.accept.lower() and _wants_strings(req.accept) and _is_json(resp):
        resp.text = as_strings(resp.text or "")


def _wants_strings(accept: str) -> bool:
    for offer in accept.split(","):
        kind, options = falcon.parse_header(offer)
        wanted = {name.lower(): value.lower() for name, value in options.items()}
        if kind.lower() == _JSON and wanted.get(_PARAMETER) == _STRING and not _is_refused(wanted.get("q", "1")):
            return True
    return False


def _is_refused(quality: str) -> bool:
    return not quality.strip("0.")


def _is_json(resp: Response) -> bool:
    return (resp.content_type or _JSON).startswith(_JSON)
