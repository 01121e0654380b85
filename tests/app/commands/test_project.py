"""The commands ``cairn project …``, as a person types them: what they print, what they refuse, and with which exit code."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.commands import project_agreement
from app.commands.cli import run, with_default_command
from core.images.file import read_image
from core.landmark_files.file import write_landmarks
from core.models.metadata import read_model_info
from core.project.analyses import ProjectAnalysis
from core.project.cases import CaseState, Geometry
from core.project.free_measurements import FreeKind, FreeMeasurement
from core.project.readings import Reader, ReaderKind, Reading
from core.project.store import Project
from core.values.grid import Grid
from core.values.landmarks import Landmarks
from tests.support.model_fixtures import write_tiny_image, write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: left out of `make test-fast`

NAMES = ("sella", "nasion")


class Printed:
    """What the last command printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run ``cairn project`` and return what it printed on the stream that fits the exit code."""
        self._capsys.readouterr()
        assert run(["project", *map(str, arguments)]) == code
        streams = self._capsys.readouterr()
        assert "Traceback" not in streams.err
        return streams.err if code else streams.out


@pytest.fixture
def cairn(capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(capsys)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of three pictures with a pixel size."""
    for name in ("a", "b", "c"):
        write_tiny_image(tmp_path / "images" / f"{name}.png", spacing_mm=0.5)
    return tmp_path / "images"


@pytest.fixture
def study(tmp_path: Path, images: Path, cairn: Printed) -> Path:
    """A project of these pictures, two of which Anna and Ben have read."""
    path = tmp_path / "study.cairn"
    cairn("new", path, images)
    with Project.open(path) as project:
        for id_ in (1, 2):
            for reader, x in (("Anna", 5.0), ("Ben", 6.0)):
                say(project, id_, reader, x)
    return path


def say(project: Project, id_: int, reader: str, x: float) -> None:
    geometry = Geometry.of(read_image(project.case(id_).path))
    marks = Landmarks(NAMES, np.array([[x, 2.0], [3.0, 4.0 + id_]]))
    project.save_reading(Reading(id_, Reader(reader), marks, geometry), "Place")


def test_project_is_a_command_and_no_image() -> None:
    assert with_default_command(["project", "list", "x.cairn"])[0] == "project"


def test_a_project_is_made_and_listed(tmp_path: Path, images: Path, cairn: Printed) -> None:
    said = cairn("new", tmp_path / "study", "--scheme", "cephalometric-19", images)
    assert said == f"Made {tmp_path / 'study.cairn'}: 3 new cases.\n"
    write_tiny_image(tmp_path / "more" / "d.png", spacing_mm=0.5)
    said = cairn("add", tmp_path / "study.cairn", tmp_path / "more", images)
    assert "1 new case, 3 that were there already" in said
    rows = cairn("list", tmp_path / "study.cairn").splitlines()
    assert [row.split()[:3] for row in rows[1:5]] == [[str(n), name, "new"] for n, name in enumerate("abcd", start=1)]
    assert rows[5] == "4 cases listed. In the project: 4 new."
    listed = json.loads(cairn("list", tmp_path / "study.cairn", "--json", "--state", "new", "--text", "d.png"))
    assert [case["name"] for case in listed["listed"]] == ["d"]
    assert len(listed["schemes"][0]["landmarks"]) == 19
    assert listed["states"]["new"] == 4


