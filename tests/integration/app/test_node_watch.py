"""Which share of a limit each of several nodes has."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.command import registry_of

from whipstitch.app.node_watch import NodeWatch
from whipstitch.core.rate_limit import RateShare


def test_nodes_that_are_there_share_limits_and_those_that_are_gone_leave_theirs(
    tmp_path: Path,
) -> None:
    told: dict[str, RateShare] = {}
    now = datetime.now(UTC)
    with registry_of(tmp_path) as registry:

        def watch(name: str) -> NodeWatch:
            return NodeWatch(name, registry, lambda share: told.update({name: share}), lambda: now)

        watches = {name: watch(name) for name in ("b", "a", "c")}
        registry.join_nodes("b")
        watches["b"].look()
        assert told == {}  # all of it, as from the start

        registry.join_nodes("a")
        registry.join_nodes("c")
        for one in watches.values():
            one.look()
        assert told == {"a": RateShare(0, 3), "b": RateShare(1, 3), "c": RateShare(2, 3)}

        registry.leave_nodes("a")
        now += timedelta(seconds=9)
        watches["b"].look()
        assert told["b"] == RateShare(0, 2)

        now += timedelta(seconds=9)
        watches["c"].look()
        assert told["c"] == RateShare()  # `b` was not seen for too long


def test_one_that_is_not_listed_yet_counts_itself(tmp_path: Path) -> None:
    told: list[RateShare] = []
    with registry_of(tmp_path) as registry:
        registry.join_nodes("a")
        NodeWatch("b", registry, told.append).look()
    assert told == [RateShare(1, 2)]
