"""Courses of learning that take seconds: phantoms as marked cases, and a plan whose networks are tiny."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.images.file import write_image
from core.learning.cases import Case
from core.learning.configuration import CardConfig, DataConfig, TrainingConfig, parse_config
from core.learning.course_request import LearnRequest, MarkedCase
from core.learning.facts import Facts
from core.learning.pace import FixedPace, Pace
from core.learning.phantom import make_phantom
from core.learning.plan import Plan
from core.learning.plan_rules import Reason
from core.values.landmarks import Landmarks
from tests.support.training_fixtures import CONFIG

SHAPE = (48, 48)
ITERATIONS = 6


def marked_phantoms(folder: Path, count: int) -> tuple[MarkedCase, ...]:
    """Write phantoms as pictures with a pixel size of 1 mm, and return them as marked cases."""
    folder.mkdir(parents=True, exist_ok=True)
    marked = []
    for seed in range(count):
        image, landmarks = make_phantom(2, seed, SHAPE, dtype=np.uint8)
        path = folder / f"phantom-{seed}.nrrd"
        write_image(image, path)
        marked.append(MarkedCase(Case(f"phantom-{seed}", path, landmarks)))
    return tuple(marked)


def phantom_request(folder: Path, count: int = 6, **changes: Any) -> LearnRequest:
    """Return what a course of a few phantoms is asked for; it is granted more time than it can use."""
    request = LearnRequest(
        marked_phantoms(folder / "images", count), 60.0, folder / "phantom.pt", device="cpu", pace=FixedPace(1e6)
    )
    return replace(request, **changes)


def without_landmark(marked: MarkedCase, name: str) -> MarkedCase:
    """Return a case in which nobody marked one landmark."""
    points_mm = marked.case.landmarks.points_mm.copy()
    points_mm[marked.case.landmarks.index(name)] = np.nan
    return replace(marked, case=replace(marked.case, landmarks=Landmarks(marked.case.landmarks.names, points_mm)))


def tiny_plan(
    facts: Facts,
    minutes: float,
    pace: Pace,
    *,
    name: str,
    landmarks: str | Sequence[str],
    card: CardConfig,
    start: TrainingConfig | None = None,
    start_cases: int = 0,
    check: int | None = None,
) -> Plan:
    """Return a plan of two stages with a few iterations each, which takes no time at all."""
    names = landmarks if isinstance(landmarks, str) else tuple(landmarks)
    config = start
    if config is None:
        text = CONFIG.replace('"LANDMARKS"', str(list(facts.landmarks)).replace("'", '"'))
        config = parse_config(text.replace("ITERATIONS", str(ITERATIONS)), "the tiny plan")
        stage = config.global_stage.model_copy(update={"crop": (32, 32)})
        config = config.model_copy(update={"global_stage": stage})
    config = config.model_copy(update={"name": name, "landmarks": names, "card": card, "data": DataConfig(kind="list")})
    return Plan(config, (Reason("Networks", "tiny", "to learn within seconds"),), 1.0)