def test_a_case_is_shown(study: Path, cairn: Printed) -> None:
    said = cairn("show", study, "a")
    assert said.count("(person)") == 2
    assert "sella" in said
    shown = json.loads(cairn("show", study, "A.PNG", "--reader", "ben", "--json"))
    [reading] = shown["readings"]
    assert (reading["reader"], reading["unit"]) == ("Ben", "mm")
    assert reading["landmarks"][0] == {
        "name": "sella", "position": [6.0, 2.0], "status": "placed", "author": "person", "presence": None, "spread": None,
        "radius": None,
    }  # fmt: skip
    assert json.loads(cairn("show", study, "3", "--json"))["readings"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "study.cairn", "z"), "There is no case z in study.cairn."),
        (("show", "study.cairn", "a", "--reader", "Eve"), "There is no reader Eve"),
        (("list", "study.cairn", "--state", "odd"), "There is no state odd"),
        (("list", "none.cairn"), "There is no project"),
        (("list", "images/a.png"), "is no project of Cairn"),
        (("new", "study.cairn", "images"), "There is already a file"),
        (("new", "x.cairn", "none.png"), "There is no file or folder none.png"),
        (("new", "x.cairn", "--scheme", "odd", "images"), "There is no landmark scheme odd"),
        (("new", "x.cairn", "images", "--spacing", "wide"), "--spacing must be a number of mm"),
        (("new", "x.cairn", "--list", "none.csv"), "There is no file none.csv"),
        (("add", "study.cairn"), "Nothing is to be added"),
        (("agreement", "study.cairn", "--readers", "Anna", "--out", "out"), "Two readers are to be compared"),
        (("agreement", "study.cairn", "--readers", "Anna,Eve", "--out", "out"), "There is no reader Eve"),
        (("export", "study.cairn", "--format", "odd", "--out", "x"), "There is no format odd"),
        (("export", "study.cairn", "--format", "tps", "--out", "x.tps", "--reader", "Eve"), "There is no reader Eve"),
        (("export", "study.cairn", "--format", "nnlandmark", "--out", "x"), "holds 3D landmarks"),
        (("import", "study.cairn", "none.tps", "--reader", "Eve"), "There is no file or folder none.tps"),
        (("import", "study.cairn", "images/a.png", "--reader", "Eve"), "a.png"),
        (("merge", "study.cairn", "study.cairn"), "this very project"),
        (("check", "study.cairn", "--relocate", "none"), "There is no folder none"),
        (("check", "damaged.cairn"), "damaged.cairn is damaged. Use a copy of it.\n"),
    ],
)
def test_bad_input_gets_one_sentence(
    study: Path, cairn: Printed, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(study.parent)
    (study.parent / "damaged.cairn").write_bytes(b"SQLite format 3\0" + bytes(100))
    before = study.read_bytes()
    said = cairn(*arguments, code=2)
    assert said.startswith("cairn: ")
    assert sentence in said
    assert said.count("\n") == 1
    assert not (study.parent / "x.cairn").exists()
    assert study.read_bytes() == before


def test_a_list_is_a_project(tmp_path: Path, images: Path, cairn: Printed) -> None:
    image = read_image(images / "a.png")
    write_landmarks(Landmarks(NAMES, np.ones((2, 2))), tmp_path / "a.csv", image=image)
    listing = tmp_path / "list.csv"
    listing.write_text("image,landmarks,split,group,reader\nimages/a.png,a.csv,train,p1,Anna\nimages/b.png,,test,p2,\n")
    said = cairn("new", tmp_path / "study.cairn", "--list", listing)
    assert said.endswith("2 new cases, 1 reading.\n")
    with Project.open(tmp_path / "study.cairn") as project:
        assert [(case.split, case.patient_group) for case in project.cases([1, 2])] == [("train", "p1"), ("test", "p2")]
        assert project.readers() == [Reader("Anna")]
        scheme = project.scheme(2)
        assert scheme is not None
        assert scheme.names == NAMES
    again = cairn("add", tmp_path / "study.cairn", listing)  # a list is known by what stands in it
    assert "0 new cases, 2 that were there already" in again


def test_a_list_with_wrong_lines_adds_nothing_until_they_are_left_out(
    tmp_path: Path, images: Path, cairn: Printed, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = tmp_path / "list.csv"
    listing.write_text("image,patient\nimages/a.png,x\nimages/none.png,y\nimages/b.png,z\n")
    said = cairn("new", tmp_path / "study.cairn", "--list", listing, code=2)
    assert "line 1 has the unknown column patient; line 3 names an image that is not there (images/none.png)" in said
    assert "--skip" in said
    assert not list(tmp_path.glob("study.cairn*"))
    capsys.readouterr()
    assert run(["project", "new", str(tmp_path / "study.cairn"), "--list", str(listing), "--skip"]) == 0
    streams = capsys.readouterr()
    assert "2 new cases" in streams.out
    assert "line 3" in streams.err


def test_a_scheme_that_does_not_fit_leaves_a_choice(tmp_path: Path, images: Path, cairn: Printed) -> None:
    write_landmarks(Landmarks(("Sella", "x"), np.ones((2, 2))), images / "a.csv", image=read_image(images / "a.png"))
    path = tmp_path / "study.cairn"
    said = cairn("new", path, images, "--scheme", "cephalometric-19", code=2)
    assert "do not fit the 2D scheme" in said
    assert "--scheme-from file, scheme or both" in said
    assert not path.exists()
    cairn("new", path, images, "--scheme", "cephalometric-19", "--scheme-from", "both")
    with Project.open(path) as project:
        scheme = project.scheme(2)
        assert scheme is not None
        assert (len(scheme.names), scheme.names[-1]) == (20, "x")


def test_copies_are_merged(study: Path, tmp_path: Path, cairn: Printed) -> None:
    copy = tmp_path / "copy.cairn"
    with Project.open(study) as project:
        project.save_copy(copy)
        say(project, 1, "Anna", 7.0)
    with Project.open(copy) as project:
        say(project, 1, "Anna", 8.0)
        say(project, 3, "Ben", 9.0)
    said = cairn("merge", study, copy)
    assert "0 new cases, 1 new reading, 0 continued, 1 conflict." in said
    assert "a: Anna has changed it here and in the copy, which is kept as “Anna (copy)”." in said
    again = json.loads(cairn("merge", study, copy, "--json"))
    assert again == {
        "cases": 0, "readings": 0, "continued": 0, "conflicts": [], "free_measurements": 0, "analyses": 0, "models": 0,
        "notes": [],
    }  # fmt: skip


def test_a_merge_tells_of_measurements_and_analyses(study: Path, tmp_path: Path, cairn: Printed) -> None:
    copy = tmp_path / "copy.cairn"
    with Project.open(study) as project:
        project.save_copy(copy)
    with Project.open(copy) as project:
        ends = ((1.0, 2.0), (3.0, 4.0))
        geometry = Geometry(Grid.from_spacing((240, 200), 0.1))
        drawn = FreeMeasurement(1, Reader("Ben"), FreeKind.DISTANCE, ends, geometry)
        project.free_measurements.save(drawn)
        project.free_measurements.save(drawn.with_points(drawn.array_mm + 1))
        project.analyses.put(ProjectAnalysis("wing", 2, "text"))
    assert "0 conflicts, 2 free measurements, 1 new analysis." in cairn("merge", study, copy)
    listed = json.loads(cairn("list", study, "--json"))
    assert listed["free_measurements"] == 2
    assert listed["analyses"] == [{"name": "wing", "ndim": 2}]


def test_landmarks_go_out_and_come_in(study: Path, tmp_path: Path, cairn: Printed) -> None:
    table, coco = tmp_path / "wide.csv", tmp_path / "ben.json"
    assert (
        cairn("export", study, "--format", "wide-csv", "--out", table, "--everybody")
        == f"Wrote 4 readings to {table}.\n"
    )
    assert len(table.read_text().splitlines()) == 5
    assert (
        cairn("export", study, "--format", "coco", "--out", coco, "--reader", "ben") == f"Wrote 2 readings to {coco}.\n"
    )
    assert cairn("import", study, coco, "--reader", "Eve") == "Imported 2 readings of Eve.\n"
    assert cairn("import", study, coco, "--reader", "Eve") == "Imported 0 readings of Eve.\n"
    assert "something else, which stays" in cairn("import", study, coco, "--reader", "Anna")
    assert cairn("import", study, coco, "--reader", "Anna", "--replace") == "Imported 2 readings of Anna.\n"
    assert "mean distance 0.00 mm" in cairn("agreement", study, "--readers", "Anna,Ben", "--out", tmp_path / "out")


def test_agreement_writes_tables_and_says_the_gist(study: Path, tmp_path: Path, cairn: Printed) -> None:
    said = cairn("agreement", study, "--readers", "Anna,Ben", "--out", tmp_path / "out")
    assert "Anna and Ben: 2 cases, 4 landmarks; mean distance 0.50 mm, median 0.50 mm" in said
    assert "The worst case is a: sella, 1.00 mm." in said
    assert (tmp_path / "out" / "agreement.csv").read_text().startswith("landmark,n,mean_mm")
    assert (tmp_path / "out" / "cases.csv").read_text().splitlines()[1].startswith("a,2,0.5000,1.0000,sella")


def test_the_figure_is_drawn_where_matplotlib_is_installed(
    study: Path, tmp_path: Path, cairn: Printed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    cairn("agreement", study, "--readers", "Anna,Ben", "--out", tmp_path / "out")
    assert (tmp_path / "out" / project_agreement.FIGURE_FILE).read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run(["project", "agreement", str(study), "--readers", "Anna,Ben", "--out", str(tmp_path / "plain")]) == 0
    assert "matplotlib is not installed" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == ["agreement.csv", "cases.csv"]


def test_a_check_names_what_is_missing_and_finds_it_again(
    study: Path, images: Path, tmp_path: Path, cairn: Printed
) -> None:
    assert cairn("check", study) == "The project is sound, and all its images are there.\n"
    (images / "b.png").rename(tmp_path / "b.png")
    assert "b: " in cairn("check", study, code=2)
    found = json.loads(cairn("check", study, "--relocate", tmp_path, "--json"))
    assert found["missing"] == []
    assert found["relocated"] == [{"case": "b", "path": str(tmp_path / "b.png")}]
    assert "sound" in cairn("check", study)


def test_a_project_that_is_open_elsewhere_is_only_looked_at(study: Path, images: Path, cairn: Printed) -> None:
    with Project.open(study):
        assert "3 cases" in cairn("list", study)
        assert "open in another window" in cairn("add", study, images, code=2)
        assert "open in another window" in cairn("localize", study, code=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.pt")


def models_of(path: Path) -> Iterator[tuple[str, bool]]:
    with Project.open(path) as project:
        for case in project.cases(project.case_ids()):
            kinds = [reading.reader.kind for reading in project.readings(case.id)]
            yield case.name, ReaderKind.MODEL in kinds


@pytest.mark.slow
def test_cases_are_localized_beside_what_persons_said(
    study: Path, images: Path, model: Path, cairn: Printed, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "d.png").write_bytes((images / "a.png").read_bytes()[:80])
    cairn("add", study, images / "d.png")
    assert run(["project", "localize", str(study), "--model", str(model), "--workers", "1", "--json"]) == 2
    streams = capsys.readouterr()
    outcome = json.loads(streams.out)
    assert (outcome["localized"], [one["case"] for one in outcome["failed"]]) == (3, ["d"])
    assert "d: " in streams.err
    assert dict(models_of(study)) == {"a": True, "b": True, "c": True, "d": False}
    with Project.open(study) as project:
        assert [case.state for case in project.cases([1, 3, 4])] == [
            CaseState.DONE,
            CaseState.LOCALIZED,
            CaseState.PROBLEM,
        ]
        anna = project.reading(1, Reader("Anna"))
        assert anna is not None
        assert anna.landmarks.points_mm[0, 0] == 5.0
        project.update_case(4, excluded=True)
    assert cairn("localize", study, "--model", model) == "Localized 0 cases.\n"


@pytest.mark.slow
def test_a_few_cases_start_no_process_and_what_is_usual_for_the_model_is_kept_as_the_window_does(
    study: Path, model: Path, cairn: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.foreground.Background", None)
    assert "Localized 1 case." in cairn("localize", study, "a", "--model", model)
    info = read_model_info(model)
    with Project.open(study) as project:
        assert project.usual_radii(info.title) == {"mm": info.usual_radii(), "px": info.usual_radii(in_px=True)}


@pytest.mark.slow
def test_a_model_that_is_none_is_refused_before_any_image(study: Path, tmp_path: Path, cairn: Printed) -> None:
    (tmp_path / "bad.pt").write_bytes(b"none")
    cairn("localize", study, "--model", tmp_path / "bad.pt", code=2)
    assert not any(found for _, found in models_of(study))
    with Project.open(study) as project:
        assert not any(case.problem for case in project.cases(project.case_ids()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_who_kills_it_goes_on_with_the_same_command(tmp_path: Path, model: Path, cairn: Printed) -> None:
    for number in range(40):
        write_tiny_image(tmp_path / "images" / f"{number:02}.png", spacing_mm=0.5)
    path = tmp_path / "study.cairn"
    cairn("new", path, tmp_path / "images")
    arguments = ["project", "localize", str(path), "--model", str(model), "--workers", "1"]
    program = f"import sys; from app.commands.cli import run; sys.exit(run({arguments!r}))"
    child = subprocess.Popen([sys.executable, "-c", program])
    done = 0
    while not done and child.poll() is None:
        time.sleep(0.02)
        with Project.open(path, read_only=True) as project:
            done = len(project.case_ids()) - project.counts()[CaseState.NEW]
    child.send_signal(signal.SIGKILL)
    child.wait()
    with Project.open(path) as project:
        assert project.damage() == []
        kept = {case.id: project.readings(case.id) for case in project.cases(project.case_ids()) if case.reader}
    assert len(kept) >= done > 0
    said = cairn(*arguments[1:])
    assert said == f"Localized {40 - len(kept)} case{'' if len(kept) == 39 else 's'}.\n"
    with Project.open(path) as project:
        assert project.counts()[CaseState.LOCALIZED] == 40
        assert {id_: project.readings(id_) for id_ in kept} == kept
