"""From the journal's segments into ClickHouse: each row once, whatever is killed on the way."""
