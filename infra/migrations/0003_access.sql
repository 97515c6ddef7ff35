-- Who may come in. Secrets are kept as hashes only.
CREATE TABLE IF NOT EXISTS access_keys (
    key_id String,
    tenant LowCardinality(String),
    name String,
    role LowCardinality(String),
    digest String,
    vehicles Array(String),
    created_ms Int64,
    created_by String,
    expires_ms Int64,
    revoked Bool,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY key_id;

CREATE TABLE IF NOT EXISTS access_users (
    login String,
    tenant LowCardinality(String),
    name String,
    role LowCardinality(String),
    password String,
    created_ms Int64,
    disabled Bool,
    since_ms Int64,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY login;

CREATE TABLE IF NOT EXISTS access_sessions (
    digest String,
    login String,
    tenant LowCardinality(String),
    begun_ms Int64,
    expires_ms Int64,
    ended Bool,
    version UInt64
) ENGINE = ReplacingMergeTree(version)
ORDER BY digest
TTL toDateTime(intDiv(expires_ms, 1000)) + INTERVAL 1 DAY;

-- Sign-ins that failed, by a hash of the login and by address: too many lock both for a while.
CREATE TABLE IF NOT EXISTS access_failures (
    who String,
    time_ms Int64,
    id String
) ENGINE = ReplacingMergeTree
ORDER BY (who, time_ms, id)
TTL toDateTime(intDiv(time_ms, 1000)) + INTERVAL 1 DAY;

-- Who changed what.
CREATE TABLE IF NOT EXISTS audit (
    tenant LowCardinality(String),
    time_ms Int64,
    deed_id String,
    actor String,
    role LowCardinality(String),
    credential String,
    action LowCardinality(String),
    target String,
    status UInt16,
    detail String
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, time_ms, deed_id);

-- Answers to writes that carried an Idempotency-Key, kept for a day.
CREATE TABLE IF NOT EXISTS idempotent_answers (
    owner String,
    idempotency_key String,
    fingerprint String,
    status UInt16,
    media_type String,
    body String,
    time_ms Int64
) ENGINE = ReplacingMergeTree
ORDER BY (owner, idempotency_key)
TTL toDateTime(intDiv(time_ms, 1000)) + INTERVAL 1 DAY;
