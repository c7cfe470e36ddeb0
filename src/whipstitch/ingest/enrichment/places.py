"""What a record of a city database says, in whichever layout it says it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is; a text is blank where that is not known.

    ``country`` is an ISO 3166-1 alpha-2 code, ``timezone`` an IANA name, ``city`` and ``region``
    are English names."""

    city: str = ""
    region: str = ""
    country: str = ""
    timezone: str = ""


NOWHERE = Place()


def place_of(record: object) -> Place:
    """Read a record of MaxMind's nested layout (GeoLite2 City, GeoIP2 City, DB-IP's own files) or
    of the flat one that ip-location-db makes of them (``city``, ``state1``, ``country_code``).

    Where the record names no time zone it follows from the coordinates, if there are any. What a
    record lacks, or holds in another shape, is blank."""
    if not isinstance(record, dict):
        return NOWHERE
    return _flat(record) if "country_code" in record else _nested(record)


def _nested(record: dict[str, Any]) -> Place:
    subdivisions = record.get("subdivisions")
    region = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    location = _map(record.get("location"))
    country = _country(_map(record.get("country")).get("iso_code"))
    return Place(
        city=_english_name(record.get("city")),
        region=_english_name(region),
        country=country,
        timezone=_timezone(location.get("time_zone"), location) if country else "",
    )


def _flat(record: dict[str, Any]) -> Place:
    country = _country(record["country_code"])
    return Place(
        city=_text(record.get("city")),
        region=_text(record.get("state1")),
        country=country,
        timezone=_timezone(record.get("timezone"), record) if country else "",
    )


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _english_name(value: object) -> str:
    return _text(_map(_map(value).get("names")).get("en"))


def _country(value: object) -> str:
    """``ZZ`` is how some databases write that they do not know."""
    code = _text(value)
    return code if len(code) == 2 and code.isalpha() and code != "ZZ" else ""


def _timezone(named: object, coordinates: dict[str, Any]) -> str:
    if isinstance(named, str) and named:
        return named
    latitude = _degrees(coordinates.get("latitude"), 90)
    longitude = _degrees(coordinates.get("longitude"), 180)
    if latitude is None or longitude is None:
        return ""
    # Its map of the zones takes 33 MB: only for databases that need it.
    import tzfpy

    return tzfpy.get_tz(longitude, latitude)


def _degrees(value: object, limit: int) -> float | None:
    return value if isinstance(value, int | float) and -limit <= value <= limit else None
