"""How many examples a test makes up where each asks ClickHouse for a second or two."""

import os
from typing import Final

_TIMES: Final = int(os.environ.get("WHIPSTITCH_TEST_EXAMPLES", "1"))


def examples(usual: int) -> int:
    """``usual`` where all tests run; ``WHIPSTITCH_TEST_EXAMPLES`` times that for who changes what
    is tested."""
    return usual * _TIMES
