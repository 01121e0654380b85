"""The command ``cairn learn``, as a person types it and as the window starts it: what it refuses, prints, and survives."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.commands.cli import run
from app.commands.learn_printing import LinePrinter, comparison_lines, minutes
from app.commands.learn_stopping import Stopping, listen
from core.images.file import write_image
from core.landmark_files.file import write_landmarks
from core.learning.checkpoints import read_checkpoint
from core.learning.course_events import CaseChange, Comparison, Done, Errors, Event, Reading, Step, Stopped, parse_event
from core.learning.course_folder import folder_of
from core.learning.course_request import Stop
from core.learning.phantom import make_phantom
from core.models.metadata import read_model_info
from core.values.image import Image, ImageSource, SpacingSource
from core.values.landmarks import Landmarks
from tests.support.model_fixtures import write_tiny_model

SHAPE = (48, 48)
ROOT = Path(__file__).parents[3]


def write_list(folder: Path, count: int, change: Callable[[int, Landmarks], Landmarks] | None = None) -> Path:
    """Write phantoms and a list of them without splits."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(count):
        image, landmarks = make_phantom(2, seed, SHAPE, dtype=np.uint8)
        landmarks = landmarks if change is None else change(seed, landmarks)
        write_image(image, folder / f"p{seed}.nrrd")
        write_landmarks(landmarks, folder / f"p{seed}.csv", image=image)
        rows.append((f"p{seed}.nrrd", f"p{seed}.csv"))
    path = folder / "list.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("image", "landmarks"), *rows])
    return path


# What it refuses


def without(name: str) -> Callable[[int, Landmarks], Landmarks]:
    return lambda _, marks: marks.without_point(name)


def at_one_spot(seed: int, marks: Landmarks) -> Landmarks:
    points_mm = marks.points_mm.copy()
    points_mm[:] = points_mm[0]
    return Landmarks(marks.names, points_mm) if seed == 2 else marks


def renamed(seed: int, marks: Landmarks) -> Landmarks:
    return Landmarks((*marks.names[:3], "Tip of the root"), marks.points_mm) if seed == 3 else marks


