-- Frames reduced to statistics: arrays in the order of the profile's signals, count 0 = missing.
CREATE TABLE IF NOT EXISTS summaries (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    vehicle_id String,
    time DateTime64(3, 'UTC'),
    seq UInt64,
    count Array(Float32),
    mean Array(Float32),
    std Array(Float32),
    min Array(Float32),
    max Array(Float32),
    last Array(Float32)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant, profile, vehicle_id, time, seq);

CREATE TABLE IF NOT EXISTS events (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    vehicle_id String,
    time DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    code String,
    detail Map(String, String)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant, profile, vehicle_id, time, kind, code);

-- Feature vectors as scored; `names_id` names the row of feature_names that holds the columns.
CREATE TABLE IF NOT EXISTS features (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    vehicle_id String,
    time DateTime64(3, 'UTC'),
    trigger LowCardinality(String),
    names_id LowCardinality(String),
    values Array(Float32)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant, profile, vehicle_id, time, trigger);

CREATE TABLE IF NOT EXISTS feature_names (
    names_id String,
    profile LowCardinality(String),
    names Array(String)
) ENGINE = ReplacingMergeTree
ORDER BY names_id;

-- Risk as scored: arrays in the order of `modes`. rul is NaN where the profile has none.
CREATE TABLE IF NOT EXISTS risk (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    vehicle_id String,
    time DateTime64(3, 'UTC'),
    model LowCardinality(String),
    modes Array(LowCardinality(String)),
    risk_7 Array(Float32),
    risk_30 Array(Float32),
    risk_90 Array(Float32),
    rul Float32,
    rul_low Float32,
    rul_high Float32
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant, profile, vehicle_id, time);

-- The newest risk of every vehicle and mode.
CREATE TABLE IF NOT EXISTS risk_current (
    tenant LowCardinality(String),
    vehicle_id String,
    mode LowCardinality(String),
    profile LowCardinality(String),
    time DateTime64(3, 'UTC'),
    model LowCardinality(String),
    risk_7 Float32,
    risk_30 Float32,
    risk_90 Float32,
    rul Float32,
    rul_low Float32,
    rul_high Float32
) ENGINE = ReplacingMergeTree(time)
ORDER BY (tenant, vehicle_id, mode);

CREATE TABLE IF NOT EXISTS vehicles (
    tenant LowCardinality(String),
    vehicle_id String,
    profile LowCardinality(String),
    vin String,
    plate String,
    model String,
    depot String,
    time DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(time)
ORDER BY (tenant, vehicle_id);

-- `body` is the whole alert as JSON (contracts/alerts.py); the columns are for finding it.
CREATE TABLE IF NOT EXISTS alerts (
    tenant LowCardinality(String),
    alert_id String,
    profile LowCardinality(String),
    vehicle_id String,
    mode LowCardinality(String),
    condition LowCardinality(String),
    state LowCardinality(String),
    severity LowCardinality(String),
    opened DateTime64(3, 'UTC'),
    updated DateTime64(3, 'UTC'),
    risk_30 Float32,
    at_stake Float64,
    version UInt64,
    body String
) ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, alert_id);

CREATE TABLE IF NOT EXISTS alert_transitions (
    tenant LowCardinality(String),
    alert_id String,
    time DateTime64(3, 'UTC'),
    vehicle_id String,
    mode LowCardinality(String),
    actor String,
    before LowCardinality(String),
    after LowCardinality(String),
    why String
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, alert_id, time, before, after);

-- Where refused bytes stand; the bytes themselves are in the `dead-letters` topic.
CREATE TABLE IF NOT EXISTS dead_letters (
    time DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    detail String,
    topic String,
    partition Int32,
    offset Int64,
    bytes UInt64
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, reason, detail);
