"""What a segment holds."""

from pathlib import Path

from tests.support.segments import START_MS, alias, event, trait, write_segment

from whipstitch.core.projects import Scope
from whipstitch.identity.arrivals import Arrival, arrivals
from whipstitch.identity.forest import Operation
from whipstitch.loader.insert_statements import Span
from whipstitch.loader.segment_reader import contents, together


def test_rows_are_counted_by_kind_and_spanned_by_acceptance(tmp_path: Path) -> None:
    lines = [event(9), alias(1, "a", "b"), event(4), trait(30, "u", "p", "1"), event(7)]
    held = contents(write_segment(tmp_path, lines))
    assert held.rows == {"track": 3, "alias": 1, "trait": 1}
    assert held.span == Span(START_MS * 1000 + 4, START_MS * 1000 + 9, START_MS, START_MS)
    assert held.unreadable == 0


def test_times_of_receipt_are_told_apart_from_acceptance(tmp_path: Path) -> None:
    held = contents(write_segment(tmp_path, [event(1, received=7), event(2, received=5)]))
    assert held.span == Span(START_MS * 1000 + 1, START_MS * 1000 + 2, 5, 7)


def test_text_inside_a_row_is_not_taken_for_a_row(tmp_path: Path) -> None:
    tricky = r'{"a":"\n{\"k\":\"alias\"","k":"alias","accepted":5}'
    held = contents(write_segment(tmp_path, [event(1, properties=tricky)]))
    assert held.rows == {"track": 1}
    assert held.span == Span(START_MS * 1000 + 1, START_MS * 1000 + 1, START_MS, START_MS)


def test_lines_that_are_no_rows_are_counted_as_such(tmp_path: Path) -> None:
    lines = [event(1), b'{"k":"track","accep', b'{"k":"news"}', b"[" * 5000, b'{"k":"\xff"}']
    held = contents(write_segment(tmp_path, lines))
    assert (held.rows.total(), held.unreadable) == (1, 4)


def test_an_empty_segment_holds_nothing(tmp_path: Path) -> None:
    held = contents(write_segment(tmp_path, []))
    assert (held.rows.total(), held.span, held.unreadable) == (0, Span(0, 0, 0, 0), 0)


def test_aliases_are_kept_by_scope_and_arrive_as_they_were_sent(tmp_path: Path) -> None:
    live, test = Scope("proj_a", "live"), Scope("proj_a", "test")
    lines = [
        alias(1, "a", "b"),
        alias(2, "guest", "b", refused="placeholder"),
        event(3),
        alias(4, "c", "d", environment="test", received=77),
    ]
    held = contents(write_segment(tmp_path, lines))
    assert {scope: arrivals(scope, said) for scope, said in held.named.aliases.items()} == {
        live: [
            Arrival(live, Operation(START_MS * 1000 + 1, "a", "b"), START_MS + 1, START_MS),
            Arrival(
                live,
                Operation(START_MS * 1000 + 2, "guest", "b", refused="placeholder"),
                START_MS + 2,
                START_MS,
            ),
        ],
        test: [Arrival(test, Operation(START_MS * 1000 + 4, "c", "d"), START_MS + 4, 77)],
    }


def test_segments_together_hold_what_one_of_all_their_rows_holds(tmp_path: Path) -> None:
    pieces = [
        [alias(30, "a", "b")],
        [event(9), trait(3, "u", "p", "1"), b"nonsense"],
        [event(4, project_id="proj_b"), alias(5, "c", "b")],
    ]
    parts = [
        contents(write_segment(tmp_path, lines, number)) for number, lines in enumerate(pieces)
    ]
    whole = contents(write_segment(tmp_path, [line for lines in pieces for line in lines], 9))
    assert together(parts) == whole
    assert together(parts[:1]) == parts[0]
