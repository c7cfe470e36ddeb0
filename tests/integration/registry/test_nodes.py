"""The nodes of an installation, and the watermark that they have together."""

from whipstitch.registry.acceptance import Acceptance
from whipstitch.registry.store import Registry


def test_the_watermark_is_that_of_the_last_node(url: str) -> None:
    with Registry.open(url) as registry:
        one, other = Acceptance("one", registry), Acceptance("other", registry)
        one.join()
        one.reached(9, one.look())
        assert other.current().until == 9
        other.join()
        assert one.current().until == 0
        other.reached(7, other.look())
        assert one.current().until == other.current().until == 7
        other.leave()
        assert one.current().until == 9


def test_a_node_that_was_killed_holds_it_and_goes_on_where_it_was(url: str) -> None:
    with Registry.open(url) as registry:
        one, other = Acceptance("one", registry), Acceptance("other", registry)
        for node in (one, other):
            node.join()
            node.reached(5, node.look())
        one.reached(9, one.look())
        before = one.current()
        assert before.until == 5
        again = Acceptance("other", registry)
        again.join()
        assert again.own == one.current().until == 5
        assert one.current().state != before.state
        assert again.is_late(5)


def test_a_node_that_takes_it_back_tells_the_others(url: str) -> None:
    with Registry.open(url) as registry:
        one, other = Acceptance("one", registry), Acceptance("other", registry)
        for node in (one, other):
            node.join()
            node.reached(5, node.look())
        before = other.current()
        one.take_back(3)
        assert other.current().until == 3
        assert other.current().state != before.state


def test_nodes_are_listed_by_name(url: str) -> None:
    with Registry.open(url) as registry:
        for name in ("b", "a"):
            registry.join_nodes(name)
        registry.report_stored("a", 4)
        assert [(one.name, one.until) for one in registry.list_nodes()] == [("a", 4), ("b", 0)]
        assert registry.leave_nodes("a")
        assert not registry.leave_nodes("a")
