"""What is sent and shown of projects and their keys."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from whipstitch.core.projects import Environment, Malformed, Repeats
from whipstitch.web.api.bodies import StrictBody

Domains = Annotated[
    list[str],
    Meta(
        description="Web domains that may send; none: all may.",
        examples=[["example.com", "*.example.com", "localhost:3000"]],
        max_length=1000,
    ),
]
Addresses = Annotated[
    list[str],
    Meta(
        description="Addresses and CIDR ranges that may send without a web page; none: all may.",
        examples=[["203.0.113.7", "10.0.0.0/8"]],
        max_length=1000,
    ),
]
RateLimit = Annotated[
    int | None,
    Meta(description="Requests a minute and key; 0: no limit, null: the server's setting."),
]
AddressRateLimit = Annotated[
    int | None,
    Meta(
        description="Requests a minute of one key from one address, besides `rate_limit`; 0: no "
        "limit, null: the server's setting."
    ),
]
WhenMalformed = Annotated[
    Malformed,
    Meta(
        description="What becomes of a batch with an operation of the wrong shape: all of it is "
        "refused, or that operation is dropped."
    ),
]
WhenRepeated = Annotated[
    Repeats,
    Meta(
        description="What becomes of an operation without an id that repeats, byte for byte, one "
        "of another request within `deduplication_days`: it is stored again, or dropped."
    ),
]
TimeZone = Annotated[
    str, Meta(description="IANA name; where the project's days begin.", examples=["Europe/Paris"])
]


class KeyShown(msgspec.Struct, kw_only=True):
    """An ingestion key. It only writes and ships inside apps and pages, so it is shown."""

    key_id: str
    key: Annotated[str, Meta(examples=["sk_live_8f14e45fceea167a5a36dedd4bea2543"])]
    environment: Environment
    created_at: datetime
    revoked_at: datetime | None


class ProjectShown(msgspec.Struct, kw_only=True):
    """A project and its keys, revoked ones among them."""

    project_id: str
    name: str
    domains: Domains
    ips: Addresses
    rate_limit: RateLimit
    timezone: TimeZone
    malformed: WhenMalformed
    address_rate_limit: AddressRateLimit
    repeats: WhenRepeated
    keys: list[KeyShown]
    warnings: list[str] = msgspec.field(default_factory=list)
    """What the settings let through that one may not expect."""


class ProjectsAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    projects: list[ProjectShown]


class ProjectAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    project: ProjectShown


class NewProjectAnswer(ProjectAnswer, kw_only=True):
    """``token`` has the role admin in the new project. It is kept as a hash only: it cannot be
    shown again."""

    live_key: str
    test_key: str
    token: str


class KeyAnswer(msgspec.Struct, kw_only=True):
    ok: bool = True
    key: KeyShown


class NewProjectBody(StrictBody, kw_only=True):
    """A project to be made."""

    name: Annotated[str, Meta(examples=["Shop"])]
    timezone: TimeZone = "UTC"


class ProjectBody(StrictBody, kw_only=True):
    """What is to change. What is left out stays."""

    name: str | UnsetType = UNSET
    domains: Domains | UnsetType = UNSET
    ips: Addresses | UnsetType = UNSET
    rate_limit: RateLimit | UnsetType = UNSET
    timezone: TimeZone | UnsetType = UNSET
    malformed: WhenMalformed | UnsetType = UNSET
    address_rate_limit: AddressRateLimit | UnsetType = UNSET
    repeats: WhenRepeated | UnsetType = UNSET


class KeyBody(StrictBody, kw_only=True):
    """A key to be made."""

    environment: Environment


class OneProject(msgspec.Struct, kw_only=True):
    """A project."""

    project_id: str


class OneKey(OneProject, kw_only=True):
    """A key of a project."""

    key_id: str
