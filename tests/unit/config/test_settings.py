"""Where settings come from, what they may be, and what is said about those that cannot be."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from whipstitch.config.reference import reference
from whipstitch.config.settings import Settings
from whipstitch.core.errors import SettingsError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests is seen."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WHIPSTITCH_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def write_toml(text: str, data_dir: str = "whipstitch-data") -> None:
    Path(data_dir).mkdir()
    (Path(data_dir) / "whipstitch.toml").write_text(text)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = Settings.load()

    data_dir = tmp_path / "whipstitch-data"
    assert settings.data_dir == data_dir
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.clickhouse == f"local://{data_dir}/clickhouse"
    assert settings.database == f"sqlite:///{data_dir}/registry.db"
    assert settings.durability == "fsync"
    assert settings.rate_limit == 500
    assert settings.max_body == 500 * 1024 * 1024
    assert settings.geoip is None
    assert settings.trusted_proxies == ()
    assert settings.retention == 0
    assert not data_dir.exists()


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_toml("port = 1\nrate_limit = 1\nretention = 1\n")
    monkeypatch.setenv("WHIPSTITCH_PORT", "2")
    monkeypatch.setenv("WHIPSTITCH_RATE_LIMIT", "2")

    settings = Settings.load(port=3, rate_limit=None)

    assert (settings.port, settings.rate_limit, settings.retention) == (3, 2, 1)


def test_the_file_lies_in_the_data_directory_wherever_that_was_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_toml("port = 1", "from-variable")
    write_toml("port = 2", "from-flag")
    monkeypatch.setenv("WHIPSTITCH_DATA_DIR", "from-variable")

    assert Settings.load().port == 1
    assert Settings.load(data_dir=Path("from-flag")).port == 2


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIPSTITCH_PORT", "")

    assert Settings.load().port == 8080


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().port = 1


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("500MB", 500 * 1024**2),
        ("500 MiB", 500 * 1024**2),
        ("1.5gb", 3 * 1024**3 // 2),
        (" 2k ", 2048),
        ("1TB", 1024**4),
    ],
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert Settings.load(backlog_limit=text).backlog_limit == size


@given(st.integers(min_value=1, max_value=2**60))
def test_a_size_in_bytes_is_taken_as_it_is(size: int) -> None:
    assert Settings.load(backlog_limit=size).backlog_limit == size
    assert Settings.load(backlog_limit=str(size)).backlog_limit == size


@pytest.mark.parametrize("text", ["10.0.0.1, fc00::/7,", "10.0.0.1,fc00::/7"])
def test_proxies_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WHIPSTITCH_TRUSTED_PROXIES", text)

    assert Settings.load().trusted_proxies == ("10.0.0.1/32", "fc00::/7")


def test_proxies_may_be_a_list_in_the_file() -> None:
    write_toml('trusted_proxies = ["10.1.2.3/8"]')

    assert Settings.load().trusted_proxies == ("10.0.0.0/8",)


def test_the_ids_that_name_nobody_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "anonymous" in Settings.load().placeholder_ids

    monkeypatch.setenv("WHIPSTITCH_PLACEHOLDER_IDS", "nobody, [object Object]")

    assert Settings.load().placeholder_ids == ("nobody", "[object Object]")


def test_a_city_database_in_its_usual_place_is_used(tmp_path: Path) -> None:
    usual = tmp_path / "whipstitch-data" / "geoip" / "city.mmdb"
    usual.parent.mkdir(parents=True)
    usual.touch()

    assert Settings.load().geoip == usual
    assert Settings.load(geoip="other.mmdb").geoip == tmp_path / "other.mmdb"


@pytest.mark.parametrize("name", ["local", "local://", "chdb", "chdb://"])
def test_its_own_clickhouse_lies_in_the_data_directory(tmp_path: Path, name: str) -> None:
    settings = Settings.load(clickhouse=name, data_dir="here")

    assert settings.clickhouse == f"local://{tmp_path}/here/clickhouse"


def test_a_directory_of_the_first_version_is_found_where_it_was() -> None:
    assert Settings.load(clickhouse="chdb:///srv/x").clickhouse == "local:///srv/x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clickhouse", "local:///srv/with space%20/click?house"),
        ("clickhouse", "https://ada:hunter22@clickhouse.example.com:8443/whipstitch"),
        ("database", "sqlite:////srv/registry.db"),
        ("database", "postgresql://ada:hunter22@localhost/whipstitch"),
        ("database", "postgres:///whipstitch?host=/run/postgresql"),
    ],
)
def test_a_url_is_kept_as_it_is(name: str, value: str) -> None:
    assert getattr(Settings.load(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("port", "80a", "a valid integer"),
        ("port", 65_536, "less than or equal to 65535"),
        ("port", True, "not true or false"),
        ("host", " ", "an address to listen on"),
        ("max_body", "lots", "500MB"),
        ("max_body", 0, "greater than or equal to 1"),
        ("body_timeout", 0, "greater than 0"),
        ("body_timeout", "inf", "finite"),
        ("rate_limit", -1, "greater than or equal to 0"),
        ("durability", "sometimes", "'fsync' or 'os'"),
        ("log_level", "loud", "'debug'"),
        ("log_format", "xml", "'console' or 'json'"),
        ("retention", -1, "greater than or equal to 0"),
        ("trusted_proxies", "10.0.0.0/8,proxy", "CIDR ranges"),
        ("private_ip_stand_in", "10.0.0.1", "a public IPv4 or IPv6 address"),
        ("private_ip_stand_in", "localhost", "a public IPv4 or IPv6 address"),
        ("clickhouse", "local://relative/path", "local:///ABSOLUTE/PATH"),
        ("clickhouse", "localhost:8123", "http(s)://"),
        ("clickhouse", "http://localhost:port/x", "http(s)://"),
        ("clickhouse", "http://localhost/a/b", "http(s)://"),
        ("database", "sqlite://", "sqlite:////ABSOLUTE/PATH"),
        ("database", "sqlite:///:memory:", "sqlite:////ABSOLUTE/PATH"),
        ("database", "mysql://localhost/x", "postgresql://"),
    ],
)
def test_a_value_that_cannot_be_is_answered_with_what_can(
    name: str, value: object, allowed: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(**{name: value})

    message = str(caught.value)
    assert message.startswith(f'setting "{name}" (from --{name.replace("_", "-")}) ')
    assert repr(value) in message
    assert allowed in message


def test_an_error_names_the_variable_that_holds_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHIPSTITCH_PORT", "none")

    with pytest.raises(SettingsError, match=r"\(from WHIPSTITCH_PORT\) cannot be 'none'"):
        Settings.load()


def test_an_error_names_the_file_that_holds_the_value() -> None:
    write_toml('port = "none"')

    with pytest.raises(SettingsError, match=r"\(from whipstitch\.toml\) cannot be 'none'"):
        Settings.load()


def test_an_unknown_key_in_the_file_is_named_with_the_nearest_known_one() -> None:
    write_toml("prot = 80")

    with pytest.raises(SettingsError, match=r'"prot" in whipstitch\.toml: did you mean "port"'):
        Settings.load()


def test_the_file_cannot_move_the_data_directory_that_it_lies_in() -> None:
    write_toml('data_dir = "/srv"')

    with pytest.raises(SettingsError, match="--data-dir"):
        Settings.load()


def test_a_broken_file_is_named_with_the_place_of_the_mistake() -> None:
    write_toml("port = \n")

    with pytest.raises(SettingsError, match=r"whipstitch\.toml cannot be read: .*line 1"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("clickhouse", "http://ada:hunter22@localhost:8123/x"),
        ("database", "postgresql://ada:hunter22@localhost/x"),
        ("database", "postgresql://localhost/x?user=ada&password=hunter22&sslmode=require"),
    ],
)
def test_no_password_shows_in_a_repr(name: str, url: str) -> None:
    settings = Settings.load(**{name: url})

    for shown in (repr(settings), str(settings)):
        assert "hunter22" not in shown
        assert "localhost" in shown


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ada:hunter22@localhost/x",
        "ada:hunter22@localhost",
        "http://ada:hunt#er22/hunter22@localhost:x/",
        "mysql://localhost/x?PASSWORD=hunter22",
    ],
)
@pytest.mark.parametrize("name", ["clickhouse", "database"])
def test_no_password_shows_in_an_error(name: str, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(**{name: url})

    assert "er22" not in str(caught.value)
    assert "***" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("terminal", "log_format"), [(True, "console"), (False, "json")])
def test_logs_are_for_people_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, log_format: str
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)

    assert Settings.load().log_format == log_format


def test_the_reference_in_the_docs_is_current() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text()

    assert written == reference(), (
        "run: python -m whipstitch.config.reference > docs/configuration.md"
    )
