"""A course of learning by itself: what it tells, what it writes, and that nothing is lost wherever it stops."""

import errno
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock

from core.base.errors import ConfigError, ModelFileError
from core.learning import course, course_ending, trainer
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState
from core.learning.configuration import parse_config
from core.learning.course import learn
from core.learning.course_ending import with_kept_stages
from core.learning.course_events import Begin, Done, Event, LeftOut, Reading, Step, Stopped
from core.learning.course_events import Plan as PlanEvent
from core.learning.course_folder import folder_of, opened
from core.learning.course_request import LearnRequest, Stop
from core.learning.phantom import make_phantom
from core.learning.trainable import read_trainable
from core.models.file import load_model
from core.models.inference import localize
from tests.support.course_fixtures import ITERATIONS, SHAPE, phantom_request, tiny_plan, without_landmark


class Killed(BaseException):
    """As if the process were gone: nobody tidies up."""


class Written:
    """Stands in for the writing of model files, which takes seconds; keeps what was to be written."""

    def __init__(self) -> None:
        self.state: TrainingState | None = None

    def __call__(self, state: TrainingState, config: Any, localizer: Any, path: Path, *_: Any, **__: Any) -> float:
        self.state = state
        path.write_bytes(b"model")
        return 0.0


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "make_plan", tiny_plan)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    stand_in = Written()
    monkeypatch.setattr(course_ending, "write_model", stand_in)
    return stand_in


@pytest.fixture
def request_(tmp_path: Path) -> LearnRequest:
    return phantom_request(tmp_path)


def stop_after(steps: int, wish: Stop) -> tuple[list[Event], Callable[[Event], None], Callable[[], Stop]]:
    """Return what hears of a course and wishes it to stop after so many steps."""
    heard: list[Event] = []

    def wished() -> Stop:
        return wish if sum(isinstance(event, Step) for event in heard) >= steps else Stop.NOT

    return heard, heard.append, wished


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each step be told."""
    monkeypatch.setattr("core.learning.course_progress.TELL_EVERY_S", -1.0)


@pytest.mark.slow
def test_a_course_leads_from_marked_cases_to_a_model_that_can_go_on(request_: LearnRequest) -> None:
    heard: list[Event] = []
    outcome = learn(request_, heard.append)
    kinds = [kind for kind, _ in itertools.groupby(event.event for event in heard)]
    assert kinds == ["begin", "reading", "plan", "step", "calibrating", "writing", "done"]
    begin, done = heard[0], heard[-1]
    assert isinstance(begin, Begin)
    assert (begin.learn, begin.check, begin.resumed, begin.start) == (5, 1, False, "")
    assert isinstance(done, Done)
    assert outcome.model == request_.out
    assert done.comparison == outcome.comparison
    assert done.comparison.old is None
    assert done.comparison.cases == 1
    readings = [event for event in heard if isinstance(event, Reading)]
    assert readings[-1].done == readings[-1].total
    assert not folder_of(request_.out).exists()

    model = load_model(request_.out)
    assert model.info.title == done.title == "phantom 1.0"
    assert "5 cases" in model.info.training_data
    assert "phantom-" not in model.info.model_dump_json()
    assert len(model.info.calibration_mm) == 4
    image, _ = make_phantom(2, 3, SHAPE, dtype=np.uint8)
    assert localize(image, model, device="cpu").landmarks.located.all()

    parent = read_trainable(request_.out)
    assert parent.lineage.cases == 5
    heard.clear()
    again = replace(request_, start=request_.out, out=request_.out.with_name("next.pt"))
    learn(again, heard.append)
    begin, done = heard[0], heard[-1]
    assert isinstance(begin, Begin)
    assert begin.start == "phantom 1.0"
    assert isinstance(done, Done)
    assert done.comparison.old is not None
    assert all(each.old is not None for each in done.comparison.landmarks)
    child = read_trainable(again.out)
    assert (child.lineage.parent, child.lineage.parent_sha256) == ("phantom 1.0", parent.sha256)
    assert "going on from phantom 1.0" in child.info.training_data


@pytest.mark.slow
def test_the_old_model_errs_in_the_comparison_as_it_did_when_it_was_new(
    request_: LearnRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where going on changes nothing, both err alike."""
    first = learn(request_, lambda _: None)
    assert first.comparison is not None

    def keeping(*arguments: Any, **named: Any) -> Any:
        plan = tiny_plan(*arguments, **named)
        stages = [plan.config.global_stage, *plan.config.local_stages]
        still = [
            stage.model_copy(update={"optimisation": stage.optimisation.model_copy(update={"learning_rate": 1e-30})})
            for stage in stages
        ]
        config = plan.config.model_copy(update={"global_stage": still[0], "local_stages": tuple(still[1:])})
        return replace(plan, config=config)

    monkeypatch.setattr(course, "make_plan", keeping)
    second = learn(replace(request_, start=request_.out, out=request_.out.with_name("next.pt")), lambda _: None)
    assert second.comparison is not None
    assert second.comparison.old is not None
    assert second.comparison.old.median == pytest.approx(first.comparison.new.median, abs=1e-3)


