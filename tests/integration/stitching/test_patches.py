"""Patches are worked into the partitions that have them."""

import time

from whipstitch.stitching.patches import work_in
from whipstitch.storage.store import Store

_LOOKS = 200


def test_old_patches_are_worked_into_their_partition_and_no_other(store: Store) -> None:
    for month in ("2026-01", "2026-02"):
        store.query(
            "INSERT INTO events (id, distinct_id, timestamp, received_at) "
            f"SELECT toString(number), 'anon', '{month}-03', '{month}-03' FROM numbers(100)"
        )
    store.query("OPTIMIZE TABLE events FINAL")
    update = "UPDATE events SET distinct_id = 'user' WHERE id = '7' AND toMonth(timestamp) = 2"
    store.at_leisure(lambda client: client.command(update)).result()

    young = store.at_leisure(work_in).result()
    old = store.at_leisure(lambda client: work_in(client, seconds=-2)).result()

    assert (young, old) == ([], ["202602"])
    for _ in range(_LOOKS):
        if not store.at_leisure(lambda client: work_in(client, seconds=-2)).result():
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the patch is still beside the data")
    rows = "SELECT toMonth(timestamp), distinct_id, count() FROM events GROUP BY ALL ORDER BY ALL"
    assert store.query(rows) == [(1, "anon", 100), (2, "anon", 99), (2, "user", 1)]


def test_many_patches_do_not_wait(store: Store) -> None:
    store.query(
        "INSERT INTO events (id, distinct_id, timestamp, received_at) "
        "SELECT toString(number), 'anon', '2026-03-03', '2026-03-03' FROM numbers(100)"
    )
    store.query("OPTIMIZE TABLE events FINAL")
    update = "UPDATE events SET distinct_id = 'user' WHERE toUInt8(id) < 5"
    store.at_leisure(lambda client: client.command(update)).result()
    assert store.at_leisure(work_in).result() == ["202603"]
