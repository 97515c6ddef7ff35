-- Every version of a work order; of two writers of one version the first keeps it (highest claim).
CREATE TABLE IF NOT EXISTS work_orders (
    tenant LowCardinality(String),
    order_id String,
    version UInt64,
    vehicle_id String,
    depot LowCardinality(String),
    state LowCardinality(String),
    start DateTime64(3, 'UTC'),
    minutes UInt32,
    updated DateTime64(3, 'UTC'),
    actor String,
    claim UInt64,
    body String
) ENGINE = ReplacingMergeTree(claim)
ORDER BY (tenant, order_id, version);
