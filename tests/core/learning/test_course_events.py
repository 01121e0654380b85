import json

import pytest

from core.base.errors import ConfigError
from core.learning.course_events import (
    Begin,
    Calibrating,
    CaseChange,
    Comparing,
    Comparison,
    Done,
    Errors,
    Event,
    Failed,
    LandmarkChange,
    LeftOut,
    Plan,
    Reading,
    Reason,
    Step,
    Stopped,
    Writing,
    parse_event,
)

COMPARISON = Comparison(
    cases=8,
    unit="mm",
    within=2.0,
    old=None,
    new=Errors(median=1.0, mean=1.25, within=0.5),
    landmarks=(LandmarkChange(name="Sella", old=None, new=1.0),),
    details=(CaseChange(case="a", old=2.0, new=1.5),),
)
EVENTS: list[Event] = [
    Begin(learn=31, check=8, left_out=(LeftOut(case="a", why="It cannot be read."),), minutes=30, start="m 1.0"),
    Reading(done=3, total=39),
    Plan(stages=1, iterations=(5,), seconds=9.5, reasons=(Reason(setting="spacing", value="1 mm", why="it is"),)),
    Step(stage=0, stages=3, iteration=1, iterations=2, loss=0.5, error_px=3.5, best_px=3.0, seconds_left=8),
    Calibrating(done=1, total=2),
    Comparing(done=1, total=2),
    Writing(done=0, total=1),
    Done(model="/m.pt", sha256="ab", title="m 1.0", comparison=COMPARISON),
    Stopped(),
    Failed(sentence="Two cases are too few.", hint="Mark more."),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_every_event_is_one_line_that_reads_back_unchanged(event):
    line = event.to_line()
    assert "\n" not in line
    assert json.loads(line)["event"] == event.event
    assert parse_event(line) == event


def test_what_is_not_known_is_null():
    said = json.loads(Step(stage=0, stages=1, iteration=1, iterations=2, loss=1, seconds_left=2).to_line())
    assert said["error_mm"] is said["error_px"] is said["best_mm"] is said["best_px"] is None


@pytest.mark.parametrize("line", ["", "{}", '{"event":"dance"}', '{"event":"begin","version":2}', "not json", "[1]"])
def test_lines_of_another_version_and_foreign_ones_are_refused_in_a_sentence(line):
    with pytest.raises(ConfigError, match="cannot be understood"):
        parse_event(line)
