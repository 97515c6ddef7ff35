"""Gives a person a page whatever happens."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from app.api.problems import log_unforeseen, problem_of
from app.web.render import render

Text = Annotated[str, Query(max_length=200)]


def answered(request: Request, work: Callable[[], Response]) -> Response:
    """The page, or one that says what is wrong and what to do."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 (whatever it is, a person gets a page)
        log_unforeseen(error, request)
        problem = problem_of(error)
        return render(request, "problem.html", problem.status, problem=problem)
