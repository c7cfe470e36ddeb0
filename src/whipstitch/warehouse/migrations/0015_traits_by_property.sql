-- The traits again, in the order in which a question about one of them reads them: person_traits has
-- them by person. `id_key` is the hash by which people are counted. What is inserted there comes here by
-- the view below; what is deleted there is deleted here, too.
CREATE TABLE IF NOT EXISTS traits_by_property
(
    project_id LowCardinality(String),
    environment LowCardinality(String),
    property String CODEC(ZSTD(1)),
    distinct_id String CODEC(ZSTD(1)),
    id_key UInt64 CODEC(LZ4),
    value String CODEC(ZSTD(1)),
    deleted Bool,
    accepted UInt64 CODEC(Delta, ZSTD(1)),
    version UInt128 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, environment, property, distinct_id)
SETTINGS cleanup_delay_period = 1, max_cleanup_delay_period = 4, cleanup_delay_period_random_add = 1, finished_mutations_to_keep = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS traits_to_properties TO traits_by_property AS
SELECT project_id, environment, property, distinct_id, cityHash64(distinct_id) AS id_key, value, deleted,
    accepted, version
FROM person_traits
WHERE property != '';

INSERT INTO traits_by_property
    (project_id, environment, property, distinct_id, id_key, value, deleted, accepted, version)
SELECT project_id, environment, property, distinct_id, cityHash64(distinct_id), value, deleted, accepted,
    version
FROM person_traits
WHERE property != '';
