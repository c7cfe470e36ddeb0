from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.mmdb import LONDON, MOUNTAIN_VIEW, SYDNEY

from whipstitch.ingest.enrichment.places import NOWHERE, Place, place_of


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (MOUNTAIN_VIEW, Place("Mountain View", "California", "US", "America/Los_Angeles")),
        (LONDON, Place("London", "England", "GB", "Europe/London")),
        (SYDNEY, Place("Sydney", "New South Wales", "AU", "Australia/Sydney")),
    ],
    ids=["MaxMind", "DB-IP", "ip-location-db"],
)
def test_each_layout_is_read(record: dict[str, Any], place: Place) -> None:
    assert place_of(record) == place


def test_a_named_time_zone_wins_over_the_coordinates() -> None:
    record = {**SYDNEY, "timezone": "Australia/Melbourne"}
    assert place_of(record).timezone == "Australia/Melbourne"


def test_the_first_subdivision_is_the_region() -> None:
    record = {
        **LONDON,
        "subdivisions": [{"names": {"en": "England"}}, {"names": {"en": "Greater London"}}],
    }
    assert place_of(record).region == "England"


def test_what_a_record_lacks_is_blank() -> None:
    assert place_of({"country": {"iso_code": "FR"}}) == Place(country="FR")
    assert place_of({"country_code": "FR"}) == Place(country="FR")
    assert place_of({"city": {"names": {"fr": "Genève"}}, "country": {"iso_code": "CH"}}) == Place(
        country="CH"
    )
    assert place_of({}) == NOWHERE
    assert place_of(None) == NOWHERE


def test_an_unknown_country_has_no_time_zone() -> None:
    record = {"country_code": "ZZ", "city": "", "latitude": 0.0, "longitude": 0.0}
    assert place_of(record) == NOWHERE


@pytest.mark.parametrize("latitude", [None, "51", 91.0, float("nan")])
def test_coordinates_that_are_none_give_no_time_zone(latitude: object) -> None:
    assert place_of({**SYDNEY, "latitude": latitude}).timezone == ""


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_point_of_the_earth_has_a_time_zone_of_the_iana_list(
    latitude: float, longitude: float
) -> None:
    place = place_of({**SYDNEY, "latitude": latitude, "longitude": longitude})
    assert place.timezone in available_timezones()


KEYS = [
    *("city", "names", "en", "country", "iso_code", "subdivisions"),
    *("location", "latitude", "longitude", "time_zone", "country_code", "state1", "timezone"),
]
records = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
)


@given(records)
def test_no_shape_of_record_is_an_error(record: object) -> None:
    place = place_of(record)
    assert all(
        isinstance(text, str) for text in (place.city, place.region, place.country, place.timezone)
    )
