-- What was asked to be erased. `state` goes from `asked` (recorded) over `running` (no read shows it
-- any more) to `done` (gone from the disk); of an erasure's rows the last `step` holds. `ids` and
-- `events` count what went.
CREATE TABLE IF NOT EXISTS erasures
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    id String,
    accepted UInt64,
    ids UInt64,
    events UInt64,
    state LowCardinality(String),
    step UInt8,
    asked_at DateTime64(3, 'UTC'),
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (project_id, environment, id);

-- Whose rows, accepted up to `accepted`, are not to be stored any more: what was on its way when they
-- were erased goes, too. The id would be a trace of them: `key` is its hash, within the scope.
CREATE TABLE IF NOT EXISTS person_erasures
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    key String,
    accepted UInt64,
    erasure String
)
ENGINE = MergeTree
ORDER BY (project_id, environment, key);

-- Parts that were replaced are looked for more often than each 30 to 300 seconds: an erasure is done
-- when they are deleted.
ALTER TABLE events MODIFY SETTING cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
ALTER TABLE person_traits MODIFY SETTING cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
ALTER TABLE person_aliases MODIFY SETTING cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
ALTER TABLE person_ids MODIFY SETTING cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
ALTER TABLE person_moves MODIFY SETTING cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
