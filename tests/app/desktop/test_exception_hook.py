import logging
import sys
import threading

import pytest

from app.desktop import exception_hook

SECRET = "PatientName^Doe 4711"


def failing() -> None:
    try:
        {}[SECRET]
    except KeyError as error:
        raise ValueError(f"value {SECRET} is wrong") from error


def test_a_description_names_kinds_and_places_but_no_values():
    with pytest.raises(ValueError, match="wrong") as caught:
        failing()
    text = exception_hook.describe(caught.value)
    assert "ValueError" in text
    assert "KeyError" in text
    assert "test_exception_hook.py" in text
    assert "in failing" in text
    assert SECRET not in text


@pytest.fixture
def log(tmp_path):
    path = exception_hook.start_log(tmp_path / "logs" / "cairn.log")
    yield path
    for handler in list(exception_hook.LOGGER.handlers):
        exception_hook.LOGGER.removeHandler(handler)
        handler.close()
    exception_hook.LOGGER.setLevel(logging.NOTSET)


def test_unexpected_errors_of_any_thread_are_logged_and_shown(log):
    shown = []
    before = sys.excepthook, threading.excepthook
    uninstall = exception_hook.install(shown.append)
    try:
        try:
            failing()
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=failing)
        thread.start()
        thread.join()
    finally:
        uninstall()
    assert len(shown) == 2
    text = log.read_text(encoding="utf-8")
    assert text.count("Unexpected error") == 2
    assert SECRET not in text
    assert (sys.excepthook, threading.excepthook) == before


def test_without_a_place_for_the_log_the_viewer_starts_all_the_same(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert exception_hook.start_log(blocker / "logs" / "cairn.log") is None
