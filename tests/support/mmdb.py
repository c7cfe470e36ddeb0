"""City databases of a few records, written where a test wants one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

Record = dict[str, Any]

MOUNTAIN_VIEW: Record = {
    "city": {"names": {"de": "Mountain View (Kalifornien)", "en": "Mountain View"}},
    "subdivisions": [{"iso_code": "CA", "names": {"en": "California"}}],
    "country": {"iso_code": "US", "names": {"en": "United States"}},
    "location": {
        "latitude": 37.422,
        "longitude": -122.085,
        "time_zone": "America/Los_Angeles",
    },
}
"""MaxMind's nested layout."""

LONDON: Record = {
    "city": {"names": {"en": "London"}},
    "subdivisions": [{"names": {"en": "England"}}],
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
    "location": {"latitude": 51.514, "longitude": -0.091},
}
"""DB-IP's: the same without a time zone."""

SYDNEY: Record = {
    "city": "Sydney",
    "country_code": "AU",
    "latitude": -33.869,
    "longitude": 151.209,
    "postcode": "",
    "state1": "New South Wales",
    "state2": "",
    "timezone": "",
}
"""The flat layout of ip-location-db."""

SWITZERLAND: Record = {
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"iso_code": "CH", "names": {"en": "Switzerland"}, "is_in_european_union": False},
}
"""Of DB-IP's database of countries."""


def write_mmdb(
    path: Path,
    records: Mapping[str, Any],
    *,
    ip_version: int = 6,
    database_type: str = "DBIP-City-Lite",
) -> Path:
    """Write a database of ``{network or address: record}`` to ``path`` and return it."""
    writer = MMDBWriter(
        ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=database_type
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path
