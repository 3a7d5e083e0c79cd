"""A follower's mailbox: bounded by frames and bytes, and fair to a follower that only waits for its turn."""

import asyncio

import pytest

from application.errors import SlowWatcher
from application.frames import Frame
from application.mailbox import MAILBOX_BYTES, MAILBOX_FRAMES, Mailbox
from tests.builders import an_id

ORDER_ID = an_id()


def a_frame(text: str = "{}") -> Frame:
    return Frame(ORDER_ID, "user123", 1, False, text)


def filled(mailbox: Mailbox, many: int, text: str = "{}") -> Mailbox:
    for _ in range(many):
        mailbox.put(a_frame(text))
    return mailbox


@pytest.fixture
def calls() -> list[None]:
    return []


@pytest.fixture
def mailbox(calls: list[None]) -> Mailbox:
    return Mailbox(lambda: calls.append(None))


async def test_frames_come_out_as_they_went_in(mailbox: Mailbox) -> None:
    frames = [a_frame(str(n)) for n in range(MAILBOX_FRAMES)]
    for frame in frames:
        mailbox.put(frame)
    assert [await mailbox.next() for _ in frames] == frames


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("{}", MAILBOX_FRAMES),
        ("x" * (MAILBOX_BYTES // 4), 4),
        ("€" * (MAILBOX_BYTES // 12), 4),
        ("x" * MAILBOX_BYTES, 1),
    ],
    ids=["frames", "bytes", "bytes that are no characters", "one large"],
)
async def test_one_more_than_fits_is_told_at_once_and_only_once(
    mailbox: Mailbox, calls: list[None], text: str, fit: int
) -> None:
    filled(mailbox, fit, text)
    assert calls == []
    filled(mailbox, 1, text)
    assert calls == [None]
    filled(mailbox, 1000, text)
    assert calls == [None]
    for _ in range(2):
        with pytest.raises(SlowWatcher):
            await mailbox.next()


async def test_what_was_taken_makes_room(mailbox: Mailbox, calls: list[None]) -> None:
    for _ in range(5):
        filled(mailbox, MAILBOX_FRAMES, "x" * 1000)
        for _ in range(MAILBOX_FRAMES):
            await mailbox.next()
    assert calls == []


async def test_a_burst_before_a_waiting_follower_has_its_turn_is_not_its_fault(
    mailbox: Mailbox, calls: list[None]
) -> None:
    waiting = asyncio.create_task(mailbox.next())
    await asyncio.sleep(0)
    filled(mailbox, 4 * MAILBOX_FRAMES)
    assert calls == []
    assert await waiting
    filled(mailbox, 1)  # it has had its turn and is busy with the first, so now the bound counts
    assert calls == [None]


async def test_even_such_a_burst_is_bounded_by_its_bytes(mailbox: Mailbox, calls: list[None]) -> None:
    waiting = asyncio.create_task(mailbox.next())
    await asyncio.sleep(0)
    filled(mailbox, 5, "x" * (MAILBOX_BYTES // 4))
    assert calls == [None]
    with pytest.raises(SlowWatcher):
        await waiting


async def test_a_wake_comes_after_the_frames_and_once(mailbox: Mailbox) -> None:
    mailbox.wake()
    filled(mailbox, 1)
    assert await mailbox.next() == a_frame()
    assert await mailbox.next() is None
    waiting = asyncio.create_task(mailbox.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    mailbox.wake()
    assert await waiting is None
