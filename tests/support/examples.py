"""How many examples a test makes up where each asks ClickHouse for a second or two."""

import os
from typing import Final

VARIABLE: Final = "WHIPSTITCH_TEST_EXAMPLES"
_TIMES: Final = int(os.environ.get(VARIABLE, "1"))


def examples(usual: int) -> int:
    """``usual`` where all tests run, the same each time; ``WHIPSTITCH_TEST_EXAMPLES`` times that,
    and others each time, for who changes what is tested."""
    return usual * _TIMES
