-- Aliases as they were accepted, the undone and refused ones among them: what is in force is decided
-- by replaying them in the order of (accepted, alias_id, distinct_id). An operator's undo is a row,
-- too. The loader leaves out what only repeats an alias that is stored.
-- (The first shape of this table merged repeats, and with them an alias that came again after its
-- undo. It is replaced so that each statement may be repeated.)
DROP TABLE IF EXISTS person_aliases_new;
CREATE TABLE person_aliases_new
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    alias_id String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    refused LowCardinality(String),
    undo Bool,
    timestamp DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    accepted UInt64 CODEC(Delta, ZSTD(1)),
    inserted DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX by_distinct_id distinct_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_inserted inserted TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (project_id, environment, alias_id, accepted)
SETTINGS index_granularity = 1024;
INSERT INTO person_aliases_new (project_id, environment, alias_id, distinct_id, refused, timestamp, accepted)
SELECT project_id, environment, alias_id, distinct_id, refused, timestamp, accepted FROM person_aliases;
EXCHANGE TABLES person_aliases AND person_aliases_new;
DROP TABLE person_aliases_new;

-- Every id that has a parent, resolved: `person` is the end of its chain. `since` is the acceptance
-- of the alias in force.
CREATE TABLE IF NOT EXISTS person_ids
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    id String CODEC(ZSTD(1)),
    parent String CODEC(ZSTD(1)),
    person String CODEC(ZSTD(1)),
    since UInt64 CODEC(Delta, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8,
    INDEX by_person person TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, environment, id)
SETTINGS index_granularity = 1024;

-- What is still to be rewritten in events: rows that have `id` in the column `stands_in` are
-- `person`'s. Of rows for one id the highest version holds. Deleted when the rows are rewritten.
CREATE TABLE IF NOT EXISTS person_moves
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    stands_in LowCardinality(String),
    id String CODEC(ZSTD(1)),
    person String CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (project_id, environment, stands_in, id);

-- The generations of the person map, which is made of person_moves: a Join table each, named after
-- its number (none where nothing waits), and the scopes that it concerns.
CREATE TABLE IF NOT EXISTS person_maps
(
    number UInt64,
    rows UInt64,
    merged Array(Tuple(String, String)),
    split Array(Tuple(String, String)),
    made_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY number;
