"""Tells whether this installation works: ``cairn --self-test``, in a checkout as in the frozen application.

Goes the way a person goes, with the bundled samples and models: read, localize, compare, write, read back, keep in a project,
show; and learns from phantoms. Writes into one folder only, needs no network, and stops at the first check that fails, naming it.
"""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.commands.self_test_learning import check_learning
from app.desktop.display import has_display, require_qt_platform
from app.session.questions import LeaveLearning, Overwrite, Unsaved
from core.base.assets import assets_folder
from core.base.errors import AppError
from core.base.files import reason_of
from core.images.file import read_image
from core.landmark_files.file import read_landmarks, write_landmarks
from core.models.bundled import bundled_model_for
from core.models.metadata import read_model_info
from core.values.landmarks import Landmarks

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.window.main_window import MainWindow

LONGEST_WAIT_S = 180.0
"""How long the window may take to localize a sample on a slow, busy computer."""
FEWEST_GREYS = 128
"""A view that shows an X-ray has more grey values than this, up to 256; labels alone do not reach it."""

_OF_BROKEN_BUNDLES = (ImportError, OSError, RuntimeError, AttributeError, LookupError, TypeError, ValueError)
"""What is raised where a file was left out that is needed, or a library is another than the one it was built for."""


@dataclass(frozen=True)
class Sample:
    """A bundled image with what its landmarks may be off by.

    Attributes
    ----------
    name
        What a person calls it.
    image_name
        Its file in ``assets/samples``; the expected landmarks lie beside it.
    median_mm, largest_mm
        Bounds of the distances from the expected landmarks: what the bundled models are tested for. Of the X-ray's nothing
        is promised about the median.
    """

    name: str
    image_name: str
    median_mm: float
    largest_mm: float

    @property
    def landmarks_name(self) -> str:
        """The file name of its landmarks."""
        return f"{self.image_name.split('.')[0]}.csv"


SAMPLES = (
    Sample("X-ray", "cephalogram.png", median_mm=3.0, largest_mm=3.0),
    Sample("mouse skull", "mouse_skull.nii.gz", median_mm=0.15, largest_mm=0.5),
)


class SelfTestFailed(AppError):
    """A check found something wrong; the message names the check."""


def run_self_test(say: Callable[[str], None], folder: Path | None = None, samples: Path | None = None) -> None:
    """Run every check and ``say`` one line about each.

    Parameters
    ----------
    say
        Takes a line of text.
    folder
        Where the landmark files are kept; without it they go to a temporary folder that is removed.
    samples
        Folder of the sample images and their expected landmarks; the bundled one where omitted.

    Raises
    ------
    SelfTestFailed
        A check failed; none after it was run.
    """
    started = time.perf_counter()
    with _folder_or_temporary(folder) as where:
        from_folder = samples or assets_folder() / "samples"
        for sample in SAMPLES:
            _run(f"{sample.name} is localized", partial(check_sample, sample, from_folder, where), say)
        _run("a project keeps what a child process finds", partial(check_project, SAMPLES[0], from_folder), say)
        _run("a model is learnt", check_learning, say)
        _run("a report is printed", partial(check_report, SAMPLES[0], from_folder), say)
        _run("the window shows it", partial(check_window, from_folder / SAMPLES[0].image_name), say)
    say(f"Everything works ({time.perf_counter() - started:.1f} s).")


