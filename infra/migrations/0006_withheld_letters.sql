-- Refusals that got no dead letter of their own because there were too many: how many in a minute
-- of the broker's time, and the offsets of the log (ends excluded) where their bytes stand.
CREATE TABLE IF NOT EXISTS withheld_letters (
    topic String,
    partition Int32,
    minute DateTime64(3, 'UTC'),
    count UInt64,
    bytes UInt64,
    reasons Map(String, UInt64),
    starts Array(Int64),
    ends Array(Int64)
) ENGINE = ReplacingMergeTree(count)
ORDER BY (topic, partition, minute);
