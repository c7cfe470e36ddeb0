"""``whipstitch project``, and what all commands have in common."""

import re
from pathlib import Path

import pytest
from tests.support.command import registry_of, run

from whipstitch import __version__


def test_a_new_project_is_printed_with_its_keys(tmp_path: Path) -> None:
    made = run("project", "create", "My App", "--json", data_dir=tmp_path)

    assert made.code == 0
    assert made.err == ""
    assert made.json.keys() == {"project_id", "name", "live_key", "test_key"}
    assert made.json["name"] == "My App"
    assert made.json["project_id"].startswith("proj_")
    assert re.fullmatch("sk_live_[0-9a-f]{32}", made.json["live_key"])
    assert re.fullmatch("sk_test_[0-9a-f]{32}", made.json["test_key"])


def test_a_person_reads_the_same_without_json(tmp_path: Path) -> None:
    made = run("project", "create", "My App", data_dir=tmp_path)

    assert made.code == 0
    assert "My App" in made.out
    assert re.search(r"sk_live_[0-9a-f]{32}\n", made.out)
    assert re.search(r"sk_test_[0-9a-f]{32}\n", made.out)


def test_projects_are_listed_and_set_by_name_or_id(tmp_path: Path) -> None:
    assert run("project", "list", "--json", data_dir=tmp_path).json == {"projects": []}
    assert "project create" in run("project", "list", data_dir=tmp_path).out
    with registry_of(tmp_path) as registry:
        project_id = registry.create_project("Shop").project.id

    limits = ("--domains", "Example.com, *.example.com", "--ips", "10.0.0.1/8,::1")
    run("project", "set", "Shop", *limits, data_dir=tmp_path)
    rest = ("--rate-limit", "0", "--timezone", "Europe/Paris")
    run(
        *("project", "set", "Shop", "--malformed", "drop", "--rate-limit-address", "30"),
        *("--repeats", "drop"),
        data_dir=tmp_path,
    )
    changed = run("project", "set", project_id, *rest, "--json", data_dir=tmp_path)

    assert changed.json == {
        "project_id": project_id,
        "name": "Shop",
        "domains": ["example.com", "*.example.com"],
        "ips": ["10.0.0.0/8", "::1"],
        "rate_limit": 0,
        "timezone": "Europe/Paris",
        "malformed": "drop",
        "address_rate_limit": 30,
        "repeats": "drop",
        "warnings": [],
    }
    assert run("project", "list", "--json", data_dir=tmp_path).json == {"projects": [changed.json]}
    table = run("project", "list", data_dir=tmp_path).out
    assert project_id in table
    assert "example.com, *.example.com" in table
    assert "off" in table
    assert "Europe/Paris" in table


def test_addresses_without_domains_are_set_with_a_warning(tmp_path: Path) -> None:
    with registry_of(tmp_path) as registry:
        registry.create_project("Shop")

    alone = run("project", "set", "Shop", "--ips", "10.0.0.1", "--json", data_dir=tmp_path)
    looked = run("doctor", "--json", data_dir=tmp_path)
    both = run("project", "set", "Shop", "--domains", "example.com", data_dir=tmp_path)

    assert alone.code == 0
    assert "keep nobody out" in alone.json["warnings"][0]
    assert "Warning: The authorized IPs hold only" in alone.err
    (found,) = [one for one in looked.json["checks"] if one["what"] == "allowlists of Shop"]
    assert (looked.code, found["verdict"]) == (0, "warning")
    assert "Warning" not in both.err


@pytest.mark.parametrize("nothing", ["", "default"])
def test_empty_clears_a_list_and_gives_the_limit_back_to_the_server(
    tmp_path: Path, nothing: str
) -> None:
    with registry_of(tmp_path) as registry:
        project = registry.create_project("Shop").project
        registry.set_project("Shop", domains=["example.com"], ips=["10.0.0.1"], rate_limit=7)

    cleared = ("--domains", "", "--ips", "", "--rate-limit", nothing)
    assert run("project", "set", "Shop", *cleared, data_dir=tmp_path).code == 0

    with registry_of(tmp_path) as registry:
        assert registry.find_project("Shop") == project


MISTAKES = {
    "no project 'nope'": ("project", "set", "nope"),
    "no time zone": ("project", "set", "Shop", "--timezone", "Mars/Olympus"),
    "name of a project": ("project", "create", " "),
    '"database" (from --database)': ("project", "list", "--database", "mysql://ada:hunter22@db/x"),
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_one_line_and_exit_code_1(tmp_path: Path, said: str) -> None:
    with registry_of(tmp_path) as registry:
        registry.create_project("Shop")

    refused = run(*MISTAKES[said], data_dir=tmp_path)

    assert refused.code == 1
    assert refused.out == ""
    assert refused.err.startswith("Error: ")
    assert refused.err.count("\n") == 1
    assert said in refused.err
    assert "hunter22" not in refused.err


def test_a_program_reads_of_a_mistake_on_standard_output(tmp_path: Path) -> None:
    refused = run("project", "set", "nope", "--json", data_dir=tmp_path)

    assert refused.code == 1
    assert refused.err == ""
    assert refused.json.keys() == {"ok", "error"}
    assert refused.json["ok"] is False
    assert "no project 'nope'" in refused.json["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("project", "create"),
        ("project", "set", "Shop", "--rate-limit", "many"),
        ("project", "launch"),
    ],
)
def test_a_wrong_usage_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = run(*arguments, data_dir=tmp_path)

    assert refused.code == 2
    assert refused.out == ""
    assert "Usage: whipstitch project" in refused.err


def test_a_flag_names_the_data_directory_before_the_variable(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"

    run("project", "create", "Shop", "--data-dir", str(here), data_dir=there)

    assert (here / "registry.db").exists()
    assert not there.exists()


def test_the_file_in_the_data_directory_may_name_the_database(tmp_path: Path) -> None:
    (tmp_path / "whipstitch.toml").write_text(f'database = "sqlite:///{tmp_path}/other.db"')

    run("project", "create", "Shop", data_dir=tmp_path)

    assert (tmp_path / "other.db").exists()
    assert not (tmp_path / "registry.db").exists()


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    away = f"postgresql://ada:hunter22@/x?host={tmp_path}"

    refused = run("project", "list", data_dir=tmp_path, WHIPSTITCH_DATABASE=away)

    assert refused.code == 1
    assert "does not answer" in refused.err
    assert "hunter22" not in refused.err
    assert refused.err.count("\n") == 1


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert run("--version", data_dir=tmp_path).out == f"whipstitch {__version__}\n"


@pytest.mark.parametrize("arguments", [("--help",), ("key", "--help")])
def test_help_opens_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shown = run(*arguments, data_dir=tmp_path / "data")

    assert shown.code == 0
    assert "Commands" in shown.out
    assert not (tmp_path / "data").exists()
