-- How far the fleet has moved away from what a model was trained on, by week (its Monday); drift is
-- a value outside of low to high. A later look at the same week replaces the earlier one.
CREATE TABLE IF NOT EXISTS drift (
    tenant LowCardinality(String),
    profile LowCardinality(String),
    model LowCardinality(String),
    week DateTime64(3, 'UTC'),
    kind LowCardinality(String),
    subject String,
    value Float64,
    low Float64,
    high Float64,
    drifted Bool,
    looked DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(looked)
ORDER BY (tenant, profile, model, week, kind, subject);
