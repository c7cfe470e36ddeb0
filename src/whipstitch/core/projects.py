"""Projects and their ingestion keys as the pure core sees them: frozen values, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Environment = Literal["live", "test"]
Malformed = Literal["refuse", "drop"]
"""What becomes of a batch with a payload of the wrong shape: all of it is refused, or the operation
is dropped."""
Repeats = Literal["keep", "drop"]
"""What becomes of an operation without an id that repeats, byte for byte, one of another request:
it is stored again, or dropped."""


class Scope(NamedTuple):
    """Where ids mean the same people: one environment of one project."""

    project_id: str
    environment: Environment


class Somebody(NamedTuple):
    """An id in its scope."""

    project_id: str
    environment: str
    distinct_id: str


IPS_ALONE: Final = (
    "The authorized IPs hold only for requests without an Origin header, and anybody can send one: "
    "set authorized domains, too, or the addresses keep nobody out."
)


@dataclass(frozen=True, slots=True)
class Project:
    """One project. Empty allowlists let everybody in; ``rate_limit`` is in requests a minute and
    key, ``address_rate_limit`` in requests a minute of one key from one address (0: off, None: the
    server's setting). In ``timezone``, an IANA name, its days begin."""

    id: str
    name: str
    domains: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    rate_limit: int | None = None
    timezone: str = "UTC"
    malformed: Malformed = "refuse"
    address_rate_limit: int | None = None
    repeats: Repeats = "keep"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its settings let through that their owner may not expect."""
        return (IPS_ALONE,) if self.ips and not self.domains else ()


@dataclass(frozen=True, slots=True)
class IngestionKey:
    """What a known, unrevoked ``x-api-key`` value stands for."""

    key: str
    project: Project
    environment: Environment


ScreenName = tuple[str, Environment, str]
"""``(project id, environment, screen)``"""


@dataclass(frozen=True, slots=True)
class SqlUser:
    """A ClickHouse user for a BI tool, who reads one project. The password is known only by its
    SHA-256 in hexadecimal digits, the form that ClickHouse's configuration takes."""

    name: str
    project_id: str
    password_sha256: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProjectSnapshot:
    """What the running server needs to know of the registry, at one moment.

    ``screens`` maps each screen that has a pristine snapshot to the newest app version it was
    taken of (None: the upload named no version)."""

    keys: Mapping[str, IngestionKey] = field(default_factory=dict)
    screens: Mapping[ScreenName, str | None] = field(default_factory=dict)
    sql_users: tuple[SqlUser, ...] = ()
