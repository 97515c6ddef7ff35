"""Keys and logins handed out from the command line, told to programs."""

import json

import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def telltale(stack):
    where = environment(stack.fresh())

    def run(*words, said=""):
        done = CliRunner().invoke(app, [*words, "--json"], env=where, input=said)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def test_a_person_comes_is_locked_out_and_comes_again(telltale):
    ana = "ana@example.org"
    made = telltale("users", "create", ana, "--role", "service_desk", said="a long password\n")
    whole = {"login": ana, "role": "service_desk", "tenant": "default"}
    assert made == {**whole, "state": "password"}
    assert telltale("users", "disable", ana)["state"] == "disabled"
    assert telltale("users", "enable", ana)["state"] == "password"
    assert telltale("users", "password", ana, said="another password\n") == made


def test_a_key_is_ended(telltale):
    key = telltale("keys", "create", "a script", "--role", "admin")["key_id"]
    ended = telltale("keys", "revoke", key)
    assert ended == {"key_id": key, "name": "a script", "state": "revoked"}
