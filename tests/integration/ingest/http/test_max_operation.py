"""``max_operation``, in light bodies and in heavy ones."""

from pathlib import Path

import pytest
from tests.support.doors import DOORS, Door, Options, operation, serving, track

from whipstitch.core.reasons import Reason


@pytest.mark.parametrize("door", DOORS)
def test_an_operation_over_the_limit_is_refused_alone_and_dropped_in_a_batch(
    door: Door, tmp_path: Path
) -> None:
    with serving(door, tmp_path, Options(max_operation=1_000)) as served:
        for size in (2_000, 400_000):
            large = track(properties={"a": "x" * size})
            small = track(properties={"a": "x"})
            people = {"distinct_id": "user_1", "properties": {"a": "x" * size}}
            for path, body in (("track", large), ("people", people)):
                assert served.post(path, body).error == (413, "Request body too large")
            assert served.post("track", small).status == 200
            mixed = {"operations": [operation("track", **large), operation("track", **small)]}
            answer = served.post("batch", mixed)
            assert (answer.status, answer.json["operations_received"]) == (200, 1)
            alone = {"operations": [operation("track", **large), operation("people", **people)]}
            answer = served.post("batch", alone)
            assert (answer.status, answer.json["status"]) == (202, "discarded_all")
            wrong = {"operations": [operation("track", **large), operation("track")]}
            assert served.post("batch", wrong).error == (400, "Invalid track payload")
            assert [row["properties"] for row in served.new_rows()] == [{"a": "x"}] * 2
        stats = served.service.stats
        assert stats.reasons[Reason.OPERATION_TOO_LARGE] == 6
        assert stats.reasons[Reason.BODY_TOO_LARGE] == 4
        reasons = {one.cause.reason for one in served.service.rejections.take()}
        assert "operation_too_large" in reasons


def test_without_a_limit_one_may_be_as_large_as_a_body(tmp_path: Path) -> None:
    with serving("asgi", tmp_path) as served:
        assert served.post("track", track(properties={"a": "x" * 2_000_000})).status == 200
