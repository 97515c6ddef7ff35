"""Kafka, ClickHouse, snapshots and the embedded broker and store."""
