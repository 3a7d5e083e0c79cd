"""What is shown of a connection while an order is watched."""

from entrypoints.cli.watching import changes_only
from order_engine_client import Back, Lost


def test_a_connection_is_lost_once_however_often_it_cannot_be_opened() -> None:
    shown: list[Lost | Back] = []
    note = changes_only(shown.append)
    for news in (Lost("a", 1), Lost("b", 1), Lost("c", 1), Back(), Lost("d", 2), Back()):
        note(news)
    assert shown == [Lost("a", 1), Back(), Lost("d", 2), Back()]
