"""Marks in this process's memory."""

from collections.abc import Sequence

from attrs import define, field

from application.ports.write_marks import WriteMark

MARKS_MOST = 200


@define(eq=False)
class InMemoryWriteMarks:
    """Keeps the newest marks."""

    _marks: list[WriteMark] = field(factory=list)

    async def leave(self, mark: WriteMark) -> None:
        self._marks = [mark, *self._marks][:MARKS_MOST]

    async def left(self) -> Sequence[WriteMark]:
        return tuple(self._marks)
