-- VINs are kept as a keyed hash, their last four characters, and sealed.
ALTER TABLE vehicles
    ADD COLUMN IF NOT EXISTS vin_hash String DEFAULT '',
    ADD COLUMN IF NOT EXISTS vin_last4 String DEFAULT '',
    ADD COLUMN IF NOT EXISTS vin_sealed String DEFAULT '',
    DROP COLUMN IF EXISTS vin;

-- Which secret sealed the VINs of this store, by its fingerprint.
CREATE TABLE IF NOT EXISTS vin_keys (
    name String,
    fingerprint String
) ENGINE = ReplacingMergeTree
ORDER BY name;
