"""How many images a second child processes localize, beside one after the other in one process, and what memory they take.

    .venv/bin/python tests/benchmarks/bench_background.py [--images 20] [--rounds 3] [--folder DIR] [--ways here:2,here:1,2]
    .venv/bin/python -m pytest tests/benchmarks/bench_background.py

A way is ``here:THREADS``, one image after the other in a fresh process (``here:1`` as ``cairn localize --workers 1``), or some
children of `app.desk.background`, one thread each, by their number. The ways take turns, each in a process of its own, so
that whatever else the computer does hits all alike; their medians count. Start-up is told apart from the images: with s seconds
of it and r images a second, n images take s + n / r. The landmark files of all ways with one thread are compared byte for byte.
Images are the X-rays of the data set where it is there, else links to the sample.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from statistics import median
from typing import Any

import psutil
import pytest

from app.desk.background import Background
from app.desk.crew_plan import CrewPlan, usable_cores
from app.desk.events import Done, Event, Failed, Overall
from core.base.assets import assets_folder
from core.base.memory import available_bytes
from core.landmark_files.file import write_landmarks
from core.models import image_task
from core.models.image_task import ImageAnswer, ImageTask, ImageWork

DATA = Path(os.environ.get("CAIRN_DATA", "nowhere")) / "cephalometric" / "RawImage" / "TrainingData"
SAMPLED_EVERY_S = 0.05


@dataclass(frozen=True)
class Outcome:
    """What one way took.

    Attributes
    ----------
    started_s
        Seconds until the first answer, less what one image takes afterwards.
    images_per_s
        Of the images after those that came first, one for each child.
    total_s
        All of it.
    processor_s
        What all processes took of the cores, start-up included: where other programs want the cores as well, it says more than
        the rates do.
    peak_bytes
        The most memory that all processes took together, shared pages divided among them.
    digest
        Of the landmark files.
    """

    started_s: float
    images_per_s: float
    total_s: float
    processor_s: float
    peak_bytes: float
    digest: str


class Memory:
    """Watches how much memory this process and its children take, in a thread."""

    def __init__(self) -> None:
        self.peak_bytes = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        here = psutil.Process()
        while not self._end.wait(SAMPLED_EVERY_S):
            taken = 0.0
            for process in (here, *here.children(recursive=True)):
                try:
                    found = process.memory_full_info()
                except psutil.Error:
                    continue
                taken += getattr(found, "pss", 0) or found.uss
            self.peak_bytes = max(self.peak_bytes, taken)


def images_in(folder: Path | None, count: int, scratch: Path) -> list[Path]:
    """Return so many X-rays: of a folder, of the data set, or links to the sample."""
    folder = folder or (DATA if DATA.is_dir() else None)
    if folder is not None:
        return sorted(path for path in folder.iterdir() if path.is_file())[:count]
    links = [scratch / f"{number}.png" for number in range(count)]
    for link in links:
        if not link.exists():
            link.symlink_to(assets_folder() / "samples" / "cephalogram.png")
    return links


def measure(way: str, images: Sequence[Path]) -> Outcome:
    """Localize all images in one way, here and now; torch must not have been loaded before."""
    ends_s: list[float] = []
    answers: dict[int, ImageAnswer] = {}
    tasks = [ImageTask(image) for image in images]
    before_s = sum(os.times()[:4])
    with Memory() as memory:
        started_s = time.perf_counter()
        side_by_side = 1
        if way.startswith("here:"):
            image_task.LARGE_BYTES = 0  # so that it takes the threads that it is given
            work = ImageWork(int(way.partition(":")[2]))
            work.prepare()
            for number, task in enumerate(tasks):
                read = work.read(task, _go_on)
                answers[number] = work.run(task, read, lambda fraction, doing: None, _go_on)
                ends_s.append(time.perf_counter() - started_s)
        else:
            side_by_side = int(way)
            plan = CrewPlan(side_by_side, usable_cores(), 0.75 * available_bytes() / side_by_side)
            events: Queue[Event] = Queue()
            background = Background(events.put, plan)
            background.submit(enumerate(tasks))
            while not isinstance(event := events.get(), Overall) or event.busy:
                if isinstance(event, Failed):
                    raise SystemExit(event.sentence)
                if isinstance(event, Done):
                    answers[int(str(event.key))] = event.answer
                    ends_s.append(time.perf_counter() - started_s)
            background.close()
        total_s = time.perf_counter() - started_s
    first = min(side_by_side, len(ends_s) - 1)
    rate = (len(ends_s) - first) / (ends_s[-1] - ends_s[first - 1])
    processor_s = sum(os.times()[:4]) - before_s
    return Outcome(total_s - len(tasks) / rate, rate, total_s, processor_s, memory.peak_bytes, _digest(answers))


def _go_on() -> bool:
    return False


def _digest(answers: dict[int, ImageAnswer]) -> str:
    """Return a digest of the landmark files of all answers."""
    digest = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        for _, answer in sorted(answers.items()):
            path = Path(folder) / "answer.csv"
            write_landmarks(answer.landmarks, path, image=answer.image_without_pixels, model=answer.model)
            digest.update(path.read_bytes())
    return digest.hexdigest()


def measured_apart(way: str, images: Sequence[Path]) -> Outcome:
    """Measure in a fresh process."""
    command = [sys.executable, "-W", "ignore", __file__, "--measure", way, *map(str, images)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    return Outcome(**json.loads(said))


def table(ways: Sequence[str], outcomes: dict[str, list[Outcome]]) -> list[str]:
    """Return the lines of the table; the first way is what the others are compared with."""
    lines = [
        "| way | images/s (all rounds) | against the first | start-up, s | in all, s | processor, s | memory, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    base = median(each.images_per_s for each in outcomes[ways[0]])
    for way in ways:
        rates = [each.images_per_s for each in outcomes[way]]
        cells = [
            f"{median(rates):.2f} ({', '.join(f'{rate:.2f}' for rate in rates)})",
            f"{median(rates) / base:.2f}",
            f"{median(each.started_s for each in outcomes[way]):.1f}",
            f"{median(each.total_s for each in outcomes[way]):.1f}",
            f"{median(each.processor_s for each in outcomes[way]):.1f}",
            f"{max(each.peak_bytes for each in outcomes[way]) / 1e6:.0f}",
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where two ways do not give the same files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    cores = usable_cores()
    parser.add_argument("--ways", default=f"here:{cores},here:1,1,{cores}")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        way, *images = options.measure
        sys.stdout.write(json.dumps(vars(measure(way, [Path(image) for image in images]))))
        return 0
    ways = options.ways.split(",")
    outcomes: dict[str, list[Outcome]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as scratch:
        images = images_in(options.folder, options.images, Path(scratch))
        for number in range(options.rounds):
            for way in ways if number % 2 == 0 else reversed(ways):
                found = measured_apart(way, images)
                outcomes[way].append(found)
                load = f"load {os.getloadavg()[0]:.1f}"
                told = f"{way}: {found.images_per_s:.2f} images/s, {found.processor_s:.1f} s of the cores, {load}\n"
                sys.stderr.write(told)
    sys.stdout.write(f"{len(images)} images, {cores} cores, load {os.getloadavg()[0]:.1f}\n\n")
    sys.stdout.write("\n".join(table(ways, outcomes)) + "\n\n")
    one_thread = [way for way in ways if not way.startswith("here:") or way == "here:1"]
    digests = {each.digest for way in one_thread for each in outcomes[way]}
    sys.stdout.write(
        f"The landmark files are {'the same' if len(digests) == 1 else 'NOT the same'} in all ways with one thread.\n"
    )
    return 0 if len(digests) == 1 else 1


@pytest.mark.slow
def test_the_table_compares_ways_that_give_the_same_files(tmp_path: Path) -> None:
    images = images_in(None, 3, tmp_path)
    ways = ("here:1", "2")
    outcomes: dict[str, Any] = {way: [measured_apart(way, images)] for way in ways}
    assert outcomes["here:1"][0].digest == outcomes["2"][0].digest
    assert all(each[0].peak_bytes > 2e8 for each in outcomes.values())
    assert len(table(ways, outcomes)) == 4


if __name__ == "__main__":
    sys.exit(main())
