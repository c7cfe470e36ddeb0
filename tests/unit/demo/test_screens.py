from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.demo.screens import SCREENS, any_area, area_of, spot


@pytest.mark.parametrize("screen", SCREENS)
def test_every_area_is_on_its_screen_and_has_a_name_of_its_own(screen: str) -> None:
    for area in SCREENS[screen]:
        assert 0 <= area.x < area.x + area.width <= 1
        assert 0 <= area.y < area.y + area.height <= 1
    assert len({area.name for area in SCREENS[screen]}) == len(SCREENS[screen])


@given(st.sampled_from(list(SCREENS)), st.randoms(use_true_random=False))
def test_a_finger_lands_within_the_area(screen: str, rng: Random) -> None:
    area = any_area(rng, screen)

    x, y = spot(rng, area)

    assert area is area_of(screen, area.name)
    assert area.x < x < area.x + area.width
    assert area.y < y < area.y + area.height
