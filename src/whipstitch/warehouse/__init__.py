"""ClickHouse: clients and their threads, statements, errors, the schema. The only package that
knows the driver."""
