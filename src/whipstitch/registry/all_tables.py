"""All of the registry's tables, whichever module they stand in."""

from typing import Final

from sqlalchemy import MetaData

from whipstitch.registry.board_tables import BoardRow
from whipstitch.registry.meaning_tables import MeaningRow
from whipstitch.registry.tables import Base

METADATA: Final[MetaData] = Base.metadata
MODULES: Final = (BoardRow, MeaningRow)
"""Each has registered the tables of its module."""
