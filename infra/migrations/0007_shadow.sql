-- Risk by a shadow, scored beside the champion's row of the same vehicle and time in `risk`. The
-- model is part of the key: one shadow after the other may have scored the same history.
CREATE TABLE IF NOT EXISTS risk_shadow (
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
ORDER BY (tenant, profile, vehicle_id, time, model);
