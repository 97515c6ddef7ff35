-- What a change was about, and which of the alert's changes it was.
ALTER TABLE alert_transitions
    ADD COLUMN IF NOT EXISTS step LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS version UInt64 DEFAULT 0;

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS depot LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS assignee String DEFAULT '',
    ADD COLUMN IF NOT EXISTS muted_by String DEFAULT '',
    ADD COLUMN IF NOT EXISTS raised DateTime64(3, 'UTC') DEFAULT opened;

-- What became of every command: done, or refused with the reason.
CREATE TABLE IF NOT EXISTS alert_commands (
    tenant LowCardinality(String),
    command_id String,
    vehicle_id String,
    alert_id String,
    action LowCardinality(String),
    actor String,
    time DateTime64(3, 'UTC'),
    done Bool,
    why String
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, command_id);

-- Alerts that match are quiet from since to until; one that was ended early has an earlier until.
CREATE TABLE IF NOT EXISTS silences (
    tenant LowCardinality(String),
    silence_id String,
    matchers Map(String, String),
    since DateTime64(3, 'UTC'),
    until DateTime64(3, 'UTC'),
    actor String,
    why String,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, silence_id);