@contextmanager
def _folder_or_temporary(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AppError(
                f"Landmark files cannot be written to {folder}: {reason_of(error)}.", "Choose another folder."
            ) from error
        yield folder
        return
    try:
        temporary = tempfile.TemporaryDirectory(prefix="cairn-self-test-")
    except OSError as error:
        raise SelfTestFailed(
            f"The self-test has no folder to write to ({reason_of(error)}).",
            "Name one: cairn --self-test --out FOLDER.",
        ) from error
    with temporary as name:
        yield Path(name)


def _run(name: str, check: Callable[[], str], say: Callable[[str], None]) -> None:
    """Run one check; what goes wrong in it is said with its name."""
    started = time.perf_counter()
    try:
        found = check()
    except AppError as error:
        raise SelfTestFailed(f"The self-test failed at “{name}”: {error}") from error
    except _OF_BROKEN_BUNDLES as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise SelfTestFailed(f"The self-test failed at “{name}” ({reason}).") from error
    say(f"ok  {name}: {found} ({time.perf_counter() - started:.1f} s)")


def check_sample(sample: Sample, samples: Path, folder: Path) -> str:
    """Read, localize, compare, write and read back one sample; return what to say about it."""
    # Here, so that a torch that cannot be loaded fails this check instead of the program.
    from core.models.file import load_model
    from core.models.inference import localize

    image = read_image(samples / sample.image_name)
    expected = read_landmarks(samples / sample.landmarks_name, image=image)
    model_path = bundled_model_for(image.ndim)
    if read_model_info(model_path).landmarks != expected.names:
        raise SelfTestFailed("the model finds other landmarks than the expected ones.")
    prediction = localize(image, load_model(model_path), device="cpu")
    found = prediction.landmarks
    largest_mm = _require_near(sample, found, expected)
    path = folder / sample.landmarks_name
    write_landmarks(found, path, image=image, model=prediction.model)
    back_mm = read_landmarks(path, image=image).points_mm
    if not np.allclose(back_mm, found.points_mm, rtol=0, atol=1e-3):  # the digits that a table has
        raise SelfTestFailed(f"{path.name} does not give back the positions that were written to it.")
    return f"{len(found)} landmarks, {largest_mm:.2f} mm off at most, written and read back"


def _require_near(sample: Sample, found: Landmarks, expected: Landmarks) -> float:
    """Return how far the worst landmark is off, mm; `SelfTestFailed` where that is more than the sample allows."""
    off_mm = np.linalg.norm(found.points_mm - expected.points_mm, axis=1)
    if not (np.median(off_mm) <= sample.median_mm and off_mm.max() <= sample.largest_mm):  # NaN fails as well
        raise SelfTestFailed(
            f"the landmarks are off by a median of {np.median(off_mm):.2f} mm and by {off_mm.max():.2f} mm at most; "
            f"{sample.median_mm:g} and {sample.largest_mm:g} mm are allowed."
        )
    return float(off_mm.max())


def check_project(sample: Sample, samples: Path) -> str:
    """Let a child process localize a sample for a project, close the project and read it back; return what to say about it."""
    # Here, so that an SQLite that cannot be loaded fails this check instead of the program.
    from app.commands.project_localizing import Report, Request, localize_cases
    from core.project.cases import NewCase
    from core.project.store import Project

    image = samples / sample.image_name
    with tempfile.TemporaryDirectory(prefix="cairn-self-test-") as folder:
        path = Path(folder) / "self-test.cairn"
        with Project.create(path) as project:
            ids = project.add_cases([NewCase(image, sample.name)])
            report = Report()
            localize_cases(project, project.cases(ids), Request(workers=1, device="cpu"), report, lambda _: None)
        if report.failures:
            raise SelfTestFailed(" ".join(sentence for _, sentence in report.failures))
        with Project.open(path) as project:
            damage = project.damage()
            readings = project.readings(ids[0])
    if damage:
        raise SelfTestFailed(f"the project is damaged after it was written ({', '.join(damage)}).")
    if len(readings) != 1:
        raise SelfTestFailed(f"the project gives back {len(readings)} readings where one was put into it.")
    found = readings[0].landmarks
    expected = read_landmarks(samples / sample.landmarks_name, image=read_image(image))
    if found.names != expected.names:
        raise SelfTestFailed("the project holds other landmarks than the expected ones.")
    largest_mm = _require_near(sample, found, expected)
    return f"{len(found)} landmarks, {largest_mm:.2f} mm off at most, kept and read back"


@cache
def _application() -> "QApplication":
    """Return Qt's application, which stays for as long as this program runs."""
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    require_qt_platform()
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication(["cairn"])


def check_report(sample: Sample, samples: Path) -> str:
    """Write the report of a sample and a picture of it, and look whether there are letters in both; return what to say."""
    application = _application()
    from app.commands.report import Writer
    from app.commands.report_input import Wishes, planned_cases
    from app.session.printouts import PaperSize
    from core.measuring.file import read_analysis
    from core.measuring.reader_spread import NOTHING

    paths = [samples / sample.image_name, samples / sample.landmarks_name]
    (planned,), _ = planned_cases(paths, Wishes())
    case = planned.read()
    writer = Writer(read_analysis("steiner"), "", NOTHING, PaperSize.A4, with_name=True)
    with tempfile.TemporaryDirectory(prefix="cairn-self-test-") as folder:
        pdf_path, svg_path = Path(folder) / "report.pdf", Path(folder) / "picture.svg"
        writer.write_report(case, pdf_path)
        writer.write_picture(case, svg_path, 1)
        pdf, svg = pdf_path.read_bytes(), svg_path.read_bytes()
    pages, fonts, texts = len(re.findall(rb"/Type */Page\b", pdf)), pdf.count(b"/FontFile"), svg.count(b"<text")
    if not (pdf.startswith(b"%PDF") and pages and fonts):
        raise SelfTestFailed(f"the report has {pages} pages and letters of {fonts} fonts.")
    if texts != len(case.landmarks) or b"data:image/png" not in svg:
        raise SelfTestFailed(f"the picture has {texts} names of {len(case.landmarks)} landmarks, or no image.")
    return f"{pages} pages, {texts} names in the picture, on “{application.platformName()}”"


def check_window(image_path: Path) -> str:
    """Open the image in the real window, wait for its landmarks and look at what is drawn; return what to say about it."""
    application = _application()
    from app.desktop.theme import apply_theme
    from app.session.controller import Controller
    from app.window.main_window import MainWindow

    apply_theme(application)
    unattended = _Unattended()
    window = MainWindow(Controller(unattended, opens_saved_work=False))
    try:
        window.show()
        window.controller.open_paths([image_path])
        _wait_for_landmarks(window, unattended, application.processEvents)
        landmarks = window.controller.document.landmarks
        if landmarks is None or not landmarks.located.all():
            raise SelfTestFailed("the window has not placed every landmark.")
        greys = _greys_shown(window)
        if greys < FEWEST_GREYS:
            raise SelfTestFailed(f"the view is blank ({greys} grey values).")
        return f"{len(landmarks)} landmarks placed, {greys} grey values, on “{application.platformName()}”"
    finally:
        window.close()
        window.deleteLater()
        application.processEvents()


def _wait_for_landmarks(window: "MainWindow", unattended: "_Unattended", process_events: Callable[[], None]) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_S
    while window.controller.document.prediction is None:
        if unattended.error is not None:
            raise unattended.error
        if time.monotonic() > deadline:
            raise SelfTestFailed(f"no landmarks were found within {LONGEST_WAIT_S:.0f} s.")
        process_events()
        time.sleep(0.01)
    process_events()


def _greys_shown(window: "MainWindow") -> int:
    """Return how many grey values the picture of the image view has."""
    from PySide6.QtGui import QImage

    picture = window.slice_view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    bits = np.frombuffer(picture.constBits(), dtype=np.uint8)
    rows = bits.reshape(picture.height(), picture.bytesPerLine())[:, : picture.width()]
    return len(np.unique(rows))


class _Unattended:
    """Answers nothing, since nobody is there, and keeps the first error for the check to report."""

    def __init__(self) -> None:
        self.error: AppError | None = None

    def _no_answer(self, *_: object) -> None:
        return None

    image_path = image_folder = series = landmarks_path = save_path = model_path = _no_answer
    project_path = new_project_path = reader_name = missing_image_folder = _no_answer
    pixel_size = ruler_length_mm = landmark_name = mm_without_pixel_size = scheme = _no_answer
    export_wish = import_wish = analysis_path = analysis_save_path = measurements_path = _no_answer
    picture_wish = report_wish = learn_wish = _no_answer

    def scheme_fit(self, *_: object, by_file: bool) -> None:  # noqa: ARG002 - nobody is there
        return None

    def _no(self, *_: object) -> bool:
        return False

    replaces_analysis = gives_up_analysis = removes_analysis = accepts_model = belongs_here = stops_waiting = (
        leaves_unwritten
    ) = _no

    def image_paths(self, *_: object) -> list[Path]:
        return []

    def overwrites(self, *_: object) -> Overwrite:
        return Overwrite.CANCEL

    def leaves_learning(self, *_: object) -> LeaveLearning:
        return LeaveLearning.GIVE_UP

    def unsaved(self, *_: object) -> Unsaved:
        return Unsaved.DISCARD

    def show_error(self, error: AppError) -> None:
        self.error = self.error or error
