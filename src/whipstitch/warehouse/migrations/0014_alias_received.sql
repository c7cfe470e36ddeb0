-- When an alias was received. `accepted` only tells an order: it stays ahead where the clock was once.
ALTER TABLE person_aliases
    ADD COLUMN IF NOT EXISTS received DateTime64(3, 'UTC')
    DEFAULT fromUnixTimestamp64Milli(toInt64(intDiv(accepted, 1000)), 'UTC') CODEC(Delta, ZSTD(1));

CREATE OR REPLACE VIEW sql_aliases SQL SECURITY INVOKER AS
SELECT
    linked.environment AS environment,
    linked.id AS alias_id,
    linked.parent AS parent_id,
    linked.person AS distinct_id,
    -- Whoever asks may have set join_use_nulls.
    if(
        ifNull(said.number, 0) = 0,
        fromUnixTimestamp64Milli(toInt64(intDiv(linked.since, 1000)), 'UTC'),
        assumeNotNull(said.at)
    ) AS created_at,
    linked.project_id AS project_id
FROM
(
    SELECT
        project_id, environment, id,
        argMax(parent, version) AS parent,
        argMax(person, version) AS person,
        argMax(since, version) AS since
    FROM person_ids
    GROUP BY project_id, environment, id
    HAVING NOT argMax(is_deleted, version)
) AS linked
LEFT JOIN
(
    SELECT project_id, environment, alias_id, accepted AS number, min(received) AS at
    FROM person_aliases
    GROUP BY project_id, environment, alias_id, accepted
) AS said
    ON said.project_id = linked.project_id AND said.environment = linked.environment
    AND said.alias_id = linked.id AND said.number = linked.since;
