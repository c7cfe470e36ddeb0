from collections.abc import Iterator

import pytest
from tests.support.identity import Rows, hand_written

from whipstitch.storage.store import Store


@pytest.fixture
def rows(store: Store, store_url: str) -> Iterator[Rows]:
    """Writes rows of people into an empty storage, and reads them."""
    with hand_written(store, store_url) as writer:
        yield writer
