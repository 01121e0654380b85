import pytest
import typer

from core.base.command_line import run_command_line
from core.base.errors import ConfigError

commands = typer.Typer()


@commands.command()
def good() -> None:
    typer.echo("done")


@commands.command()
def wrong_input() -> None:
    raise ConfigError("The file is missing.", "Check the path.")


@commands.command()
def bug() -> None:
    raise ZeroDivisionError("secret pixel value 17")


@commands.command()
def interrupted() -> None:
    raise KeyboardInterrupt


@commands.command()
def own_code() -> None:
    raise typer.Exit(7)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["good"], 0, ""),
        (["wrong-input"], 2, "tool: The file is missing. Check the path."),
        (["nonsense"], 2, "See tool --help."),
        (
            ["bug"],
            1,
            "tool: Stopped by an error in the program (ZeroDivisionError). Run it again with --debug to see where.",
        ),
        (["interrupted"], 130, ""),
        (["own-code"], 7, ""),
    ],
)
def test_every_end_has_a_code_and_at_most_one_sentence(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(commands, "tool", arguments) == code
    error = capsys.readouterr().err.strip()
    assert says in error
    assert (error == "") is (says == "")
    assert "\n" not in error
    assert "secret" not in error


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(commands, "tool", ["bug", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
