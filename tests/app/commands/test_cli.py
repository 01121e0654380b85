import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from app.commands import cli
from core.models.learning_record import LearningRecord, Lineage
from tests.support.model_fixtures import make_tiny_info, write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

COMMANDS = ("view", "localize", "info")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


@pytest.fixture
def no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def sentence(capsys) -> str:
    """Return what was said on stderr, which must be one line and no traceback."""
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "Traceback" not in streams.err
    assert streams.err.startswith("cairn: ")
    assert streams.err.count("\n") == 1
    return streams.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["view"]),
        (["scan.png"], ["view", "scan.png"]),
        (["a.png", "b.dcm", "--model", "m.pt"], ["view", "a.png", "b.dcm", "--model", "m.pt"]),
        (["./localize"], ["view", "./localize"]),
        (["--debug", "scan.png"], ["view", "--debug", "scan.png"]),
        (["--debug"], ["view", "--debug"]),
        (["--new-window"], ["view", "--new-window"]),
        (["--debug", "--model", "m.pt", "a.png"], ["view", "--debug", "--model", "m.pt", "a.png"]),
        (["--debug", "info", "x"], ["--debug", "info", "x"]),
        (["--version"], ["--version"]),
        (["--help"], ["--help"]),
        *(([command, "x"], [command, "x"]) for command in COMMANDS),
    ],
)
def test_files_and_nothing_open_the_viewer(arguments, expected):
    assert cli.with_default_command(arguments) == expected


def test_version(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"cairn {version('cairn-landmarks')}\n"


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help(capsys, arguments):
    assert cli.run(arguments) == 0
    assert "Usage: cairn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["localize"], "IMAGES"),
        (["localize", "a.png"], "--out"),
        (["localize", "a.png", "--out", "x", "--nonsense"], "--nonsense"),
        (["localize", "a.png", "--out", "x", "--device", "abacus"], "abacus"),
        (["localize", "a.png", "--out", "x", "--spacing", "0"], "above zero"),
        (["localize", "a.png", "--out", "x", "--spacing", "-0.1"], "above zero"),
        (["localize", "a.png", "--out", "x", "--spacing", "nan"], "above zero"),
        (["localize", "a.png", "--out", "x", "--spacing", "wide"], "--spacing"),
        (["localize", "a.png", "--out", "x", "--spacing", "0.1,"], "above zero"),
        (["localize", "a.png", "--out", "x", "--spacing", "1,1,1,1"], "one for each axis"),
        (["localize", "a.png", "--out", "x", "--memory", "0"], "above zero"),
        (["localize", "a.png", "--out", "x", "--memory", "nan"], "above zero"),
        (["info", "a.pt", "b.pt"], "b.pt"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_gets_one_sentence(capsys, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    said = sentence(capsys)
    assert words in said
    assert "--help" in said
    assert list(tmp_path.iterdir()) == []


def test_word_that_is_neither_file_nor_command(capsys):
    assert cli.run(["locallize"]) == 2
    said = sentence(capsys)
    assert "no file locallize" in said
    assert "--help" in said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_viewer_without_a_display_names_the_way_out(capsys, no_display):
    assert cli.run([]) == 2
    assert "cairn localize" in sentence(capsys)


def test_info_shows_the_metadata(capsys, model):
    assert cli.run(["info", str(model)]) == 0
    shown = capsys.readouterr().out
    for word in ("tiny", "left", "right", "stage 1", "stage 2", "whole image", "0.5 mm"):
        assert word in shown


@pytest.mark.parametrize(
    ("radii_mm", "words", "others"),
    [
        ((), ("not calibrated", "no radius"), ("radius (90 %)",)),
        (
            (1.25, 2.5),
            ("calibrated: with every position", "90 %", "radius (90 %)", "1.25", "2.50"),
            ("not calibrated",),
        ),
    ],
)
def test_info_says_whether_the_model_is_calibrated(capsys, monkeypatch, radii_mm, words, others):
    info = make_tiny_info().model_copy(update={"calibration_mm": radii_mm})
    monkeypatch.setattr(cli, "read_model_info", lambda _: info)
    monkeypatch.setattr(cli, "read_learning_record", lambda _: None)
    assert cli.run(["info", "x.pt"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for word in words:
        assert word in shown
    for word in others:
        assert word not in shown


def test_info_says_whether_the_model_can_go_on_learning_and_where_it_came_from(capsys, monkeypatch, model):
    assert cli.run(["info", str(model)]) == 0
    assert "no: its file does not hold how it was trained" in " ".join(capsys.readouterr().out.split())
    lineage = Lineage(
        parent_sha256="ab" * 32, parent="wings 1.0", cases=1, minutes=12.5, made="2026-03-04T05:06:07+00:00"
    )
    record = LearningRecord(config_text="", records=({},), lineage=lineage)
    monkeypatch.setattr(cli, "read_learning_record", lambda _: record)
    assert cli.run(["info", str(model)]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", "").split())
    assert "can go on learning" in shown
    assert "no: its file" not in shown
    for words in ("from 1 case,", "in 12.5 minutes", "wings 1.0", "2026-03-04"):
        assert words in shown
    monkeypatch.setattr(cli, "read_learning_record", lambda _: record.model_copy(update={"lineage": Lineage()}))
    assert cli.run(["info", str(model)]) == 0
    assert "learnt" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n"])
def test_info_of_what_is_no_model(capsys, tmp_path, content):
    path = tmp_path / "model.pt"
    if content is not None:
        path.write_bytes(content)
    assert cli.run(["info", str(path)]) == 2
    assert "model.pt" in sentence(capsys)


def test_mistake_of_our_own_hides_its_details_until_asked(capsys, monkeypatch):
    def fail(path: Path) -> None:
        raise RuntimeError("Erika Mustermann")

    monkeypatch.setattr(cli, "read_model_info", fail)
    monkeypatch.delenv("CAIRN_DEBUG", raising=False)
    assert cli.run(["info", "x.pt"]) == 1
    said = sentence(capsys)
    assert "Mustermann" not in said
    assert "--debug" in said
    assert cli.run(["info", "x.pt", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("CAIRN_DEBUG", "1")
    assert cli.run(["info", "x.pt"]) == 1
    assert "Traceback" in capsys.readouterr().err


def imported_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after ``code`` ran in a fresh interpreter."""
    report = "import sys; print('\\n'.join({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}; {report}"], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


QT = {"PySide6", "shiboken6", "pyqtgraph"}


def test_info_imports_neither_qt_nor_torch(model):
    loaded = imported_by(f"from app.commands.cli import run; assert run(['info', {str(model)!r}]) == 0")
    assert "core" in loaded
    assert loaded & {*QT, "torch", "matplotlib"} == set()


def test_localize_imports_no_qt(model, tmp_path):
    from tests.support.model_fixtures import write_tiny_image

    image = write_tiny_image(tmp_path / "a.png")
    arguments = ["localize", str(image), "--out", str(tmp_path), "--model", str(model), "--spacing", "0.5"]
    loaded = imported_by(f"from app.commands.cli import run; assert run({arguments!r}) == 0")
    assert "torch" in loaded
    assert loaded & {*QT, "matplotlib"} == set()
    assert (tmp_path / "a.csv").exists()