@pytest.mark.slow
def test_a_case_that_the_old_model_has_learnt_from_does_not_compare_the_two(request_: LearnRequest) -> None:
    learn(request_, lambda _: None)
    turned = [
        replace(each, split="validation" if number in (1, 0) else "train") for number, each in enumerate(request_.cases)
    ]
    again = replace(request_, cases=tuple(turned), start=request_.out, out=request_.out.with_name("next.pt"))
    outcome = learn(again, lambda _: None)
    assert outcome.comparison is not None
    assert [each.case for each in outcome.comparison.details] == ["phantom-0"]  # which the old one was checked with
    assert outcome.comparison.old is not None
    only = [replace(each, split="validation" if number == 1 else "train") for number, each in enumerate(request_.cases)]
    outcome = learn(replace(again, cases=tuple(only), out=request_.out.with_name("third.pt")), lambda _: None)
    assert outcome.comparison is not None
    assert [each.case for each in outcome.comparison.details] == ["phantom-1"]
    assert outcome.comparison.old is None


def test_a_course_that_is_killed_anywhere_goes_on_as_if_it_had_not(
    request_: LearnRequest, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(request_, lambda _: None)
    whole = written.state
    assert whole is not None
    monkeypatch.setattr(course, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(trainer, "CHECKPOINT_SHARE", 1e9)
    begun: list[Begin] = []
    for at in (1, 3, 4, 5, 2):
        count = itertools.count(1)

        def tell(event: Event, at: int = at, count: Iterator[int] = count) -> None:
            if isinstance(event, Begin):
                begun.append(event)
            if isinstance(event, Step) and next(count) == at:
                raise Killed

        with pytest.raises(Killed):
            learn(request_, tell)
    assert [event.resumed for event in begun] == [False] + [True] * 4
    heard: list[Event] = []
    learn(request_, heard.append)
    assert isinstance(heard[-1], Done)
    parts = written.state
    assert parts is not None
    assert parts.errors_mm == whole.errors_mm
    for expected, found in zip(whole.finished, parts.finished, strict=True):
        assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.mark.parametrize("moment", ["calibrating", "writing"])
def test_a_course_that_is_killed_after_learning_only_writes_its_model(
    moment: str, request_: LearnRequest, written: Written
) -> None:
    def tell(event: Event) -> None:
        if event.event == moment:
            raise Killed

    with pytest.raises(Killed):
        learn(request_, tell)
    heard: list[Event] = []
    assert learn(request_, heard.append).model == request_.out
    assert not any(isinstance(event, Step) for event in heard)
    assert not folder_of(request_.out).exists()


@pytest.mark.parametrize(("steps", "stages"), [(3, 1), (ITERATIONS + 2, 2)])
def test_who_stops_keeps_what_was_learnt(steps: int, stages: int, request_: LearnRequest, written: Written) -> None:
    heard, tell, wished = stop_after(steps, Stop.KEEP)
    outcome = learn(request_, tell, wished)
    assert outcome.stopped_early
    assert isinstance(heard[-1], Done)
    assert heard[-1].stopped_early
    state = written.state
    assert state is not None
    config = parse_config(state.config_text, "its configuration")
    assert len(state.finished) == 1 + len(config.local_stages) <= stages
    assert not folder_of(request_.out).exists()


def test_who_stops_before_anything_was_learnt_gets_no_model(request_: LearnRequest, written: Written) -> None:
    heard, tell, wished = stop_after(0, Stop.KEEP)
    assert learn(request_, tell, wished).model is None
    assert heard[-1] == Stopped(resumable=True)
    assert not request_.out.exists()


def test_who_leaves_can_go_on(request_: LearnRequest, written: Written) -> None:
    heard, tell, wished = stop_after(3, Stop.LEAVE)
    assert learn(request_, tell, wished).model is None
    assert heard[-1] == Stopped(resumable=True)
    assert (folder_of(request_.out) / CHECKPOINT_NAME).exists()
    again: list[Event] = []
    assert learn(request_, again.append).model == request_.out
    first = next(event for event in again if isinstance(event, Step))
    assert first.iteration == 4


def test_time_that_was_worked_before_counts_and_the_plan_stays(
    request_: LearnRequest, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)
    monkeypatch.setattr(course, "make_plan", None)  # it would fail
    heard: list[Event] = []
    spent = replace(request_, minutes=1e-6)  # less than was worked before: every stage that is left is one step
    learn(spent, heard.append)
    steps = [event for event in heard if isinstance(event, Step)]
    assert [(step.stage, step.iteration) for step in steps] == [(0, 4), (1, 1)]
    assert all(step.iterations == step.iteration for step in steps)


def test_stages_that_spoil_the_answer_are_left_out() -> None:
    state = TrainingState("", ["a"], finished=[{}, {}, {}], crops=[8, 16], errors_mm=[[[2.0]], [[1.0]], [[1.5]]])
    kept = with_kept_stages(state)
    assert (len(kept.finished), kept.crops, kept.errors_mm) == (2, [8], [[[2.0]], [[1.0]]])
    assert len(state.finished) == 3


# What it must do without


def test_where_the_image_to_check_with_cannot_be_read_another_one_is_taken(
    request_: LearnRequest, written: Written
) -> None:
    request_.cases[0].case.image_path.write_bytes(b"")
    heard: list[Event] = []
    outcome = learn(request_, heard.append)
    first, last = [event for event in heard if isinstance(event, Begin)]
    assert (first.check, last.learn, last.check) == (1, 4, 1)
    assert [each.case for each in last.left_out] == ["phantom-0"]
    assert outcome.comparison is not None
    assert [each.case for each in outcome.comparison.details] != ["phantom-0"]


def test_images_that_cannot_be_read_are_left_out_with_the_reason(request_: LearnRequest, written: Written) -> None:
    request_.cases[2].case.image_path.write_bytes(b"NRRD0004\n")
    heard: list[Event] = []
    before = LeftOut(case="other", why="Nobody has marked it.")
    learn(replace(request_, left_out=(before,)), heard.append)
    begins = [event for event in heard if isinstance(event, Begin)]
    last = begins[-1]
    assert last.learn + last.check == 5
    assert last.left_out[0] == before
    assert last.left_out[1].case == "phantom-2"
    assert last.left_out[1].why.endswith(".")
    assert isinstance(heard[-1], Done)


def test_an_image_that_goes_away_while_it_is_stopped_is_left_out_too(request_: LearnRequest, written: Written) -> None:
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)
    request_.cases[3].case.image_path.unlink()
    heard: list[Event] = []
    learn(request_, heard.append)
    last = [event for event in heard if isinstance(event, Begin)][-1]
    assert [each.case for each in last.left_out] == ["phantom-3"]
    assert last.resumed


def test_where_too_few_images_can_be_read_it_says_why(request_: LearnRequest) -> None:
    for each in request_.cases[:3]:
        each.case.image_path.write_bytes(b"")
    with pytest.raises(
        ConfigError, match=r"phantom-1: .*is empty.* So it is with 2 more\. There are 3 marked cases"
    ) as told:
        learn(request_, lambda _: None)
    assert "Mark 2 more" in told.value.hint
    assert not folder_of(request_.out).exists()


def test_where_too_few_are_marked_it_says_which_could_not_be_used(request_: LearnRequest) -> None:
    left_out = (LeftOut(case="x-ray 7", why="Nobody has marked it."),)
    with pytest.raises(ConfigError, match=r"There are 2 marked cases.* 1 case could not be used \(x-ray 7: Nobody has"):
        learn(replace(request_, cases=request_.cases[:2], left_out=left_out), lambda _: None)


def test_cases_that_come_later_wait_for_the_next_course(
    request_: LearnRequest, written: Written, tmp_path: Path
) -> None:
    more = phantom_request(tmp_path, 8)
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)
    heard: list[Event] = []
    learn(more, heard.append)
    begin = heard[0]
    assert isinstance(begin, Begin)
    assert (begin.learn, begin.check) == (5, 1)
    assert [each.case for each in begin.left_out] == ["phantom-6", "phantom-7"]
    assert begin.left_out[0].why == "It was marked after this began."


