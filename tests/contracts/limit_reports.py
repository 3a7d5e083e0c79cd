"""What every place for reports does."""

import pytest

from application.ports.limit_reports import LimitReports, Report


def a_report(seen: int = 0, share: float = 25.0) -> Report:
    return Report(seen, {"orders-user": {"00ff": (share, 40.5)}, "sockets-key": {}})


class LimitReportsContract:
    @pytest.fixture
    def reports(self) -> LimitReports:
        """Give an empty place; a test class overrides this."""
        raise NotImplementedError

    async def test_each_hears_the_newest_of_all_others(self, reports: LimitReports) -> None:
        first = await reports.exchange("a", a_report())
        assert list(first.others) == []
        second = await reports.exchange("b", a_report(7))
        assert list(second.others) == [a_report()]
        assert second.number > first.number
        await reports.exchange("a", a_report(second.number, 0.125))
        third = await reports.exchange("c", Report(0, {}))
        assert sorted(third.others, key=lambda report: report.seen) == [a_report(second.number, 0.125), a_report(7)]

    async def test_who_was_silent_since_then_is_gone_and_may_come_back(self, reports: LimitReports) -> None:
        gone = await reports.exchange("gone", a_report())
        assert len((await reports.exchange("a", a_report(1), gone.number)).others) == 1
        assert list((await reports.exchange("a", a_report(1), gone.number + 1)).others) == []
        assert list((await reports.exchange("b", a_report(2))).others) == [a_report(1)]
        assert len((await reports.exchange("gone", a_report())).others) == 2

    async def test_a_number_that_is_still_to_come_is_of_a_place_that_was_lost(self, reports: LimitReports) -> None:
        await reports.exchange("a", a_report())
        assert len((await reports.exchange("b", a_report(), 1_000_000)).others) == 1
