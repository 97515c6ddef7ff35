"""Every command explains itself, and a mistake gets one sentence instead of a traceback."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from app.cli.main import SERVICES, app, main
from contracts.errors import TelltaleError

USAGE = 2


def leaves(command, *above):
    """Every command of the tree with the words that call it."""
    if not hasattr(command, "commands"):
        yield above, command
        return
    # Asked for by name: the top looks its commands up when they are called.
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), *above, name)


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.fixture
def telltale(tmp_path, monkeypatch):
    """The command line where nothing runs and nothing is stored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELLTALE_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(app, [*arguments])


def test_every_command_says_what_it_does():
    assert {("demo",), ("models", "compare"), ("workorders", "close")} <= COMMANDS.keys()
    assert [words for words, command in COMMANDS.items() if not command.help] == []


def options(words):
    return {name for one in COMMANDS[words].params for name in one.opts}


def test_every_command_that_ends_prints_json_when_asked():
    silent = {words for words in COMMANDS if "--json" not in options(words)}
    assert silent == {(name,) for name in SERVICES}


def test_what_changes_while_one_looks_can_be_watched():
    watched = {words for words in COMMANDS if "--watch" in options(words)}
    assert watched == {
        ("risk",),
        ("status",),
        ("alerts", "list"),
        ("alerts", "show"),
        ("fleet", "list"),
        ("workorders", "list"),
    }


def test_only_the_whole_installs_completion(telltale):
    assert [words for words in COMMANDS if "--install-completion" in options(words)] == []
    assert "--install-completion" in telltale("--help").stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_unknown_option_is_a_matter_of_usage(telltale, words):
    result = telltale(*words, "--no-such-option")
    assert result.exit_code == USAGE
    assert "--no-such-option" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("dead-letters", "list", "--reason", "mood"), "--reason mood: choose from undecodable"),
        (("dead-letters", "list"), "telltale up"),
        (("simulate", "--fleet", "boat=3"), "--fleet 'boat=3': write PROFILE=VEHICLES"),
        (("simulate",), "telltale up"),
        (("risk", "V1"), "telltale up"),
        (("fleet", "export", "fleet.xls"), "give a file that ends in .csv or .parquet"),
        (("alerts", "export", "alerts.xls"), "give a file that ends in .csv or .parquet"),
        (("train", "--profile", "ship"), "ship"),
        (("state", "rebuild"), "telltale up"),
        (("worker", "--profile-dir", "."), "telltale up"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_gets_one_sentence(telltale, arguments, sentence):
    result = telltale(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, TelltaleError)
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "--days", "0"),
        ("simulate", "--days", "many"),
        ("dead-letters", "list", "--limit", "0"),
        ("worker", "--profile-dir", "none"),
        ("alerts", "list", "--pile", "haystack"),
        ("alerts", "list", "--severity", "mild"),
        ("workorders", "list", "--state", "perhaps"),
        ("fleet", "list", "--show", "best"),
        ("fleet", "list", "--limit", "0"),
        ("replay",),
        ("replay", "log.csv", "--speed", "-1"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_a_value_out_of_range_is_a_matter_of_usage(telltale, arguments):
    assert telltale(*arguments).exit_code == USAGE


def test_a_profile_with_a_mistake_stops_a_worker_with_file_and_key(telltale, tmp_path):
    (tmp_path / "mine.toml").write_text("name = 1\n")
    result = telltale("worker", "--profile-dir", str(tmp_path))
    assert isinstance(result.exception, TelltaleError)
    assert "mine.toml: Expected `str`, got `int` - at `$.name`" in str(result.exception)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TELLTALE_API__PORT", "70000", "TELLTALE_API__PORT should be less than or equal to 65535"),
        ("TELLTALE_TENANT", "a b", "TELLTALE_TENANT"),
        ("TELLTALE_KAFKA", "{", "can't be read"),
        ("TELLTALE_CLICKHOSE__URL", "http://x", "TELLTALE_CLICKHOSE__URL is no setting"),
    ],
)
def test_a_wrong_setting_stops_any_command_with_its_name(
    telltale, monkeypatch, name, value, sentence
):
    monkeypatch.setenv(name, value)
    result = telltale("status")
    assert isinstance(result.exception, TelltaleError)
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_file_that_cannot_be_written_is_one_sentence(monkeypatch, capsys, tmp_path):
    path = tmp_path / "none" / "fleet.csv"
    monkeypatch.setattr("app.cli.main.app", lambda: path.write_bytes(b""))
    # Log lines of later tests would go to this one's standard error.
    monkeypatch.setattr("app.cli.main.configure_logs", lambda _level: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"telltale: {path}: No such file or directory\n"


def test_the_command_line_is_there_before_numpy():
    """Which reads when it is loaded how many threads its products may take."""
    code = "import sys, app.cli.main; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
