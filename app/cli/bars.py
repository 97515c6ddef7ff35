"""Progress of long commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress


@contextmanager
def bars(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar a step."""
    with Progress(transient=True, disable=quiet) as progress:
        tasks = {}

        def told(step: str, share: float) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step.capitalize(), total=1.0)
            progress.update(tasks[step], completed=share)

        yield told
