"""What every keeper of partial halts does: one a user or venue at a time, for all processes."""

from abc import ABC, abstractmethod

import pytest
from attrs import frozen

from application.ports.partial_halts import HaltOf, PartialHalts
from tests.builders import an_act


@frozen
class PartialHaltsBench:
    """Partial halts, as two processes see them."""

    halts: PartialHalts
    others: PartialHalts


class PartialHaltsContract(ABC):
    """Override `bench`: nothing is halted yet."""

    @pytest.fixture
    @abstractmethod
    def bench(self) -> PartialHaltsBench: ...

    async def test_at_first_nothing_is_halted(self, bench: PartialHaltsBench) -> None:
        assert list(await bench.halts.all()) == []
        assert await bench.halts.end(HaltOf.USER, "anna", an_act("nobody")) is None

    async def test_a_halt_holds_for_all_until_it_is_ended(self, bench: PartialHaltsBench) -> None:
        begun = await bench.halts.begin(HaltOf.VENUE, "Raydium", "it lies", an_act("ada@desk"))
        assert (begun.of, begun.name, begun.why, begun.by) == (HaltOf.VENUE, "Raydium", "it lies", "ada@desk")
        assert begun.since.utcoffset() is not None
        assert list(await bench.others.all()) == [begun]
        assert await bench.others.end(HaltOf.VENUE, "Raydium", an_act("bob@desk")) == begun
        assert list(await bench.halts.all()) == []
        assert await bench.halts.end(HaltOf.VENUE, "Raydium", an_act("bob@desk")) is None

    async def test_users_and_venues_are_halted_apart_the_oldest_is_told_first(self, bench: PartialHaltsBench) -> None:
        begun = [
            await bench.halts.begin(of, name, "why", an_act("ada"))
            for of, name in ((HaltOf.USER, "zoë"), (HaltOf.VENUE, "zoë"), (HaltOf.USER, "anna"))
        ]
        assert list(await bench.others.all()) == begun
        await bench.halts.end(HaltOf.USER, "zoë", an_act("ada"))
        assert list(await bench.others.all()) == begun[1:]

    async def test_a_second_begin_changes_nothing(self, bench: PartialHaltsBench) -> None:
        begun = await bench.halts.begin(HaltOf.USER, "anna", "first", an_act("ada"))
        assert await bench.others.begin(HaltOf.USER, "anna", "second", an_act("bob")) == begun
        assert list(await bench.halts.all()) == [begun]

    async def test_after_its_end_another_may_begin(self, bench: PartialHaltsBench) -> None:
        await bench.halts.begin(HaltOf.USER, "anna", "first", an_act("ada"))
        await bench.halts.end(HaltOf.USER, "anna", an_act("ada"))
        assert (await bench.halts.begin(HaltOf.USER, "anna", "second", an_act("ada"))).why == "second"

    async def test_words_that_no_store_can_keep_stop_no_halt_and_no_end(self, bench: PartialHaltsBench) -> None:
        begun = await bench.halts.begin(HaltOf.USER, "anna", "went mad \udcff", an_act("ad\0a\udcff"))
        assert begun.why.startswith("went mad ")
        assert await bench.others.end(HaltOf.USER, "anna", an_act("ad\0a\udcff")) == begun
