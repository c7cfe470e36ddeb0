from collections.abc import Iterator

import pytest
from tests.support.identity import Rows, hand_written
from tests.support.reference import Worlds, worlds_in

from whipstitch.storage.store import Store


@pytest.fixture
def rows(store: Store, store_url: str) -> Iterator[Rows]:
    """Writes rows of people into an empty storage, and reads them."""
    with hand_written(store, store_url) as writer:
        yield writer


@pytest.fixture(scope="module")
def worlds(chdb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """An embedded storage for worlds to be asked about."""
    with worlds_in(chdb_url, tmp_path_factory.mktemp("worlds")) as opened:
        yield opened
