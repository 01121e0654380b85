"""What is known of a course, gathered event by event."""

from app.session.course_progress import CourseProgress, CurvePoint
from core.learning.course_events import (
    Begin,
    Calibrating,
    Comparing,
    Comparison,
    Done,
    Errors,
    Plan,
    Reading,
    Step,
    Stopped,
    Writing,
)

COMPARISON = Comparison(cases=2, unit="px", within=8, old=None, new=Errors(median=1, mean=2, within=1))


def step(iteration: int, error_px: float | None, stage: int = 0, left_s: float = 60.0) -> Step:
    return Step(
        stage=stage, stages=2, iteration=iteration, iterations=200, loss=0.5, error_mm=None, error_px=error_px,
        best_px=error_px, seconds_left=left_s,
    )  # fmt: skip


def test_it_is_told_what_is_done_and_how_far_it_is():
    progress = CourseProgress(minutes=10, start="wing 1")
    assert progress.doing == "Starting up"
    progress = progress.after(Begin(learn=31, check=8, minutes=10, start="wing 1", unit="px"), 0.0)
    assert (progress.learn, progress.check, progress.unit, progress.doing) == (31, 8, "px", "Reading the images")
    assert progress.after(Reading(done=3, total=39), 0.1).doing == "Reading the images, 3 of 39"
    progress = progress.after(Plan(stages=2, iterations=(200, 100), seconds=580.0), 0.2)
    assert progress.left_s == 580.0
    progress = progress.after(step(50, 4.0, left_s=500.0), 1.0)
    assert (progress.doing, progress.left_s, progress.error) == ("Learning, step 1 of 2, 25 %", 500.0, 4.0)
    for event, doing in (
        (Calibrating(done=1, total=8), "Measuring how sure it is, 1 of 8"),
        (Comparing(done=2, total=8), "Comparing with the model before, 2 of 8"),
        (Writing(done=1, total=1), "Writing the model"),
        (Stopped(), "Learning, step 1 of 2, 25 %"),
    ):
        assert progress.after(event, 9.0).doing == doing
    done = Done(model="/m.pt", sha256="0" * 64, title="wing 2", comparison=COMPARISON)
    assert progress.after(done, 9.9).done == done


def test_what_goes_on_says_so():
    begin = Begin(learn=5, check=1, minutes=10, resumed=True)
    assert CourseProgress().after(begin, 0.0).doing == "Going on where it stood"


def test_the_curve_has_a_point_for_each_check_and_starts_anew_with_each_part():
    progress = CourseProgress().after(Begin(learn=5, check=1, minutes=10, unit="px"), 0.0)
    for minutes, event in (
        (0.5, step(10, None)), (1.0, step(20, 9.0)), (1.1, step(30, 9.0)), (2.0, step(40, 5.0)), (3.0, step(5, 5.0, stage=1)),
    ):  # fmt: skip
        progress = progress.after(event, minutes)
    assert progress.curve == (CurvePoint(1.0, 0, 9.0), CurvePoint(2.0, 0, 5.0), CurvePoint(3.0, 1, 5.0))
    assert progress.best == 5.0
    assert progress.stage == 1


def test_errors_are_in_the_unit_of_the_images():
    progress = CourseProgress().after(Begin(learn=5, check=1, minutes=10, unit="mm"), 0.0)
    event = Step(
        stage=0, stages=1, iteration=1, iterations=2, loss=1, error_mm=1.4, error_px=14.0, best_mm=1.3, seconds_left=1
    )
    progress = progress.after(event, 1.0)
    assert (progress.error, progress.best) == (1.4, 1.3)