@pytest.mark.parametrize(
    ("count", "change", "complaint"),
    [
        (2, None, "There are 2 marked cases; to learn, at least 5 are needed. Mark 3 more; better are 20."),
        (5, without("Small sphere"), "Small sphere is marked in no case of 5."),
        (5, at_one_spot, "All 4 marks of p2 lie at one spot."),
        (5, renamed, "The cases name their landmarks differently: p3 has also Tip of the root"),
    ],
    ids=["two cases", "a landmark nobody marked", "all marks at one spot", "other names"],
)
def test_cases_that_nothing_can_be_learnt_from_get_a_sentence(
    count: int,
    change: Callable[[int, Landmarks], Landmarks] | None,
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_list(tmp_path, count, change)
    out = tmp_path / "m.pt"
    assert run(["learn", str(path), "--minutes", "1", "--out", str(out), "--json"]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    failed = json.loads(said.out.splitlines()[-1])
    assert failed["event"] == "failed"
    assert f"{failed['sentence']} {failed['hint']}".strip() in said.err
    assert not out.with_suffix(".learning").exists()


def test_flat_images_and_volumes_do_not_mix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_list(tmp_path, 5)
    image, landmarks = make_phantom(3, 7, (16, 16, 16))
    write_image(image, tmp_path / "v.nrrd")
    write_landmarks(landmarks, tmp_path / "v.csv", image=image)
    path.write_text(f"{path.read_text()}v.nrrd,v.csv\n")
    assert run(["learn", str(path), "--minutes", "1", "--out", str(tmp_path / "m.pt")]) == 2
    assert "Some cases are 2D (such as p0) and some are 3D (such as v)." in capsys.readouterr().err


def write_without_pixel_size(folder: Path, name: str) -> None:
    image, landmarks = make_phantom(2, 9, SHAPE, dtype=np.uint8)
    source = ImageSource(Path(name), spacing_source=SpacingSource.UNKNOWN)
    write_image(Image(image.voxels, image.grid, source), folder / f"{name}.png")
    write_landmarks(landmarks, folder / f"{name}.csv", image=Image(image.voxels, image.grid, source))


def test_images_without_pixel_size_beside_such_with_one_get_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_list(tmp_path, 5)
    write_without_pixel_size(tmp_path, "sizeless")
    path.write_text(f"{path.read_text()}sizeless.png,sizeless.csv\n")
    command = ["learn", str(path), "--minutes", "1", "--out", str(tmp_path / "m.txt")]
    assert run(command) == 2
    assert "The pixel size of sizeless is not known, that of other images is." in capsys.readouterr().err
    assert run([*command, "--spacing", "1"]) == 2
    assert "m.txt does not end in .pt" in capsys.readouterr().err  # it got further


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--minutes", "0"], "There is no time to learn in."),
        (["--minutes", "1", "--device", "abacus"], "The device abacus is not available"),
        (["--minutes", "1", "--from", "nowhere.pt"], "There is no model file nowhere.pt."),
        (["--minutes", "1", "--threads", "0"], "threads"),
        (["--minutes", "1", "--spacing", "no"], "--spacing must be a number"),
    ],
)
def test_wrong_wishes_get_a_sentence(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_list(tmp_path, 5)
    assert run(["learn", str(path), "--out", str(tmp_path / "m.pt"), *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_list_that_is_not_there_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("list.csv", "project.cairn"):
        assert run(["learn", str(tmp_path / name), "--minutes", "1", "--out", str(tmp_path / "m.pt")]) == 2
        assert name in capsys.readouterr().err


def test_a_model_that_cannot_go_on_learning_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_list(tmp_path, 5)
    write_tiny_model(tmp_path / "old.pt")
    code = run(
        ["learn", str(path), "--minutes", "1", "--out", str(tmp_path / "m.pt"), "--from", str(tmp_path / "old.pt")]
    )
    assert code == 2
    assert "cannot go on learning" in capsys.readouterr().err


# How it is stopped


def test_a_person_presses_once_to_keep_and_twice_to_leave() -> None:
    stopping = Stopping()
    assert stopping.wished() is Stop.NOT
    stopping.keep()
    assert stopping.wished() is Stop.KEEP
    stopping.hear(b"stop\r")
    assert stopping.wished() is Stop.KEEP
    stopping.keep()
    assert stopping.wished() is Stop.LEAVE
    stopping.hear(b"stop")
    assert stopping.wished() is Stop.LEAVE


def test_a_window_says_stop_or_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as window:
        monkeypatch.setattr(sys, "stdin", stdin)
        stopping = Stopping()
        listen(stopping)
        (listener,) = (thread for thread in threading.enumerate() if thread.name == "standard input")
        window.write(b"what?\nst")
        window.write(b"op\n")
        while stopping.wished() is Stop.NOT:
            listener.join(0.01)
        assert stopping.wished() is Stop.KEEP
        window.close()
        listener.join(60)
        assert stopping.wished() is Stop.LEAVE
        assert not listener.is_alive()


def test_without_a_window_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    for stdin in (None, open(os.devnull)):  # noqa: SIM115, PTH123
        monkeypatch.setattr(sys, "stdin", stdin)
        stopping = Stopping()
        listen(stopping)
        assert threading.active_count() == before
        assert stopping.wished() is Stop.NOT
        if stdin is not None:
            stdin.close()


def test_lines_that_nobody_reads_any_more_let_it_leave() -> None:
    stopping = Stopping()
    lines: list[str] = []

    def write(line: str) -> None:
        if lines:
            raise BrokenPipeError
        lines.append(line)

    printer = LinePrinter(write, stopping.leave)
    for done in (1, 2, 3):
        printer.tell(Reading(done=done, total=3))
    assert lines == ['{"event":"reading","done":1,"total":3}\n']
    assert stopping.wished() is Stop.LEAVE


# What it says


def test_what_became_worse_is_named_and_old_and_new_stand_side_by_side() -> None:
    comparison = Comparison(
        cases=3,
        unit="px",
        within=8,
        old=Errors(median=2, mean=2.5, within=0.5),
        new=Errors(median=1, mean=1.25, within=0.91),
        details=(
            CaseChange(case="a", old=1, new=2),
            CaseChange(case="b", old=1, new=4),
            CaseChange(case="c", old=None, new=1),
        ),
    )
    assert comparison_lines(comparison) == [
        "On 3 cases that it did not learn from: median error 1.00 px, mean 1.25 px, 91 % within 8 px.",
        "The model before on the same cases: median error 2.00 px, mean 2.50 px, 50 % within 8 px.",
        "Worse than before: b, a.",
    ]


def test_times_are_said_as_people_say_them() -> None:
    assert [minutes(seconds) for seconds in (45, 100, 1500, 7200)] == [
        "45 seconds",
        "2 minutes",
        "25 minutes",
        "2.0 hours",
    ]


# The whole of it, in a process of its own


class Course:
    """A process of ``cairn learn --json`` and what it tells."""

    def __init__(self, path: Path, out: Path, minutes: float, *more: str) -> None:
        code = "from app.commands.cli import main; main()"
        arguments = [
            "learn",
            str(path),
            "--minutes",
            str(minutes),
            "--out",
            str(out),
            "--json",
            "--threads",
            "1",
            *more,
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def events(self) -> Iterator[Event]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                yield parse_event(line)

    def end(self) -> int:
        with self.process:
            pass
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[Callable[..., Course]]:
    courses: list[Course] = []

    def begin(*arguments: object) -> Course:
        courses.append(Course(*arguments))  # type: ignore[arg-type]
        return courses[-1]

    yield begin
    for course in courses:
        course.process.kill()
        course.end()


@pytest.mark.slow
def test_phantoms_are_learnt_though_it_is_killed_again_and_again(tmp_path: Path, start: Callable[..., Course]) -> None:
    path, out = write_list(tmp_path, 8), tmp_path / "phantoms.pt"
    rng = random.Random(13)
    for _ in range(3):
        course = start(path, out, 0.5)
        moment = rng.randrange(1, 30)
        for number, event in enumerate(course.events()):
            if number == moment:
                course.process.send_signal(signal.SIGKILL)
                break
            assert not isinstance(event, Done), "it ended before it could be killed"
        course.end()
        assert not out.exists()
    course = start(path, out, 0.5)
    told = list(course.events())
    assert course.end() == 0
    assert isinstance(told[-1], Done)
    assert told[-1].comparison.cases == 1
    assert read_model_info(out).landmarks == make_phantom(2, 0, SHAPE)[1].names
    assert not out.with_suffix(".learning").exists()
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".tmp")]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["signal", "line"])
def test_who_stops_it_gets_the_best_so_far(how: str, tmp_path: Path, start: Callable[..., Course]) -> None:
    course = start(write_list(tmp_path, 6), tmp_path / "m.pt", 60)
    told = []
    for event in course.events():
        told.append(event)
        if isinstance(event, Step) and sum(isinstance(each, Step) for each in told) == 3:
            if how == "signal":
                course.process.send_signal(signal.SIGINT)
            else:
                course.process.stdin.write(b"stop\n")
                course.process.stdin.flush()
    assert course.end() == 0
    assert isinstance(told[-1], Done)
    assert told[-1].stopped_early
    assert (tmp_path / "m.pt").exists()


@pytest.mark.slow
def test_when_the_window_dies_it_saves_and_goes_on_later(tmp_path: Path, start: Callable[..., Course]) -> None:
    path = write_list(tmp_path, 6)
    course = start(path, tmp_path / "m.pt", 60)
    told = []
    for event in course.events():
        told.append(event)
        if isinstance(event, Step) and sum(isinstance(each, Step) for each in told) == 3:
            course.process.stdin.close()
    assert course.end() == 130
    assert told[-1] == Stopped(resumable=True)
    last = [event for event in told if isinstance(event, Step)][-1]
    again = start(path, tmp_path / "m.pt", 60)
    for event in again.events():
        if isinstance(event, Step):
            assert event.iteration > last.iteration
            break


@pytest.mark.slow
def test_a_pause_does_not_count(tmp_path: Path, start: Callable[..., Course]) -> None:
    """The window pauses it by suspending the process."""
    began = time.monotonic()
    course = start(write_list(tmp_path, 6), tmp_path / "m.pt", 60)
    coming = course.events()
    next(event for event in coming if isinstance(event, Step))
    course.process.send_signal(signal.SIGSTOP)
    time.sleep(20)
    course.process.send_signal(signal.SIGCONT)
    next(event for event in coming if isinstance(event, Step))
    course.process.stdin.close()
    list(coming)
    assert course.end() == 130
    assert read_checkpoint(folder_of(tmp_path / "m.pt")).worked_s < time.monotonic() - began - 10
