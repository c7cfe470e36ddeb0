"""A ClickHouse server of our own: a child process with its data in a directory."""
