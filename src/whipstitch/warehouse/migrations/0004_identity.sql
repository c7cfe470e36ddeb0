-- Aliases as they were accepted, the undone and refused ones among them: what is in force is decided
-- by replaying them in the order of acceptance. An operator's undo is a row, too. The loader leaves
-- out what only repeats an alias that is stored, so that merges need not: with the acceptance in
-- `number`, they would take the same alias before and after an undo for one.
ALTER TABLE person_aliases
    ADD COLUMN IF NOT EXISTS undo Bool,
    ADD COLUMN IF NOT EXISTS inserted DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS number UInt64 CODEC(Delta, ZSTD(1)),
    MODIFY ORDER BY (project_id, environment, alias_id, distinct_id, refused, number);
ALTER TABLE person_aliases MATERIALIZE COLUMN inserted;

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
