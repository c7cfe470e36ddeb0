"""What is done about small files that a full disk has cut."""

import shutil
from pathlib import Path

import pytest

from whipstitch.warehouse.local import small_files

_TABLE = "ATTACH TABLE _ UUID '893c'\n(\n    `n` UInt64\n)\nENGINE = MergeTree\n"
_CHANGED = _TABLE.replace("UInt64", "UInt32")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for folder in ("metadata", "store/7ea/7eac", "store/893/893c"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "metadata" / "shop.sql").write_text("ATTACH DATABASE _\nENGINE = Atomic\n")
    (tmp_path / "store/7ea/7eac/events.sql").write_text(_TABLE)
    (tmp_path / "store/893/893c/format_version.txt").write_text("1")
    (tmp_path / "store/893/893c/mutation_2.txt").write_text("format version: 1\ncommands: x\n")
    small_files.keep(tmp_path)
    return tmp_path


def _replace(file: Path, text: str) -> None:
    """As ClickHouse does."""
    part = file.with_suffix(".tmp")
    part.write_text(text)
    part.rename(file)


def _files(directory: Path) -> dict[str, str]:
    return {
        str(file.relative_to(directory)): file.read_text()
        for file in directory.rglob("*")
        if file.is_file() and file.parent.name != "definitions"
    }


def test_what_is_whole_stays_as_it_is(directory: Path) -> None:
    before = _files(directory)

    small_files.mend(directory)
    small_files.keep(directory)

    assert _files(directory) == before


@pytest.mark.parametrize("left", ["", _CHANGED[:40]])
@pytest.mark.parametrize("name", ["store/7ea/7eac/events.sql", "metadata/shop.sql"])
def test_a_definition_that_was_cut_is_what_it_was_before(
    directory: Path, name: str, left: str
) -> None:
    before = _files(directory)
    _replace(directory / name, left)

    small_files.keep(directory)
    small_files.mend(directory)

    assert _files(directory) == before


def test_of_a_definition_that_was_replaced_the_later_one_is_kept(directory: Path) -> None:
    events = directory / "store/7ea/7eac/events.sql"
    _replace(events, _CHANGED)
    small_files.keep(directory)
    _replace(events, "")

    small_files.mend(directory)

    assert events.read_text() == _CHANGED


def test_a_table_that_was_about_to_be_made_is_none(directory: Path) -> None:
    before = _files(directory)
    (directory / "store/7ea/7eac/fresh.sql").touch()

    small_files.mend(directory)

    assert _files(directory) == before


def test_a_table_that_was_dropped_does_not_come_back(directory: Path) -> None:
    events = directory / "store/7ea/7eac/events.sql"
    (directory / "metadata_dropped").mkdir()
    events.rename(directory / "metadata_dropped" / "shop.events.893c.sql")
    small_files.keep(directory)
    events.touch()

    small_files.mend(directory)

    assert not events.exists()


@pytest.mark.parametrize("left", ["", "format version: 1\ncomm"])
def test_a_mutation_that_was_cut_never_was(directory: Path, left: str) -> None:
    mutation = directory / "store/893/893c/mutation_2.txt"
    mutation.write_text(left)

    small_files.mend(directory)

    assert not mutation.exists()


def test_a_version_that_was_cut_is_written_again(directory: Path) -> None:
    before = _files(directory)
    (directory / "store/893/893c/format_version.txt").write_text("")

    small_files.mend(directory)

    assert _files(directory) == before


def test_a_directory_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
    small_files.mend(tmp_path)
    small_files.keep(tmp_path)


_EVENTS = "store/7ea/7eac/events.sql"


@pytest.mark.parametrize("name", [_EVENTS, "metadata/shop.sql", "store/7ea/7eac/people.sql"])
def test_a_definition_that_is_gone_is_there_again(tmp_path: Path, name: str) -> None:
    directory = _defined(tmp_path)
    before = _files(directory)
    (directory / name).unlink()

    small_files.keep(directory)  # as a server that still runs does
    small_files.mend(directory)

    assert _files(directory) == before


def test_what_was_dropped_stays_dropped(tmp_path: Path) -> None:
    directory = _defined(tmp_path)
    (directory / "metadata_dropped").mkdir()
    (directory / _EVENTS).rename(directory / "metadata_dropped" / "shop.events.893c.sql")

    small_files.mend(directory)
    assert not (directory / _EVENTS).exists()
    assert small_files.undefined(directory) == []

    # As ClickHouse does in the end.
    shutil.rmtree(directory / "store/893/893c")
    (directory / "metadata_dropped" / "shop.events.893c.sql").unlink()
    small_files.mend(directory)
    assert not (directory / _EVENTS).exists()


def test_rows_without_any_definition_are_found(tmp_path: Path) -> None:
    directory = _defined(tmp_path)
    assert small_files.undefined(directory) == []
    (directory / _EVENTS).unlink()
    shutil.rmtree(directory / "definitions")

    small_files.mend(directory)

    assert small_files.undefined(directory) == [directory / "store/893/893c"]


def test_the_parts_of_a_table_are_found_by_its_definition_or_what_is_left_of_it(
    tmp_path: Path,
) -> None:
    directory = _defined(tmp_path)
    assert small_files.parts_of(directory, "events") == []
    part = directory / "store/893/893c/202611_1_4_1"
    part.mkdir()
    assert small_files.parts_of(directory, "events") == [part]
    (directory / _EVENTS).unlink()
    assert small_files.parts_of(directory, "events") == [part]
    assert small_files.parts_of(directory, "people") == []


def _defined(directory: Path) -> Path:
    """A database with a table and a view, as ClickHouse writes them."""
    for folder in ("metadata", "store/7ea/7eac", "store/893/893c"):
        (directory / folder).mkdir(parents=True)
    database = "ATTACH DATABASE _ UUID '7eac'\nENGINE = Atomic\n"
    (directory / "metadata" / "shop.sql").write_text(database)
    (directory / _EVENTS).write_text(_TABLE)
    view = "ATTACH VIEW _ UUID '5ca1'\n(\n    `n` UInt64\n)\nAS SELECT 1\n"
    (directory / "store/7ea/7eac/people.sql").write_text(view)
    (directory / "store/893/893c/format_version.txt").write_text("1")
    small_files.keep(directory)
    return directory
