"""The doctor by the settings of a worker."""

import pytest

from entrypoints.container.doctor import doctor_of
from entrypoints.settings import Settings, SettingsError


async def test_without_real_venues_there_is_nothing_to_look_at() -> None:
    with pytest.raises(SettingsError, match="there are no real venues to look at"):
        async with doctor_of(Settings()):
            raise AssertionError
