"""The marks in memory keep the contract."""

import pytest

from adapters.memory.write_marks import InMemoryWriteMarks
from tests.contracts.write_marks import WriteMarksContract


class TestInMemoryWriteMarks(WriteMarksContract):
    @pytest.fixture
    def marks(self) -> InMemoryWriteMarks:
        return InMemoryWriteMarks()
