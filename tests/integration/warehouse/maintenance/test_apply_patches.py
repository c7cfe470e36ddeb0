"""Patches are worked into the partitions that have them."""

from tests.support.stitching import until

from whipstitch.warehouse.maintenance.apply_patches import mutations_run, work_in
from whipstitch.warehouse.store import Store

_MONTHS = ("2026-01", "2026-02")
_PATCHED = "SELECT DISTINCT _part FROM events WHERE distinct_id = 'user'"


def _fill(store: Store) -> None:
    for month in _MONTHS:
        store.query(
            "INSERT INTO events (id, distinct_id, timestamp, received_at) "
            f"SELECT toString(number), 'anon', '{month}-03', '{month}-03' FROM numbers(100)"
        )
    store.query("OPTIMIZE TABLE events FINAL")


def _update(store: Store, id_: str) -> None:
    update = f"UPDATE events SET distinct_id = 'user' WHERE id = '{id_}' AND toMonth(timestamp) = 2"
    store.run_in_background(lambda client: client.command(update)).result()


def test_patches_are_worked_into_their_partition_at_once_and_into_no_other(store: Store) -> None:
    _fill(store)
    untouched = store.run_in_background(work_in).result()
    _update(store, "7")

    asked = store.run_in_background(work_in).result()

    assert (untouched, asked) == ({}, {"202602": 100})
    until(lambda: not store.run_in_background(mutations_run).result())
    assert store.run_in_background(work_in).result() == {}
    rows = "SELECT toMonth(timestamp), distinct_id, count() FROM events GROUP BY ALL ORDER BY ALL"
    assert store.query(rows) == [(1, "anon", 100), (2, "anon", 99), (2, "user", 1)]
    unpatched = store.query(f"{_PATCHED} SETTINGS apply_patch_parts = 0")
    assert unpatched == store.query(_PATCHED) != []


def test_no_more_is_asked_for_while_clickhouse_is_still_at_it(store: Store) -> None:
    _fill(store)
    _update(store, "7")
    store.query("SYSTEM STOP MERGES events")
    try:
        assert store.run_in_background(work_in).result() == {"202602": 100}
        _update(store, "8")
        assert store.run_in_background(work_in).result() == {}
    finally:
        store.query("SYSTEM START MERGES events")
    until(lambda: not store.run_in_background(mutations_run).result())
    assert store.run_in_background(work_in).result() in ({"202602": 100}, {})
    until(lambda: not store.run_in_background(mutations_run).result())
    assert store.query("SELECT count() FROM events WHERE distinct_id = 'user'") == [(2,)]
