"""Projects, ingestion keys and screens in a real database."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from whipstitch.core.errors import RegistryError
from whipstitch.core.projects import IngestionKey
from whipstitch.registry.database import connect
from whipstitch.registry.store import Registry
from whipstitch.registry.tables import ScreenRow
from whipstitch.registry.values import Screen

NOW = datetime(2026, 5, 9, 14, 32, 1, 482_000, tzinfo=UTC)


def snapshot(
    project_id: str, version: str | None, *, os: str | None = None, image: bytes = b"png"
) -> Screen:
    return Screen(project_id, "live", "Checkout", "image/png", image, app_version=version, os=os)


def test_a_new_project_has_one_live_and_one_test_key(registry: Registry) -> None:
    made = registry.create_project("  Shop ")

    assert registry.list_projects() == [made.project]
    assert made.project.name == "Shop"
    assert (made.project.domains, made.project.ips, made.project.rate_limit) == ((), (), None)
    assert [key.environment for key in registry.list_keys(made.project.id)] == ["live", "test"]
    assert registry.directory().keys == {
        made.live_key.key: IngestionKey(made.live_key.key, made.project, "live"),
        made.test_key.key: IngestionKey(made.test_key.key, made.project, "test"),
    }


def test_times_come_back_in_utc_as_they_were_given(url: str) -> None:
    with Registry.open(url, now=lambda: NOW) as registry:
        project = registry.create_project("Shop").project

        assert {key.created_at for key in registry.list_keys(project.id)} == {NOW}
        assert registry.list_keys(project.id)[0].created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "nul\0", "x" * 201, "\ud800"])
def test_a_project_name_that_nobody_could_read_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(RegistryError, match="name of a project"):
        registry.create_project(name)

    assert registry.is_empty()


def test_a_registry_is_empty_until_a_project_is_made(registry: Registry) -> None:
    assert registry.is_empty()
    registry.create_project("Shop")
    assert not registry.is_empty()


def test_a_project_is_found_by_id_and_by_a_name_that_only_one_bears(registry: Registry) -> None:
    first = registry.create_project("Shop").project
    second = registry.create_project("Blog").project

    assert registry.find_project("Shop") == first
    assert registry.find_project(second.id) == second

    twin = registry.create_project("Shop").project
    with pytest.raises(RegistryError, match="2 projects are named") as caught:
        registry.find_project("Shop")
    assert first.id in str(caught.value)
    assert twin.id in str(caught.value)
    assert registry.find_project(twin.id) == twin


def test_an_unknown_project_is_named_in_the_error(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no project 'nope'"):
        registry.create_key("nope", "live")


def test_setting_a_project_changes_only_what_is_named(registry: Registry) -> None:
    project = registry.create_project("Shop").project

    registry.set_project("Shop", domains=["Example.com", "https://app.example.com/"])
    registry.set_project("Shop", ips=["10.1.2.3/8"])
    now = registry.set_project(project.id, rate_limit=0)

    assert now.domains == ("example.com", "https://app.example.com")
    assert now.ips == ("10.0.0.0/8",)
    assert now.rate_limit == 0
    assert registry.find_project("Shop") == now

    cleared = registry.set_project("Shop", domains=[], ips=[""], rate_limit=None)
    assert cleared == project


def test_a_project_has_a_time_zone_that_there_is(registry: Registry) -> None:
    assert registry.create_project("Shop").project.timezone == "UTC"
    assert registry.create_project("Blog", "Asia/Kolkata").project.timezone == "Asia/Kolkata"

    registry.set_project("Shop", timezone="Europe/Paris")
    token = registry.create_token("Shop", "viewer")
    for none in ("", "Mars/Olympus", "../etc", "Europe", "\0", "x" * 1000):
        with pytest.raises(RegistryError, match="no time zone"):
            registry.set_project("Shop", timezone=none)

    assert registry.find_project("Shop").timezone == "Europe/Paris"
    holder = registry.token_holder(token.secret)
    assert holder is not None
    assert holder.timezone == "Europe/Paris"


def test_a_project_says_what_becomes_of_malformed_operations(registry: Registry) -> None:
    assert registry.create_project("Shop").project.malformed == "refuse"

    assert registry.set_project("Shop", malformed="drop", address_rate_limit=5) == (
        registry.find_project("Shop")
    )
    with pytest.raises(RegistryError, match="refuse or drop"):
        registry.set_project("Shop", malformed="keep")

    project = registry.find_project("Shop")
    assert (project.malformed, project.address_rate_limit) == ("drop", 5)
    (key, _) = registry.directory().keys.values()
    assert key.project == project


def test_a_project_says_what_becomes_of_operations_that_repeat_others(registry: Registry) -> None:
    assert registry.create_project("Shop").project.repeats == "keep"

    assert registry.set_project("Shop", repeats="drop") == registry.find_project("Shop")
    with pytest.raises(RegistryError, match="keep or drop"):
        registry.set_project("Shop", repeats="refuse")

    (key, _) = registry.directory().keys.values()
    assert key.project.repeats == "drop"


@pytest.mark.parametrize("rate_limit", [-1, 2**31])
def test_an_impossible_rate_limit_is_refused(registry: Registry, rate_limit: int) -> None:
    registry.create_project("Shop")

    with pytest.raises(RegistryError, match="rate limit"):
        registry.set_project("Shop", rate_limit=rate_limit)


def test_a_refused_change_leaves_nothing_half_done(registry: Registry) -> None:
    project = registry.create_project("Shop").project
    before = registry.revision()

    with pytest.raises(RegistryError, match="no IP address"):
        registry.set_project("Shop", domains=["example.com"], ips=["elsewhere"])

    assert registry.find_project("Shop") == project
    assert registry.revision() == before


def test_a_project_may_have_several_keys_of_an_environment(registry: Registry) -> None:
    made = registry.create_project("Shop")

    extra = registry.create_key("Shop", "live")

    assert extra.key.startswith("sk_live_")
    assert set(registry.directory().keys) == {made.live_key.key, made.test_key.key, extra.key}


@pytest.mark.parametrize("by", ["key", "id"])
def test_a_revoked_key_is_known_no_more_but_still_listed(registry: Registry, by: str) -> None:
    made = registry.create_project("Shop")

    revoked = registry.revoke_key(getattr(made.live_key, by))

    assert revoked.revoked_at is not None
    assert set(registry.directory().keys) == {made.test_key.key}
    assert revoked in registry.list_keys("Shop")


def test_revoking_again_keeps_the_first_time(url: str) -> None:
    times = iter(NOW + timedelta(days=day) for day in range(9))
    with Registry.open(url, now=lambda: next(times)) as registry:
        key = registry.create_project("Shop").live_key

        first = registry.revoke_key(key.key)

        assert registry.revoke_key(key.key) == first


def test_an_unknown_key_cannot_be_revoked(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no such key"):
        registry.revoke_key("sk_live_0")


def test_the_directory_names_the_newest_version_of_each_screen(registry: Registry) -> None:
    project = registry.create_project("Shop").project

    for version in ("2.9", "2.10", None):
        registry.save_screen(snapshot(project.id, version))

    assert registry.directory().screens == {(project.id, "live", "Checkout"): "2.10"}


def test_a_screen_without_a_version_is_known_without_one(registry: Registry) -> None:
    project = registry.create_project("Shop").project

    registry.save_screen(snapshot(project.id, None))

    assert registry.directory().screens == {(project.id, "live", "Checkout"): None}


@pytest.mark.parametrize("version", [None, "2.4.1"])
def test_a_second_snapshot_of_a_screen_replaces_the_first(
    registry: Registry, url: str, version: str | None
) -> None:
    project = registry.create_project("Shop").project

    registry.save_screen(snapshot(project.id, version, image=b"old"))
    registry.save_screen(snapshot(project.id, version, image=b"new"))
    registry.save_screen(snapshot(project.id, version, os="ios", image=b"other"))

    assert images(url) == {("", b"new"), ("ios", b"other")}


def test_a_snapshot_keeps_its_sizes_and_may_be_of_any_bytes(registry: Registry, url: str) -> None:
    project = registry.create_project("Shop").project
    image = bytes(range(256)) * 4_000

    registry.save_screen(
        Screen(project.id, "test", "Chéckout", "image/webp", image, "1", "ios", 390.5, 844.0, 12.25)
    )

    assert images(url) == {("ios", image)}
    assert registry.directory().screens == {(project.id, "test", "Chéckout"): "1"}


def test_a_snapshot_for_an_unknown_project_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="refuses"):
        registry.save_screen(snapshot("proj_nobody", "1"))


def test_a_screen_name_that_is_no_unicode_is_refused(registry: Registry) -> None:
    project = registry.create_project("Shop").project

    with pytest.raises(RegistryError, match="Unicode"):
        registry.save_screen(Screen(project.id, "live", "\ud800", "image/png", b"png"))


def test_the_revision_grows_with_every_change_that_ingestion_sees(registry: Registry) -> None:
    seen = [registry.revision()]

    made = registry.create_project("Shop")
    seen.append(registry.revision())
    registry.set_project("Shop", rate_limit=1)
    seen.append(registry.revision())
    registry.create_key("Shop", "test")
    seen.append(registry.revision())
    registry.revoke_key(made.live_key.key)
    seen.append(registry.revision())
    registry.save_screen(snapshot(made.project.id, "1"))
    seen.append(registry.revision())

    assert seen == sorted(set(seen))


def test_the_revision_rests_while_only_tokens_and_users_change(registry: Registry) -> None:
    registry.create_project("Shop")
    before = registry.revision()

    registry.create_token("Shop", "viewer")
    registry.create_user("ada@example.com", "correct horse")

    assert registry.revision() == before


def test_neither_a_key_nor_a_token_shows_in_a_repr(registry: Registry) -> None:
    made = registry.create_project("Shop")
    token = registry.create_token("Shop", "admin")

    assert made.live_key.key not in repr(made)
    assert token.secret not in repr(token)


def test_a_change_that_returned_survives_the_death_of_its_process(url: str) -> None:
    program = (
        "import sys\n"
        "from whipstitch.registry.store import Registry\n"
        "made = Registry.open(sys.argv[1]).create_project('Shop')\n"
        "print(made.live_key.key, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        key = child.stdout.readline().strip()
        os.kill(child.pid, signal.SIGKILL)

    with Registry.open(url) as registry:
        assert key in registry.directory().keys


def images(url: str) -> set[tuple[str, bytes]]:
    """``(os, image)`` of every snapshot kept."""
    engine = connect(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(ScreenRow.os, ScreenRow.image))
            return {(row.os, bytes(row.image)) for row in rows}
    finally:
        engine.dispose()
