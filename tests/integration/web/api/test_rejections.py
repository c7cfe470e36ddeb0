"""``GET /api/v1/rejections``."""

from tests.support.server import Server


def test_rejections_are_listed_by_reason_and_interval(server: Server) -> None:
    nobody = {"event_name": "rejections", "distinct_id": "1"}
    for _ in range(3):
        assert server.send("/api/v1/track", nobody).status_code == 202
    asked = {"interval": "hour"}

    def lines() -> list[dict[str, object]]:
        found: list[dict[str, object]] = server.get("/api/v1/rejections", asked).json()[
            "rejections"
        ]
        return [one for one in found if one["endpoint"] == "track"]

    server.wait_until(lambda: any(one["reason"] == "garbage_id" for one in lines()))
    answer = server.get("/api/v1/rejections", asked).json()
    (line,) = (one for one in lines() if one["reason"] == "garbage_id")
    assert line["outcome"] == "discarded"
    assert line["hint"]
    values = line["values"]
    assert isinstance(values, list)
    assert len(values) == len(answer["intervals"]) > 24 * 30
    assert sum(values[-2:]) == line["total"]
    assert isinstance(line["total"], int)
    assert line["total"] >= 3  # others send to this server, too


def test_an_interval_that_nobody_knows_is_refused(server: Server) -> None:
    answer = server.get("/api/v1/rejections", {"interval": "minute"})
    assert answer.status_code == 400
    assert "interval" in answer.json()["error"]
