-- The newest risk of every vehicle, all its modes in one row. `risk_current` had a row a mode: as many
-- times more rows to write, merge and rank (docs/decisions/0010-speed.md).
CREATE TABLE IF NOT EXISTS current_risk (
    tenant LowCardinality(String),
    vehicle_id String,
    profile LowCardinality(String),
    time DateTime64(3, 'UTC'),
    model LowCardinality(String),
    modes Array(LowCardinality(String)),
    risk_7 Array(Float32),
    risk_30 Array(Float32),
    risk_90 Array(Float32),
    rul Float32,
    rul_low Float32,
    rul_high Float32
) ENGINE = ReplacingMergeTree(time)
ORDER BY (tenant, vehicle_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS risk_to_current_risk TO current_risk AS
SELECT tenant, vehicle_id, profile, time, model, modes, risk_7, risk_30, risk_90,
    rul, rul_low, rul_high
FROM risk;

-- From the history, so that it may be done twice.
INSERT INTO current_risk
SELECT tenant, vehicle_id, newest.1, newest.2, newest.3, newest.4, newest.5, newest.6, newest.7,
    newest.8, newest.9, newest.10
FROM (
    SELECT tenant, vehicle_id, argMax(tuple(profile, time, model, modes, risk_7, risk_30, risk_90,
        rul, rul_low, rul_high), time) AS newest
    FROM risk GROUP BY tenant, vehicle_id
);

DROP TABLE IF EXISTS risk_current;
