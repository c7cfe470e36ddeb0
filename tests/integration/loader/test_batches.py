"""Which segments are stored together."""

from pathlib import Path

from tests.support.loading import counts, emptied, loading, until
from tests.support.segments import alias, event, trait, write_segment

from whipstitch.warehouse.store import Store


def test_many_small_segments_go_in_few_inserts(store: Store, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for number in range(1, 301):
        lines = [event(number), trait(number, "u", "p", "1"), alias(number, f"a{number}", "u")]
        write_segment(journal, lines, number)
    with loading(journal, store) as loader:
        until(lambda: emptied(journal))
    assert counts(store) == [(300, 300)]
    assert loader.stats.rows == {"track": 300, "trait": 300, "alias": 300}
    assert sum(loader.stats.seconds.counts) <= 3
