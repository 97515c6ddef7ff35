"""Messages to records; what can't be decoded becomes a dead letter with its original bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from app.flow.message import Incoming
from contracts.batches import Ints
from contracts.codec import DecodeError, decode_message, encode_message
from contracts.dead_letters import DeadLetter, Reason
from contracts.records import Record
from features.refusal import Refusal


@dataclass
class Decoded:
    """Records in the order of their messages; `ends[i]` is where message `i` ends among them."""

    messages: list[Incoming] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)

    def broker_ms(self) -> Ints:
        """The broker's timestamp of each record's message."""
        times = np.array([message.time_ms for message in self.messages], np.int64)
        return np.repeat(times, np.diff(self.ends, prepend=0)) if self.ends else times


def decode(messages: Sequence[Incoming], topic: str) -> Decoded:
    """Decode each message; `topic` is the name that dead letters give as their origin."""
    found = Decoded()
    for message in messages:
        try:
            records = decode_message(message.payload)
        except DecodeError as error:
            letter = _letter(error.reason, error.detail, topic, message, message.payload)
            found.letters.append(letter)
            continue
        found.records += records
        found.messages.append(message)
        found.ends.append(len(found.records))
    return found


def refused_letters(decoded: Decoded, refusals: Sequence[Refusal], topic: str) -> list[DeadLetter]:
    """Dead letters of refused records, each as a message of its own that can be replayed."""
    letters = []
    for refusal in refusals:
        place = int(np.searchsorted(decoded.ends, refusal.index, side="right"))
        message = decoded.messages[place]
        begin = decoded.ends[place - 1] if place else 0
        count = decoded.ends[place] - begin
        record = decoded.records[refusal.index]
        payload = message.payload if count == 1 else encode_message([record])
        # The place within the message makes letters of one message differ.
        where = f"record {refusal.index - begin + 1} of {count}, vehicle {record.vehicle_id[:64]!r}"
        detail = f"{where}: {refusal.detail}"
        letters.append(_letter(refusal.reason, detail, topic, message, payload))
    return letters


def _letter(
    reason: Reason, detail: str, topic: str, message: Incoming, payload: bytes
) -> DeadLetter:
    # The broker's time, so that a replay of the log makes the same letter again.
    return DeadLetter(
        reason, detail, topic, message.partition, message.offset, message.time_ms, payload
    )
