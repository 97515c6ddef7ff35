"""Recorded logs through Kafka as if they came live."""
