"""Texts and names in statements."""

from clickhouse_connect.driver.binding import quote_identifier

__all__ = ["literal", "quote_identifier"]


def literal(text: str) -> str:
    """``text`` as it stands in a statement: on one line, for what is sent with a statement begins
    on the next."""
    text = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + text.replace("\n", "\\n").replace("\t", "\\t") + "'"
