"""Every error that Whipstitch raises on purpose. The docstring of a class says what it means;
the message of an instance says what to do. Edges translate them once, into an exit code or an
HTTP answer."""


class WhipstitchError(Exception):
    """Something that a person can mend: the message says how."""


class SettingsError(WhipstitchError):
    """A setting has a value that cannot be used."""


class RegistryError(WhipstitchError):
    """A project, key, token or user cannot be read or changed as asked."""


class RegistryUnavailable(RegistryError):
    """The registry's database does not answer."""


class UnknownCohort(RegistryError):
    """There is no such cohort where it was looked for."""


class UnknownQuestion(RegistryError):
    """There is no such saved question where it was looked for: ``question_id``."""

    def __init__(self, message: str, question_id: str) -> None:
        super().__init__(message)
        self.question_id = question_id


class UnknownBoard(RegistryError):
    """There is no such board where it was looked for."""


class UnknownMeaning(RegistryError):
    """Nothing is said of such a name."""


class NameInUse(RegistryError):
    """A virtual name cannot be deleted while something refers to it."""


class CohortInUse(RegistryError):
    """A cohort cannot be deleted while others refer to it."""


class StorageError(WhipstitchError):
    """ClickHouse did not do what was asked."""


class StorageUnavailable(StorageError):
    """ClickHouse does not answer, or has no room: the same call may succeed later."""


class ShardAway(StorageUnavailable):
    """The rows of some shards are stored, those of others are not: they do not answer."""


class StorageUnreachable(StorageUnavailable):
    """ClickHouse cannot be reached, or went away before it answered."""


class StorageRefused(StorageError):
    """ClickHouse read the data and will not take it: repeating the call changes nothing.

    ``detail`` may quote the data. It is for the operator's files, never for a log."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class TooManyRefused(StorageError):
    """ClickHouse refuses nearly all rows: it is not the rows that are at fault."""


class MendingDied(StorageUnavailable):
    """The process that was mending rows has ended."""


class QueryLimit(StorageUnavailable):
    """A query met one of the limits that protect the server: asked for less, it is answered."""


class QueryTimedOut(QueryLimit):
    """The query took longer than a query may."""


class QueryTooLarge(QueryLimit):
    """The query needs more memory, or has a larger result, than a query may."""


class PatternRefused(StorageError):
    """ClickHouse cannot use a regular expression of a query, ``pattern``; the message says why."""

    def __init__(self, message: str, pattern: str) -> None:
        super().__init__(message)
        self.pattern = pattern


class QueryCancelled(StorageUnavailable):
    """The query was ended because nobody waits for its answer."""


class InvalidQuery(WhipstitchError):
    """What is asked cannot be: ``field`` is the path of the value at fault, such as
    ``events[0].filters[1].operator``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class JournalError(WhipstitchError):
    """The journal cannot be opened or written."""


class DemoError(WhipstitchError):
    """The demo cannot begin or go on."""


class HistoryError(WhipstitchError):
    """A file cannot be imported, or the import cannot go on."""
