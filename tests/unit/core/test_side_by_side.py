import threading

from whipstitch.core.side_by_side import side_by_side


def test_works_run_at_one_time_and_what_each_raised_is_told_in_their_order() -> None:
    everybody_is_there = threading.Barrier(3, timeout=10)
    problem = ValueError("second")

    def succeed() -> None:
        everybody_is_there.wait()

    def fail() -> None:
        everybody_is_there.wait()
        raise problem

    assert side_by_side("test", [succeed, fail, succeed]) == [None, problem, None]


def test_one_work_needs_no_thread_and_no_work_none() -> None:
    names: list[str] = []
    assert side_by_side("test", [lambda: names.append(threading.current_thread().name)]) == [None]
    assert names == [threading.current_thread().name]
    assert side_by_side("test", []) == []
