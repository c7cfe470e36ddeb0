"""Patches are worked into the partitions that have them."""

import time

from whipstitch.stitching.patches import work_in
from whipstitch.storage.store import Store

_LOOKS = 200


def test_old_patches_are_worked_into_their_partition_and_no_other(store: Store) -> None:
    for month in ("2026-01", "2026-02"):
        store.query(
            "INSERT INTO events (id, distinct_id, timestamp, received_at) "
            f"SELECT toString(number), 'anon', '{month}-03', '{month}-03' FROM numbers(10)"
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
    assert store.query(rows) == [(1, "anon", 10), (2, "anon", 9), (2, "user", 1)]
