"""Bodies that are small as JSON and immense as objects."""

from pathlib import Path

from tests.support.doors import Options, post, serving, track


def test_millions_of_numbers_for_operations_cost_no_memory(
    tmp_path: Path,
) -> None:
    body = b'{"operations":[' + b"1," * 12_000_000 + b"1]}"
    with serving("asgi", tmp_path, Options(max_body=25_000_000)) as served:
        answer = served.ask(post("batch", body))

        assert answer.status == 400
        assert served.post("track", track()).status == 200
