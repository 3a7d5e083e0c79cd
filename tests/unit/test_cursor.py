"""List cursors are opaque, short, and refused unless they are our own."""

import pytest

from adapters.cursor import cursor_after, order_id_of
from application.ports.errors import InvalidCursor

ORDER_ID = "3f2b8c1e-9d4a-4c7b-8e21-0a1b2c3d4e5f"


@pytest.mark.parametrize("order_id", [ORDER_ID, ORDER_ID.upper(), "order-1", "Zoë", "x" * 255])
def test_a_cursor_names_its_order(order_id: str) -> None:
    assert order_id_of(cursor_after(order_id)) == order_id


def test_a_cursor_is_short_and_safe_in_urls() -> None:
    cursor = cursor_after(ORDER_ID)
    assert len(cursor) == 22
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert ORDER_ID not in cursor


@pytest.mark.parametrize(
    "text", ["", "~", "a", "é" * 22, "=" * 22, " " + cursor_after(ORDER_ID), cursor_after(ORDER_ID) + "=", "~_w", "\0"]
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        order_id_of(text)
