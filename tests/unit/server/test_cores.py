from whipstitch.server.cores import Cores


class Machine:
    def __init__(self) -> None:
        self.now = 100.0
        self.requests = 0
        self.left: list[bool] = []
        self.cores = Cores(lambda: self.requests, self.left.append, lambda: self.now)

    def look(self, requests: int, seconds: float = 0.125) -> bool:
        """Whether a core is left to the event loop after so many more requests."""
        self.requests += requests
        self.now += seconds
        self.cores.look()
        return self.left[-1]


def test_a_core_is_left_as_soon_as_many_requests_come() -> None:
    machine = Machine()
    assert not machine.look(0)
    assert machine.look(50)


def test_those_of_the_last_second_are_counted_together() -> None:
    machine = Machine()
    assert not any(machine.look(6) for _ in range(8))
    assert machine.look(8)


def test_a_few_now_and_then_are_not_worth_a_core() -> None:
    machine = Machine()
    assert not any(machine.look(6) for _ in range(100))


def test_a_look_that_is_late_counts_requests_a_second() -> None:
    assert not Machine().look(240, seconds=5)
    assert Machine().look(250, seconds=5)


def test_it_is_taken_back_ten_seconds_after_the_last_of_them() -> None:
    machine = Machine()
    machine.look(1_000)
    assert machine.look(0, seconds=9)
    assert not machine.look(0, seconds=1)
    assert machine.look(1_000)
