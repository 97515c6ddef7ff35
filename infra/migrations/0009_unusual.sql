-- How unusual vehicles are of a fleet of which nothing has failed yet; never a probability. `rank` is
-- the share of training rows that were less unusual, `signals` those that say so most, with their
-- distances.
CREATE TABLE IF NOT EXISTS unusual (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    vehicle_id String,
    time DateTime64(3, 'UTC'),
    model LowCardinality(String),
    score Float32,
    rank Float32,
    signals Array(LowCardinality(String)),
    distances Array(Float32)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant, profile, vehicle_id, time);
