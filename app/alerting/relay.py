"""Brings commands into the alert log, so that they and the scores have one order.

At least once: a command is committed when the broker has it in the log, and one that comes twice
is known there by its id. What can't be read becomes a dead letter.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from app.alerting.partition import letter
from app.flow.message import Incoming
from app.flow.persist import Persistence, Stopping
from app.flow.settle import Refuse
from contracts.alerts import AlertCommand, decode_command
from contracts.dead_letters import DeadLetter
from contracts.errors import UnavailableError
from infra.topic_reader import Sent

GROUP: Final = "telltale-commands"
_MOST_BYTES: Final = 64_000
_AGAIN_S: Final = 1.0

_log = structlog.get_logger(__name__)


class Commands(Protocol):
    """The `commands` topic, read as a member of a group (infra/topic_reader.py)."""

    @property
    def topic(self) -> str:
        """Its name on these brokers."""
        ...

    def poll(self) -> Sequence[Sent]:
        """What came since. Raises UnavailableError."""
        ...

    def commit(self) -> None:
        """All that was polled is dealt with. Raises UnavailableError."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Relay:
    """Runs in a thread of its own until closed. `ask` puts commands into the alert log, `refuse`
    sends dead letters, `note` stores them; all wait for the acknowledgement.
    """

    def __init__(
        self,
        commands: Commands,
        ask: Callable[[Sequence[AlertCommand]], None],
        refuse: Refuse,
        note: Refuse,
        stop: threading.Event,
    ) -> None:
        self._commands, self._ask = commands, ask
        self._refuse, self._note = refuse, note
        self._stop, self._persistence = stop, Persistence(stop)
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End after what is under way; `stop` has to be set."""
        self._thread.join()

    def turn(self) -> int:
        """Deal with what came; how many messages that were. Raises UnavailableError, Stopping."""
        found = self._commands.poll()
        if not found:
            return 0
        commands, letters = read(found, self._commands.topic)
        if letters:
            self._persistence.until_done("the store", lambda: self._note(letters))
            self._persistence.until_done("Kafka", lambda: self._refuse(letters))
        if commands:
            self._persistence.until_done("Kafka", lambda: self._ask(commands))
        self._commands.commit()
        return len(found)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.turn()
            except Stopping:
                break
            except UnavailableError as error:
                _log.warning("commands can't be read; trying again", reason=str(error))
                self._commands.close()
                self._stop.wait(_AGAIN_S)
        self._commands.close()


def read(messages: Sequence[Sent], topic: str) -> tuple[list[AlertCommand], list[DeadLetter]]:
    """The commands among messages, and what can't be read as one."""
    commands: list[AlertCommand] = []
    letters: list[DeadLetter] = []
    for sent in messages:
        message = Incoming(*sent)
        if len(message.payload) > _MOST_BYTES:
            detail = f"a command of {len(message.payload)} bytes, at most {_MOST_BYTES}"
            letters.append(letter("oversized", detail, topic, message))
            continue
        try:
            command = decode_command(message.payload)
        except msgspec.ValidationError as error:
            letters.append(letter("unknown_schema", str(error), topic, message))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            letters.append(letter("undecodable", str(error), topic, message))
        else:
            wrong = complaint(command)
            if wrong:
                letters.append(letter("bad_command", wrong, topic, message))
            else:
                commands.append(command)
    return commands, letters


def complaint(command: AlertCommand) -> str:
    """What makes a command impossible whatever the alerts are, or ""."""
    if not command.command_id or not command.tenant:
        return "a command needs command_id and tenant"
    wide = command.action in {"silence", "unsilence"}
    if wide and command.vehicle_id:
        return f"{command.action} is about no single vehicle; leave vehicle_id empty"
    if not wide and not (command.vehicle_id and command.alert_id):
        return f"{command.action} needs vehicle_id and alert_id"
    return ""
