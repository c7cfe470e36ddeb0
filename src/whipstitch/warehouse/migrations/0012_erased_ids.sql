-- What person_erasures held, under another key (see stitching/seal.py): `key` is a hash that nobody
-- can make without the secret whose name is `sealed_by`. At the next start the rows of the table
-- before are sealed and brought over, and it is dropped (stitching/erasures.py).
CREATE TABLE IF NOT EXISTS erased_ids
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    key String,
    sealed_by LowCardinality(String),
    accepted UInt64,
    erasure String
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, environment, key, erasure);

-- ClickHouse keeps the statements of mutations, and those of an erasure name hashes of ids. An erasure
-- is done when its statements are gone: each table keeps only its last one, which names nobody.
ALTER TABLE person_traits MODIFY SETTING finished_mutations_to_keep = 1;
ALTER TABLE person_aliases MODIFY SETTING finished_mutations_to_keep = 1;
ALTER TABLE person_ids MODIFY SETTING finished_mutations_to_keep = 1;
ALTER TABLE person_moves MODIFY SETTING finished_mutations_to_keep = 1;
ALTER TABLE cohort_members MODIFY SETTING finished_mutations_to_keep = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1;
