"""How a project with many cases is opened, filtered, sorted, scrolled and written to.

    CAIRN_BENCH_CASES=100000 .venv/bin/python tests/benchmarks/bench_worklist.py

Makes a project in a temporary folder, each case with a reading of a model for 19 landmarks (the making takes minutes and is not
what is measured), and shows it in a real, offscreen panel. What the main thread does is timed apart from what happens in jobs: a
hitch is what the main thread does longer than a frame lasts. A row of the table is median and largest of the repetitions.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from app.desk.case_list import CaseList
from app.panels.worklist import Worklist
from app.session.jobs import Jobs
from core.project.cases import CaseSort, CaseState, Geometry, NewCase
from core.project.readings import Reader, ReaderKind, Reading
from core.project.review import review_queue
from core.project.store import Project
from core.values.grid import Grid
from core.values.landmarks import Landmarks, Status
from tests.support.desk_fixtures import ANNA, ScriptedWork, idle_learning, open_desk

CASES = int(os.environ.get("CAIRN_BENCH_CASES", "2000"))
NAMES = tuple(f"L{number}" for number in range(19))
MODEL = Reader("cephalometric-19 1.1", ReaderKind.MODEL)
GEOMETRY = Geometry(Grid.from_spacing((2400, 1935), 0.1))
FRAMES = 300


def make_project(path: Path) -> None:
    """Make the project: nine of ten cases are localized."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(40, 150, (19, 2))
    with Project.create(path) as project, project.transaction():
        names = [f"image_{number:06d}" for number in range(CASES)]
        ids = project.add_cases(NewCase(path.parent / "images" / f"{name}.png", name) for name in names)
        for id_ in ids:
            project.set_case_image(id_, GEOMETRY, f"{id_:064x}")
            if id_ % 10:
                radii = rng.uniform(0.8, 3.0, 19)
                points = shape + rng.normal(0, 2, (19, 2))
                marks = Landmarks(NAMES, points, rng.uniform(0.85, 1, 19), radii / 3, radii, (Status.PREDICTED,) * 19)
                project.save_reading(Reading(id_, MODEL, marks, GEOMETRY))


def tell(what: str, seconds: list[float]) -> None:
    """Print a row."""
    sys.stdout.write(f"| {what} | {1e3 * statistics.median(seconds):.1f} | {1e3 * max(seconds):.1f} |\n")
    sys.stdout.flush()


def timed(function: Callable[[], object], times: int) -> list[float]:
    """Return how long each of several calls took."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return spent


class Turns:
    """Runs Qt's events and keeps how long the longest turn of the main thread was."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    def until(self, is_there: Callable[[], bool], timeout_s: float = 60.0) -> float:
        """Run until something is there; return how long that took."""
        start = time.perf_counter()
        while not is_there():
            begun = time.perf_counter()
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
            self.longest_s = max(self.longest_s, time.perf_counter() - begun)
            if begun - start > timeout_s:
                raise TimeoutError
            time.sleep(0.0005)
        return time.perf_counter() - start


def measure_edits(project: Project) -> None:
    """Move a landmark again and again, as dragging does: one transaction each, on the disk when it returns."""
    ids = [id_ for id_ in project.case_ids()[:400] if id_ % 10]
    marks = {id_: project.readings(id_)[0].landmarks for id_ in ids[:40]}
    step = iter(range(10**9))

    def edit() -> None:
        number = next(step)
        id_ = ids[number // 5 % 40]
        moved = marks[id_].with_point("L3", (float(number), 2.0))
        project.save_reading(Reading(id_, ANNA, moved, GEOMETRY), "Move L3")

    tell("one edit, a transaction", timed(edit, 200))
    tell("a note", timed(lambda: project.update_case(ids[0], note=f"seen {next(step)}"), 50))


def measure_questions(project: Project) -> None:
    """Ask what the panel asks in its jobs."""
    from core.project.cases import CaseQuery

    ids = project.case_ids()
    tell("all cases as added", timed(project.case_ids, 5))
    for sort in (CaseSort.NAME, CaseSort.TO_CHECK, CaseSort.WORST_RADIUS):
        tell(f"sorted by {sort.name.lower()}", timed(lambda sort=sort: project.case_ids(CaseQuery(sort=sort)), 5))
    new = CaseQuery(states=frozenset({CaseState.NEW}), excluded=False)
    tell("filtered by state", timed(lambda: project.case_ids(new), 5))
    tell("searched", timed(lambda: project.case_ids(CaseQuery(text="_0123")), 5))
    tell("counts", timed(project.counts, 5))
    middle = len(ids) // 2
    tell("a page of 128 rows", timed(lambda: project.rows(ids[middle : middle + 128]), 20))
    tell("the review queue", timed(lambda: review_queue(project), 2))


def measure_panel(path: Path) -> None:
    """Open, filter, sort and scroll in the panel."""
    jobs, work, turns = Jobs(), ScriptedWork(), Turns()
    desk = open_desk(jobs, path)
    turns.until(lambda: desk.project is not None)
    count = len(desk.project.case_ids())
    start = time.perf_counter()
    cases = CaseList(desk)
    panel = Worklist(desk, cases, work, idle_learning(desk, jobs), jobs, lambda *_: True, QAction("Learn…"))
    panel.resize(520, 900)
    panel.show()
    model = panel.table.cases
    turns.until(lambda: len(cases.ids) == count and model.row(0) is not None)
    tell("opened: until the first rows are there", [time.perf_counter() - start])
    for what, changes in (
        ("filtered, until shown", {"states": frozenset({CaseState.NEW}), "excluded": False}),
        ("sorted, until shown", {"states": frozenset(), "excluded": None, "sort": CaseSort.WORST_RADIUS}),
    ):
        before = cases.ids
        cases.ask_for(**changes)
        tell(what, [turns.until(lambda before=before: cases.ids is not before and model.row(0) is not None)])
    tell("longest turn of the main thread meanwhile", [turns.longest_s])
    scroll(panel)
    panel.hide()
    turns.until(lambda: not jobs.busy)
    jobs.shut_down()
    desk.close()


def scroll(panel: Worklist) -> None:
    """Scroll by a hundred rows a frame, and from end to end by leaps; processor time is what it costs beside no other work."""
    bar = panel.table.verticalScrollBar()
    for what, step in (("scrolled by 100 rows, a frame", 4600), ("dragged through all, a frame", bar.maximum() // 40)):
        spent, busy, place = [], [], 0
        for _ in range(FRAMES):
            place = (place + step) % max(bar.maximum(), 1)
            start, start_busy = time.perf_counter(), time.thread_time()
            bar.setValue(place)
            panel.table.viewport().repaint()
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
            spent.append(time.perf_counter() - start)
            busy.append(time.thread_time() - start_busy)
        tell(what, spent)
        tell(f"{what}: processor time", busy)


def main() -> None:
    """Measure everything."""
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        path = (
            Path(os.environ.get("CAIRN_BENCH_PROJECT", ""))
            if "CAIRN_BENCH_PROJECT" in os.environ
            else Path(folder) / "p.cairn"
        )
        start = time.perf_counter()
        if not path.exists():
            make_project(path)
            sys.stdout.write(
                f"{CASES} cases made in {time.perf_counter() - start:.0f} s, {path.stat().st_size / 1e6:.0f} MB\n"
            )
        sys.stdout.write("| ms | median | largest |\n| --- | ---: | ---: |\n")
        start = time.perf_counter()
        with Project.open(path) as project:
            tell("open the file", [time.perf_counter() - start])
            measure_questions(project)
            measure_edits(project)
        measure_panel(path)
    application.quit()


if __name__ == "__main__":
    main()
