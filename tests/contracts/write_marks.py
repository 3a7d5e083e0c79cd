"""What every place for marks does."""

from datetime import timedelta

import pytest

from application.ports.write_marks import WriteMark, WriteMarks
from tests.builders import START


def a_mark(number: int) -> WriteMark:
    return WriteMark("7713358894002341952", "orders", 1, f"order {number}", number, START + timedelta(seconds=number))


class WriteMarksContract:
    @pytest.fixture
    def marks(self) -> WriteMarks:
        """Give an empty place; a test class overrides this."""
        raise NotImplementedError

    async def test_the_newest_come_first(self, marks: WriteMarks) -> None:
        assert list(await marks.left()) == []
        for number in range(3):
            await marks.leave(a_mark(number))
        assert list(await marks.left()) == [a_mark(number) for number in (2, 1, 0)]

    async def test_of_many_the_oldest_go(self, marks: WriteMarks) -> None:
        for number in range(205):
            await marks.leave(a_mark(number))
        left = await marks.left()
        assert (len(left), left[0], left[-1]) == (200, a_mark(204), a_mark(5))
