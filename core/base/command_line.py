"""What both command lines share: every problem becomes one sentence on stderr and an exit code, never a traceback."""

import os
import traceback
from collections.abc import Sequence

import typer

from core.base.errors import AppError

EXIT_BUG, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130


def run_command_line(commands: typer.Typer, name: str, arguments: Sequence[str]) -> int:
    """Run ``commands`` and return the exit code: 2 where the input is wrong, 1 where the program is, 130 after Ctrl-C.

    Parameters
    ----------
    commands
        The typer application.
    name
        What the person typed, such as ``cairn``.
    arguments
        Without the program's name. ``--debug`` anywhere, or ``CAIRN_DEBUG`` in the environment, shows tracebacks too.
    """
    debugging = "--debug" in arguments or bool(os.environ.get("CAIRN_DEBUG"))
    arguments = [argument for argument in arguments if argument != "--debug"]

    def say(sentence: str, code: int) -> int:
        if debugging:
            traceback.print_exc()
        typer.echo(f"{name}: {sentence}", err=True)
        return code

    try:
        code = typer.main.get_command(commands).main(arguments, prog_name=name, standalone_mode=False)
    except AppError as error:
        return say(str(error), EXIT_BAD_INPUT)
    except typer.TyperException as error:
        return say(_usage_sentence(error, name), EXIT_BAD_INPUT)
    except Exception as error:  # noqa: BLE001 — the last stop before a person sees a traceback
        sentence = (
            f"Stopped by an error in the program ({type(error).__name__}). Run it again with --debug to see where."
        )
        return say(sentence, EXIT_BUG)
    return code if isinstance(code, int) else 0


def _usage_sentence(error: typer.TyperException, name: str) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else name
    return f"{error.format_message().rstrip('.')}. See {command} --help."
