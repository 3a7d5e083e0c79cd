"""JSON with its decimals turned to strings: which fields, and never a text that a client chose."""

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from application.frames import quoted
from domain.money import plain
from entrypoints.web.decimals import FIELDS, as_strings
from entrypoints.web.pages.descriptions import asyncapi, openapi
from tests.described import Json


def decimal_fields(document: Json) -> Iterator[str]:
    """Yield the names of the fields that a document describes as decimals, in answers and frames."""
    for name, schema in document["components"]["schemas"].items():
        if name != "OrderRequest":
            yield from (field for field, of in schema.get("properties", {}).items() if "Decimal" in json.dumps(of))


def test_the_fields_are_those_that_are_described() -> None:
    assert set(decimal_fields(openapi())) == set(FIELDS)
    assert set(decimal_fields(asyncapi())) <= set(FIELDS)


TEXTS = st.one_of(
    st.text(),
    st.builds("{}{}{}".format, st.text(), st.sampled_from(['"amount":1', '\\"price":2,', '"fee":']), st.text()),
)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-1000, max_value=1000).map(plain)


@given(TEXTS, NUMBERS, st.integers(0))
def test_texts_are_never_touched(text: str, number: str, count: int) -> None:
    written = f'{{"message":{quoted(text)},"amount":{number},"data":[{quoted(text)},{{"fee":0,"seq":{count}}}]}}'
    read = json.loads(as_strings(written))
    assert read == {"message": text, "amount": number, "data": [text, {"fee": "0", "seq": count}]}
