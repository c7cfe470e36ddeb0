"""``GET /api/v1/rejections``."""

from typing import Any

from tests.support.server import Server


def test_rejections_are_listed_by_reason_and_interval(server: Server) -> None:
    nobody = {"event_name": "rejections", "distinct_id": "1"}
    for _ in range(3):
        assert server.send("/api/v1/track", nobody).status_code == 202
    asked = {"interval": "hour"}

    def lines(answer: dict[str, Any]) -> list[dict[str, Any]]:
        found = ("track", "garbage_id")
        return [one for one in answer["rejections"] if (one["endpoint"], one["reason"]) == found]

    def ask() -> dict[str, Any]:
        answered: dict[str, Any] = server.get("/api/v1/rejections", asked).json()
        return answered

    # They may be kept at two times; others send to this server, too.
    server.wait_until(lambda: sum(one["total"] for one in lines(ask())) >= 3)
    answer = ask()
    (line,) = lines(answer)
    assert line["outcome"] == "discarded"
    assert line["hint"]
    values = line["values"]
    assert isinstance(values, list)
    assert len(values) == len(answer["intervals"]) > 24 * 30
    assert sum(values[-2:]) == line["total"]
    assert isinstance(line["total"], int)


def test_an_interval_that_nobody_knows_is_refused(server: Server) -> None:
    answer = server.get("/api/v1/rejections", {"interval": "minute"})
    assert answer.status_code == 400
    assert "interval" in answer.json()["error"]
