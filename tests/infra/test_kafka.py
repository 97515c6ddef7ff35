import pytest
from kafka import TopicPartition

from contracts.codec import decode_message, make_frame
from infra.kafka import RecordProducer, partition_of
from infra.kafka_clients import open_consumer
from infra.offsets import topic_offsets

pytestmark = pytest.mark.stack


def frame(vehicle, seq):
    return make_frame(
        profile="p",
        vehicle_id=vehicle,
        seq=seq,
        start_ms=seq,
        signals=[1],
        offsets_ms=[0],
        samples=[[1.0]],
    )


def read_all(connection, topic, count):
    consumer = open_consumer(connection)
    try:
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        consumer.assign(places)
        found = []
        while len(found) < count:
            batches = consumer.poll(timeout_ms=5000)
            assert batches, f"{len(found)} of {count} messages"
            found += [message for batch in batches.values() for message in batch]
        return found
    finally:
        consumer.close()


def test_a_vehicles_records_keep_their_order_in_their_partition(stack):
    kafka = stack.fresh().broker()
    with RecordProducer(kafka, max_records=7) as producer:
        for seq in range(50):
            producer.send([frame(f"V{n:04d}", seq) for n in range(20)])
        producer.flush()
        messages = topic_offsets(kafka)["telemetry"].messages
    seen = {}
    for message in read_all(kafka, kafka.topic("telemetry"), messages):
        records = decode_message(message.value)
        assert len(records) <= 7
        assert message.key == records[0].vehicle_id.encode()
        for record in records:
            assert partition_of(record.vehicle_id, 8) == message.partition
            seen.setdefault(record.vehicle_id, []).append(record.seq)
    assert seen == {f"V{n:04d}": list(range(50)) for n in range(20)}
