"""The schema's files."""

from whipstitch.warehouse.migrate import migrations


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_comments_are_no_statements() -> None:
    assert not any("--" in text for m in migrations() for text in m.statements)
