-- How the platform went: a reading a minute by every API process. `frames` are rows of summaries,
-- `behind` messages that some group had not taken yet, `newest` the newest score's event time.
CREATE TABLE IF NOT EXISTS pulse (
    time DateTime64(3, 'UTC'),
    frames UInt64,
    behind UInt64,
    newest DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY time
TTL toDateTime(time) + INTERVAL 7 DAY;
