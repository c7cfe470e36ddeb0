"""Pristine snapshots in a real database."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from whipstitch.core.projects import Scope
from whipstitch.registry import screens
from whipstitch.registry.store import Registry
from whipstitch.registry.values import Picture, Screen, Snapshot

NOW = datetime(2026, 5, 9, 14, 32, 1, 482_000, tzinfo=UTC)
IMAGE = b"\x89PNG\0\xff"


def screen(project_id: str, name: str, **more: object) -> Screen:
    return Screen(project_id, "live", name, "image/png", IMAGE, **more)  # type: ignore[arg-type]


def test_snapshots_are_listed_without_their_images(url: str) -> None:
    with Registry.open(url, now=lambda: NOW) as registry:
        project = registry.create_project("Shop").project.id
        sizes = {"device_width": 390.5, "device_height": 844.0, "scroll_offset_y": 12.0}
        registry.save_screen(screen(project, "Home", app_version="2.9", os="ios", **sizes))

        (found,) = registry.list_snapshots(Scope(project, "live"))

    assert found == Snapshot("Home", "2.9", "ios", 390.5, 844.0, 12.0, "image/png", 6, NOW)


def test_they_are_in_order_with_the_newest_version_first(registry: Registry) -> None:
    project = registry.create_project("Shop").project.id
    for name, version, os in (
        ("b", None, None),
        ("b", "2.9", "ios"),
        ("b", "2.10", "ios"),
        ("b", "2.10", "android"),
        ("B", None, None),
        ("a", "1", None),
    ):
        registry.save_screen(screen(project, name, app_version=version, os=os))

    found = registry.list_snapshots(Scope(project, "live"))

    assert [(one.screen, one.app_version, one.os) for one in found] == [
        ("B", None, None),
        ("a", "1", None),
        ("b", "2.10", "android"),
        ("b", "2.10", "ios"),
        ("b", "2.9", "ios"),
        ("b", None, None),
    ]


def test_a_picture_is_found_by_all_that_its_upload_named(url: str) -> None:
    with Registry.open(url, now=lambda: NOW) as registry:
        project = registry.create_project("Shop").project.id
        registry.save_screen(screen(project, "Home", app_version="2.9", os="ios"))
        live = Scope(project, "live")

        found = registry.find_picture(live, "Home", "2.9", "ios")

        assert found == Picture("image/png", IMAGE, NOW)
        for other in (("Home",), ("Home", "2.9"), ("Home", "2.9", "android"), ("home", "2.9")):
            assert registry.find_picture(live, *other) is None


def test_another_environment_and_another_project_see_none(registry: Registry) -> None:
    project = registry.create_project("Shop").project.id
    other = registry.create_project("Blog").project.id
    registry.save_screen(screen(project, "Home"))

    for scope in (Scope(project, "test"), Scope(other, "live")):
        assert registry.list_snapshots(scope) == []
        assert registry.find_picture(scope, "Home") is None


def kept(registry: Registry, project: str) -> set[tuple[str, str | None]]:
    return {
        (one.screen, one.app_version) for one in registry.list_snapshots(Scope(project, "live"))
    }


def times() -> Callable[[], datetime]:
    numbers = itertools.count()
    return lambda: NOW + timedelta(seconds=next(numbers))


def test_pictures_of_older_versions_and_then_the_oldest_make_room(url: str) -> None:
    with Registry.open(url, now=times()) as registry:
        project = registry.create_project("Shop").project.id
        other = registry.create_project("Blog").project.id
        registry.save_screen(screen(other, "Home"))
        limit = 4 * len(IMAGE)
        for name, version in (("a", "2.10"), ("b", "1.0"), ("b", "2.0"), ("c", "1.0")):
            registry.save_screen(screen(project, name, app_version=version), limit)
        assert len(kept(registry, project)) == 4

        registry.save_screen(screen(project, "d", app_version="1.0"), limit)
        assert kept(registry, project) == {("a", "2.10"), ("b", "2.0"), ("c", "1.0"), ("d", "1.0")}
        # Of a version that is older than what is there already, too: it was just sent.
        registry.save_screen(screen(project, "a", app_version="2.9"), limit)
        assert kept(registry, project) == {("a", "2.9"), ("b", "2.0"), ("c", "1.0"), ("d", "1.0")}
        assert kept(registry, other) == {("Home", None)}


def test_there_are_only_so_many_pictures_of_a_project(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens, "MOST_PICTURES", 3)
    project = registry.create_project("Shop").project.id

    for number in range(10):
        registry.save_screen(screen(project, f"screen {number}"))

    assert len(kept(registry, project)) == 3
    assert ("screen 9", None) in kept(registry, project)


def test_a_picture_over_the_limit_is_the_only_one_that_stays(registry: Registry) -> None:
    project = registry.create_project("Shop").project.id

    registry.save_screen(screen(project, "a"), 1)
    registry.save_screen(screen(project, "b"), 1)

    assert kept(registry, project) == {("b", None)}


def test_the_same_picture_again_changes_nothing(registry: Registry) -> None:
    project = registry.create_project("Shop").project.id
    for more in ({}, {"app_version": "1", "os": "ios", "device_width": 390.0}):
        registry.save_screen(screen(project, "Home", **more))
        before = registry.revision()
        registry.save_screen(screen(project, "Home", **more))
        assert registry.revision() == before
    registry.save_screen(screen(project, "Home", app_version="1", os="ios", device_width=391.0))
    assert registry.revision() > before
