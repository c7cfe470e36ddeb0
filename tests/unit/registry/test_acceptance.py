"""The watermark of a node that is alone; with others: ``tests/integration/registry``."""

from whipstitch.registry.acceptance import Acceptance


def test_it_goes_on_where_nothing_waits_any_more() -> None:
    acceptance = Acceptance()
    acceptance.join()
    acceptance.reached(5, acceptance.look())
    assert acceptance.current().until == acceptance.own == 5
    acceptance.reached(3, acceptance.look())
    assert acceptance.current().until == 5


def test_a_row_below_it_or_below_a_summary_is_late() -> None:
    acceptance = Acceptance()
    acceptance.join()
    acceptance.reached(5, acceptance.look())
    assert acceptance.is_late(5)
    assert not acceptance.is_late(6)
    acceptance.summarized(9)
    assert acceptance.is_late(9)


def test_a_row_that_is_late_takes_it_back() -> None:
    acceptance = Acceptance()
    acceptance.join()
    acceptance.reached(5, acceptance.look())
    before = acceptance.current()
    acceptance.take_back(2)
    assert acceptance.current().until == 2
    assert acceptance.current().state != before.state
    # A summary that is being made may still cover it.
    assert acceptance.is_late(5)


def test_a_look_that_began_before_a_row_came_late_does_not_count() -> None:
    acceptance = Acceptance()
    acceptance.join()
    look = acceptance.look()
    acceptance.take_back(2)
    acceptance.reached(9, look)
    assert acceptance.current().until == 0
    acceptance.reached(9, acceptance.look())
    assert acceptance.current().until == 9
