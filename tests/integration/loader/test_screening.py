"""Segments that are damaged, or no files at all."""

import os
from pathlib import Path

import pytest
from tests.support.loading import counts, emptied, loading, until
from tests.support.segments import event, write_segment

from whipstitch.core.projects import Somebody
from whipstitch.journal.dead_letters import DeadLetters
from whipstitch.journal.groups import seal_group
from whipstitch.warehouse.store import Store


def test_a_row_with_a_flipped_bit_is_kept_and_not_stored(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    groups = [seal_group([event(number) + b"\n"], 1) for number in range(5)]
    damaged = groups[2].replace(b"proj_a", b"proj_b")
    text = b"".join([*groups[:2], damaged, *groups[3:]])
    journal.mkdir()
    (journal / f"00000000000000000001-0a1b2c3d-{len(text)}.jsonl").write_bytes(text)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert store.query("SELECT project_id, count() FROM events GROUP BY 1") == [("proj_a", 4)]
    letters = DeadLetters(tmp_path / "deadletters")
    assert [file.read_bytes() for file in letters.damaged()] == [damaged]
    assert loader.stats.damaged_segments == 1
    until_all = {Somebody("proj_b", "live", "user_2"): 2**62}
    assert letters.erase(lambda _names: until_all) == 1
    assert b"user_2" not in letters.damaged()[0].read_bytes()


def test_what_is_left_of_a_segment_that_was_cut_is_stored_and_the_loss_is_told(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal"
    groups = [seal_group([event(number) + b"\n"], 1) for number in range(10)]
    text = b"".join(groups)
    journal.mkdir()
    cut = text[: len(b"".join(groups[:5])) + 100]
    (journal / f"00000000000000000001-0a1b2c3d-{len(text)}.jsonl").write_bytes(cut)
    write_segment(journal, [event(20)], 2)
    with loading(journal, store):
        until(lambda: emptied(journal))
    assert counts(store) == [(6, 6)]
    told = capsys.readouterr().out
    assert f"missing_bytes={len(text) - len(cut)}" in told
    assert "damaged_bytes=100" in told


def test_what_cannot_be_read_is_set_aside_and_holds_nothing_up(
    store: Store, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    write_segment(journal, [event(9)], 9)
    names = [f"{number:020d}-0a1b2c3d-5.jsonl" for number in range(1, 5)]
    (journal / names[0]).symlink_to("/dev/zero")
    (journal / names[1]).symlink_to(tmp_path / "nowhere")
    (journal / names[2]).mkdir()
    os.mkfifo(journal / names[3])

    with loading(journal, store):
        until(lambda: emptied(journal))

    assert counts(store) == [(1, 1)]
    assert {one.name for one in tmp_path.iterdir()} >= set(names)