def test_the_persons_splits_and_patients_are_respected(request_: LearnRequest, written: Written) -> None:
    marked = [replace(each, group="anna" if number in (1, 4) else "") for number, each in enumerate(request_.cases)]
    marked[1] = replace(marked[1], split="validation")
    heard: list[Event] = []
    outcome = learn(replace(request_, cases=tuple(marked)), heard.append)
    assert outcome.comparison is not None
    assert [each.case for each in outcome.comparison.details] == ["phantom-1", "phantom-4"]


def test_a_landmark_that_some_images_lack_may_be_called_absent(request_: LearnRequest, written: Written) -> None:
    names = request_.cases[0].case.landmarks.names
    cases = tuple(without_landmark(each, names[2]) for each in request_.cases[:2]) + request_.cases[2:]
    learn(replace(request_, cases=cases), lambda _: None)
    assert written.state is not None
    assert written.state.presence_threshold == 0.5


def test_px_are_what_is_said_where_no_pixel_size_is_known(request_: LearnRequest, written: Written) -> None:
    heard: list[Event] = []
    outcome = learn(replace(request_, unit="px"), heard.append)
    steps = [event for event in heard if isinstance(event, Step)]
    assert all(step.error_mm is None and step.best_mm is None for step in steps)
    assert steps[-1].error_px is not None
    assert outcome.comparison is not None
    assert outcome.comparison.unit == "px"


