"""Pristine snapshots in a real database."""

from datetime import UTC, datetime

from whipstitch.projects import Scope
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
