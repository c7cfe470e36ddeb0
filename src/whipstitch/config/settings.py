"""Settings: flags, else ``WHIPSTITCH_…`` variables, else ``whipstitch.toml`` in the data directory,
else the defaults. The environment is read here and nowhere else.

One list of all settings, with the text of their reference page; so it is long."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from whipstitch.config.passwords import without_password
from whipstitch.config.setting_sources import ENV_PREFIX, TOML_NAME, explain, read_toml
from whipstitch.config.setting_values import (
    AnyCase,
    Host,
    Networks,
    PublicAddress,
    Size,
    Texts,
    clickhouse_url,
    database_url,
)
from whipstitch.core.errors import SettingsError
from whipstitch.core.placeholders import PLACEHOLDERS

_DATA_DIR = Path("whipstitch-data")
_MIB = 1024**2
_GIB = 1024**3


def _shown(default: str) -> dict[str, Any]:
    """The default as the reference prints it, where the value itself would say little or depends
    on the machine."""
    return {"shown": default}


class Settings(BaseSettings):
    """Every setting, checked. Make it with :meth:`load`; its ``repr`` shows no password.

    Paths are absolute. ``clickhouse`` and ``database`` are complete URLs."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    data_dir: Path = Field(
        _DATA_DIR,
        description="Directory that holds everything Whipstitch keeps: the journal, ClickHouse's "
        f"data, the registry, the city database and `{TOML_NAME}` (which cannot set this one).",
        json_schema_extra=_shown("./whipstitch-data"),
        validate_default=True,
    )
    host: Host = Field(
        "127.0.0.1",
        description="Address to listen on. `0.0.0.0` listens on every IPv4 interface.",
    )
    port: int = Field(
        8080, description="TCP port to listen on. `0` takes any free one.", ge=0, le=65535
    )
    only: Annotated[Literal["all", "ingest", "app"], AnyCase] = Field(
        "all",
        description="Which part of the work this node does: `ingest` (takes events and stores "
        "them; no dashboard, no query API), `app` (dashboard and query API; takes no events) or "
        "`all` ([Cluster](cluster.md#nodes-that-do-a-part)).",
    )
    clickhouse: str = Field(
        "local",
        description="Where events are stored: `local` (a ClickHouse that `serve` starts and ends, "
        "with its data in the data directory), `local:///ABSOLUTE/PATH`, or a server as "
        "`http(s)://user:password@host:8123/database`. Of a cluster all hosts are named: "
        "`http://user:password@host1:8123,host2:8123/database` ([Cluster](cluster.md)).",
        validate_default=True,
    )
    clickhouse_cluster: str = Field(
        "",
        description="The name of the ClickHouse cluster whose hosts `clickhouse` names, as in "
        "their `<remote_servers>`.",
        pattern=r"^[A-Za-z0-9_.-]*$",
    )
    clickhouse_quorum: Annotated[Literal["none", "auto"], AnyCase] = Field(
        "none",
        description="When a row counts as stored on a cluster: `none` (one replica has it) or "
        "`auto` (most replicas of its shard have it; with two, both).",
    )
    clickhouse_binary: Path | None = Field(
        None,
        description="The `clickhouse` that `local` runs: by default an installed one, else the one "
        "in the Python package chdb-core.",
        json_schema_extra=_shown("what is installed"),
    )
    clickhouse_listen: Host = Field(
        "127.0.0.1",
        description="Address on which `local` listens for BI tools, besides the loopback address "
        "([SQL](sql.md)).",
    )
    clickhouse_http_port: int = Field(
        0,
        description="TCP port of `local` for ClickHouse's HTTP interface. `0` takes a free one and "
        "keeps it.",
        ge=0,
        le=65535,
    )
    clickhouse_native_port: int = Field(
        0,
        description="TCP port of `local` for ClickHouse's native protocol. `0` takes a free one "
        "and keeps it.",
        ge=0,
        le=65535,
    )
    clickhouse_memory: Size = Field(
        0,
        description="Memory that `local` may use in all. `0` is half of the machine's.",
        ge=0,
    )
    database: str = Field(
        "",
        description="SQLAlchemy URL of the registry (projects, keys, tokens, users): "
        "`sqlite:////ABSOLUTE/PATH/registry.db` or "
        "`postgresql://user:password@host:5432/database`.",
        json_schema_extra=_shown("registry.db in the data directory"),
        validate_default=True,
    )
    durability: Annotated[Literal["fsync", "os"], AnyCase] = Field(
        "fsync",
        description="When a request is answered: `fsync`, once it is on the disk; `os`, once the "
        "operating system has it (survives a crash of Whipstitch, not one of the machine).",
    )
    rate_limit: int = Field(
        500,
        description="Requests a minute and key. `0` is no limit. A project's own setting wins.",
        ge=0,
    )
    address_rate_limit: int = Field(
        0,
        description="Requests a minute that one address (of IPv6: one network of 64 bits) may send "
        "with one key, besides the limit by key. `0` is no limit.",
        ge=0,
    )
    max_body: Size = Field(
        500 * _MIB,
        description="Largest request body, as sent and as unpacked.",
        json_schema_extra=_shown("500MB"),
        ge=1,
    )
    largest_row: Size = Field(
        16 * _MIB,
        description="Largest row that is stored. A larger one is accepted and kept among the dead "
        "letters (`whipstitch deadletters`). Of one over 1 MB what was sent is stored, and no "
        "query looks into its properties.",
        json_schema_extra=_shown("16MB"),
        ge=1,
    )
    max_operation: Size = Field(
        0,
        description="Largest operation (event, update of a person or alias) that is accepted, as "
        "unpacked. `0` is any size up to `max_body`. A larger one is refused with `413`; in a "
        "batch it is dropped and counted.",
        ge=0,
    )
    dead_letter_limit: int = Field(
        1_000,
        description="Rows that ClickHouse may refuse before loading stops, where nine tenths of "
        "the rows lately were refused: then it is not the rows that are at fault. `0` sets all of "
        "them aside.",
        ge=0,
    )
    body_timeout: float = Field(
        60.0,
        description="Seconds that a client may take to send one request before it is cut off.",
        gt=0,
        allow_inf_nan=False,
    )
    export_timeout: float = Field(
        7200.0,
        description="Seconds that an export may take. It also ends where its reader takes less "
        "than 16 KB a second on average, once a first minute is over.",
        gt=0,
        allow_inf_nan=False,
    )
    pictures_limit: Size = Field(
        _GIB,
        description="Size that the pictures of one project's screens may reach; beyond it, and "
        "beyond 5,000 pictures, those of older versions of the app go, then the oldest.",
        json_schema_extra=_shown("1GB"),
        ge=1,
    )
    max_connections: int = Field(
        0,
        description="Connections that may be open. `0` is as many as the limit of open files "
        "leaves room for, and at most 20,000. Beyond it, idle ones make room, else the newcomer is "
        "answered `503`.",
        ge=0,
    )
    max_connections_per_address: int = Field(
        0,
        description="Connections that may be open from one address, unless it is one of "
        "`trusted_proxies`. `0` is half of all.",
        ge=0,
    )
    backlog_limit: Size = Field(
        10 * _GIB,
        description="Size that the journal may reach while ClickHouse takes nothing; beyond it "
        "clients are answered `503` until it drains.",
        json_schema_extra=_shown("10GB"),
        ge=1,
    )
    disk_reserve: Size = Field(
        256 * _MIB,
        description="Room that the journal leaves free on its file system, so that ClickHouse can "
        "still store the backlog. At most a tenth of the file system is taken for it.",
        json_schema_extra=_shown("256MB"),
        ge=0,
    )
    geoip: Path | None = Field(
        None,
        description="City database in MaxMind's format. Without one, city, region, country and "
        "time zone stay blank.",
        json_schema_extra=_shown("geoip/city.mmdb in the data directory, when it exists"),
        validate_default=True,
    )
    private_ip_stand_in: PublicAddress = Field(
        "8.8.8.8",
        description="Public address under which private and loopback addresses are looked up in "
        "the city database.",
    )
    trusted_proxies: Networks = Field(
        (),
        description="Addresses or CIDR ranges of your own proxies, separated by commas. Only from "
        "them is `X-Forwarded-For` believed.",
        json_schema_extra=_shown("none"),
    )
    placeholder_ids: Texts = Field(
        PLACEHOLDERS,
        description="Ids that name nobody, separated by commas: an alias with one of them would "
        "merge strangers and is refused. Compared without case, and without space and quotes "
        "around them; blank ids are always refused. The list replaces the default one.",
        json_schema_extra=_shown(", ".join(f"`{one}`" for one in PLACEHOLDERS)),
    )
    stitch_interval: float = Field(
        60.0,
        description="Seconds between two rewrites of rows whose ids turned out to be somebody's, "
        "in large databases up to four minutes. Reads count them as that person at once.",
        gt=0,
        allow_inf_nan=False,
    )
    cohort_interval: float = Field(
        300.0,
        description="Seconds between two refreshes of a dynamic cohort. A new or changed one is "
        "refreshed at once.",
        gt=0,
        allow_inf_nan=False,
    )
    deduplication_days: int = Field(
        3,
        description="Days within which an operation that comes again with the same id "
        "(`message_id`) changes nothing. `0` stores each that comes.",
        ge=0,
        le=90,
    )
    retention: int = Field(
        0, description="Days that events are kept. `0` keeps them for ever.", ge=0, le=36_500
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], AnyCase] = Field(
        "info",
        description="Least important log lines that are written: `debug`, `info`, `warning` or "
        "`error`.",
    )
    log_format: Annotated[Literal["console", "json"], AnyCase] = Field(
        default_factory=lambda: "console" if sys.stderr.isatty() else "json",
        description="`console` for people, `json` for log collectors.",
        json_schema_extra=_shown("console on a terminal, json elsewhere"),
    )

    @classmethod
    def load(cls, **flags: Any) -> Self:
        """The settings in force. ``flags`` are the ones given on the command line; None is the same
        as not given.

        Raises SettingsError, which names the setting, where its value came from and what is
        allowed."""
        given = {name: value for name, value in flags.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            # The cause would print the value again, password and all.
            raise SettingsError(explain(error.errors()[0], given, cls.model_fields)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as pydantic calls it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as pydantic calls it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        first = {**env_settings(), **init_settings()}
        data_dir = Path(first.get("data_dir", _DATA_DIR)).expanduser()
        toml = InitSettingsSource(settings_cls, read_toml(data_dir / TOML_NAME))
        return init_settings, env_settings, toml

    @field_validator("*", mode="before")
    @classmethod
    def _no_booleans(cls, value: object) -> object:
        # No setting is a switch, but a boolean would pass for the numbers 0 and 1.
        if isinstance(value, bool):
            raise ValueError("a value, not true or false")
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("clickhouse")
    @classmethod
    def _storage(cls, url: str, info: ValidationInfo) -> str:
        return clickhouse_url(url, info.data.get("data_dir", _DATA_DIR))

    @field_validator("database")
    @classmethod
    def _registry(cls, url: str, info: ValidationInfo) -> str:
        return database_url(url, info.data.get("data_dir", _DATA_DIR))

    @field_validator("geoip")
    @classmethod
    def _city_database(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            return path.expanduser().absolute()
        usual: Path = info.data.get("data_dir", _DATA_DIR) / "geoip" / "city.mmdb"
        return usual if usual.exists() else None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, without_password(value) if isinstance(value, str) else value
