"""The reports in memory keep the contract."""

import pytest

from adapters.memory.limit_reports import InMemoryLimitReports
from tests.contracts.limit_reports import LimitReportsContract


class TestInMemoryLimitReports(LimitReportsContract):
    @pytest.fixture
    def reports(self) -> InMemoryLimitReports:
        return InMemoryLimitReports()
