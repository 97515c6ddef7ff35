"""Problems say where they are, and say it in the language of who asks."""

import json

import pytest
from starlette.requests import Request

from app.api.problems import forbidden, problem_response, unauthorized

FRENCH = Request(
    {
        "type": "http",
        "method": "GET",
        "path": "/api/fleets",
        "query_string": b"",
        "headers": [(b"accept-language", b"fr")],
        "server": ("127.0.0.1", 8400),
    }
)


@pytest.mark.parametrize(
    ("problem", "title", "begins"),
    [
        (unauthorized("The session has ended; sign in again."), "Qui êtes-vous ?", "La session"),
        (forbidden("The header X-CSRF-Token is missing or of another session; reload."), "Pas", ""),
    ],
)
def test_who_is_turned_away_is_told_so_in_french(problem, title, begins):
    told = json.loads(problem_response(problem, FRENCH).body)
    assert told["title"].startswith(title)
    assert told["detail"].startswith(begins)
    assert told["detail"] != problem.detail


@pytest.mark.stack
def test_a_parameter_of_several_types_is_named_once_and_plainly(api):
    answer = api.client.get("/api/alerts", params={"state": "mislaid"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["where"] == "state"
    assert "'acknowledged'" in error["what"]
