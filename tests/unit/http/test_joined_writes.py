"""What is written in one turn of the loop is sent in one piece, and in order."""

import asyncio

import pytest

from entrypoints.web.http.joined_writes import MOST_BYTES, JoinedWrites
from tests.unit.http.recorder import Recorder


@pytest.fixture
def plain() -> Recorder:
    return Recorder()


@pytest.fixture
async def joined(plain: Recorder) -> JoinedWrites:
    return JoinedWrites(plain, asyncio.get_running_loop())


async def test_writes_of_one_turn_go_together(joined: JoinedWrites, plain: Recorder) -> None:
    joined.write(b"head ")
    joined.write(b"body")
    assert plain.sent == []
    await asyncio.sleep(0)
    joined.write(b"next")
    await asyncio.sleep(0)
    assert plain.sent == [b"head body", b"next"]


async def test_what_waits_is_sent_before_the_connection_closes(joined: JoinedWrites, plain: Recorder) -> None:
    joined.write(b"last words")
    joined.close()
    await asyncio.sleep(0)
    assert plain.sent == [b"last words"]
    assert plain.closed


async def test_nothing_is_sent_on_a_connection_that_is_gone(joined: JoinedWrites, plain: Recorder) -> None:
    joined.write(b"too late")
    plain.close()
    await asyncio.sleep(0)
    joined.close()
    assert plain.sent == []


async def test_little_waits(joined: JoinedWrites, plain: Recorder) -> None:
    joined.write(b"head")
    joined.write(bytes(MOST_BYTES))
    assert [len(piece) for piece in plain.sent] == [MOST_BYTES + 4]
    joined.write(b"tail")
    await asyncio.sleep(0)
    assert plain.sent[1:] == [b"tail"]


async def test_all_else_is_the_transports(joined: JoinedWrites, plain: Recorder) -> None:
    assert joined.get_extra_info("peername") == "somebody"
    assert not joined.is_closing()
    plain.close()
    assert joined.is_closing()