# Its folder


def test_another_course_does_not_go_on_in_its_folder(request_: LearnRequest, written: Written) -> None:
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)
    with pytest.raises(ConfigError, match="holds the unfinished learning of something else"):
        learn(replace(request_, source="elsewhere"), lambda _: None)
    assert learn(request_, lambda _: None).model == request_.out


def test_a_course_whose_cases_are_all_gone_says_so_and_stays(request_: LearnRequest, written: Written) -> None:
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)
    with pytest.raises(ConfigError, match="There is no marked case"):
        learn(replace(request_, cases=()), lambda _: None)
    heard: list[Event] = []
    learn(request_, heard.append)
    assert next(event for event in heard if isinstance(event, Step)).iteration == 4


def test_a_folder_of_something_else_is_left_alone(request_: LearnRequest) -> None:
    folder = folder_of(request_.out)
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds something else than learning"):
        learn(request_, lambda _: None)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_what_a_killed_process_was_writing_is_not_taken_for_something_else(tmp_path: Path) -> None:
    """It was killed before it had begun anything, and leaves a file under its temporary name."""
    folder = folder_of(tmp_path / "model.pt")
    folder.mkdir()
    (folder / ".tmp-0123abcd-course.json").write_bytes(b"{")
    with opened(tmp_path / "model.pt") as mine:
        assert mine.begun() is None
        assert [file.name for file in folder.iterdir()] == ["lock"]


def test_two_at_once_do_not_learn_the_same_model(request_: LearnRequest) -> None:
    folder = folder_of(request_.out)
    folder.mkdir()
    with FileLock(folder / "lock"), pytest.raises(ConfigError, match="is being learnt already"):
        learn(request_, lambda _: None)


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(
    request_: LearnRequest, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tell, wished = stop_after(3, Stop.LEAVE)
    learn(request_, tell, wished)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "write_checkpoint", full)
        with pytest.raises(ConfigError, match="no space left") as told:
            learn(request_, lambda _: None)
    assert "goes on" in told.value.hint
    heard: list[Event] = []
    learn(request_, heard.append)
    assert next(event for event in heard if isinstance(event, Step)).iteration == 4


def test_a_folder_that_vanishes_costs_what_was_learnt_but_not_the_model(
    request_: LearnRequest, written: Written
) -> None:
    def tell(event: Event) -> None:
        folder = folder_of(request_.out)
        if isinstance(event, Step) and event.iteration == 2 and folder.exists():
            for file in folder.iterdir():
                file.unlink()

    assert learn(request_, tell).model == request_.out


# What it is asked for


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan"), float("inf")])
def test_without_time_nothing_is_learnt(minutes: float, request_: LearnRequest) -> None:
    with pytest.raises(ConfigError, match="no time to learn in"):
        learn(replace(request_, minutes=minutes), lambda _: None)


def test_a_model_that_cannot_go_on_is_refused(request_: LearnRequest, tmp_path: Path) -> None:
    old = tmp_path / "old.pt"
    old.write_bytes(b"no archive")
    with pytest.raises(ModelFileError):
        learn(replace(request_, start=old), lambda _: None)


def test_the_model_to_go_on_from_stays(request_: LearnRequest) -> None:
    request_.out.write_bytes(b"a model")
    with pytest.raises(ConfigError, match=r"phantom\.pt would take the place of the model to go on from"):
        learn(replace(request_, start=request_.out), lambda _: None)
    assert request_.out.read_bytes() == b"a model"


def test_a_place_that_cannot_be_written_to_is_refused(request_: LearnRequest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be written to"):
        learn(replace(request_, out=tmp_path / "file" / "m.pt"), lambda _: None)


def test_what_is_planned_is_told_with_its_reasons(request_: LearnRequest, written: Written) -> None:
    heard: list[Event] = []
    learn(request_, heard.append)
    plan = next(event for event in heard if isinstance(event, PlanEvent))
    assert plan.iterations == (ITERATIONS, ITERATIONS)
    assert plan.reasons[0].why == "to learn within seconds"
