"""Several pieces of work that wait for others, done at one time."""

import threading
from collections.abc import Callable, Sequence


def side_by_side(name: str, works: Sequence[Callable[[], None]]) -> list[Exception | None]:
    """Does each, the last on this thread and the others on threads called ``name``, which do not
    keep the process from ending. Returns what each raised, once all are done."""
    failed: list[Exception | None] = [None] * len(works)

    def attempt(number: int) -> None:
        try:
            works[number]()
        except Exception as error:
            failed[number] = error

    *others, last = range(len(works)) if works else (None,)
    threads = [
        threading.Thread(target=attempt, args=(number,), name=f"{name}-{number}", daemon=True)
        for number in others
    ]
    for thread in threads:
        thread.start()
    if last is not None:
        attempt(last)
    for thread in threads:
        thread.join()
    return failed
