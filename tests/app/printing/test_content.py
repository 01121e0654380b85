"""What a report says, without a page."""

from dataclasses import replace

import numpy as np
import pytest

from app.printing.content import ModelSaid, limits_in_card, report_content
from app.printing.models import model_said
from app.session.free_rows import FreeListRow
from core.base.assets import assets_folder
from core.measuring.measure import measure
from core.measuring.reader_spread import ReaderSpread
from core.models.bundled import bundled_models
from core.values.image import SpacingSource
from core.values.landmarks import Status


def said(content):
    return {part.heading: " ".join(part.paragraphs) for part in content.notes}


def test_facts_say_who_when_how_large_and_what_came_from_whom(subject):
    assert dict(report_content(subject).facts) == {
        "Date of report": "8 November 2026",
        "Reader": "Käthe Müller",
        "Pixel size": "0.5 mm (stated in the file)",
        "Landmarks": "4 found by the model, 1 of them confirmed by a person",
        "Model": "Test model 1",
        "Outside the usual range": "Angle at nasion: long face",
    }


def test_what_a_person_moved_or_placed_is_told_apart_and_named(subject):
    landmarks = subject.landmarks.with_point("Sella", np.array([5.0, 9.0]), Status.CORRECTED)
    landmarks = landmarks.with_point("Menton", np.array([15.0, 9.0]), Status.PLACED).without_point("Nasion")
    facts = dict(report_content(replace(subject, landmarks=landmarks)).facts)
    assert facts["Landmarks"] == (
        "1 found by the model, confirmed by a person; 1 found by the model and moved by a person; "
        "1 placed by a person; 1 not in the image"
    )
    assert facts["Moved or placed by a person"] == "Sella (S), Menton (Me)"


def test_rows_have_what_was_measured_and_the_rest_is_named_with_its_reason(subject):
    content = report_content(subject)
    assert [row.name for row in content.rows] == ["Angle at nasion", "S–N"]
    assert dict(content.unmeasured) == {
        "It needs Basion (Ba), not among these landmarks.": "Ba–N",
        "Landmarks lie on the same spot, or lines that should meet are parallel.": "Share of the gap",
    }


def test_without_a_pixel_size_lengths_are_named_as_not_measured(subject, analysis):
    measured = measure(analysis, subject.landmarks, unit="px")
    content = report_content(replace(subject, measured=measured, spacing_source=SpacingSource.UNKNOWN))
    assert dict(content.facts)["Pixel size"] == "not known, so lengths are not measured"
    assert "S–N" in dict(content.unmeasured)["It is a length in mm, and the pixel size is not known."]


def test_pixels_that_are_no_squares_have_two_sizes_width_first(subject):
    facts = dict(report_content(replace(subject, spacing_mm=(0.25, 0.5))).facts)
    assert facts["Pixel size"] == "0.5 × 0.25 mm (stated in the file)"


def test_norms_are_named_with_their_people(subject):
    assert said(report_content(subject))["Norms"] == "Angle at nasion: adults."


def test_what_is_outside_of_its_norm_stands_beside_the_picture_the_farthest_first(subject, monkeypatch):
    (angle, *_) = subject.measured
    near, far, inside = (
        replace(
            angle,
            value=150 + 10 * sd,
            deviation_sd=sd,
            measurement=angle.measurement.model_copy(update={"title": name}),
        )
        for name, sd in (("near", -1.5), ("far", 3.0), ("inside", 0.5))
    )

    def outside(*measured):
        return dict(report_content(replace(subject, measured=measured)).facts).get("Outside the usual range")

    assert outside(near, inside, far) == "far: long face\nnear: short face"
    assert outside(inside, inside) == "none of 2"
    assert outside(replace(angle, norm=None)) is None
    monkeypatch.setattr("app.printing.content._MOST_NAMED", 1)
    assert outside(near, far) == "far: long face\n1 more"


def test_a_class_that_is_not_decided_has_a_question_mark_which_is_explained(subject):
    wide = replace(subject.landmarks, radius_mm=np.full(4, 30, np.float32))
    content = report_content(replace(subject, measured=measure(subject.analysis, wide)))
    assert content.rows[0].class_text.endswith(" ?")
    assert "question mark" in said(content)["How to read it"]
    assert "question mark" not in said(report_content(subject))["How to read it"]


def test_landmarks_that_count_as_exact_are_named_beside_the_intervals(subject):
    landmarks = subject.landmarks.with_point("Sella", subject.landmarks.point_mm("Sella"), Status.PLACED)
    content = report_content(replace(subject, measured=measure(subject.analysis, landmarks), landmarks=landmarks))
    assert "too narrow: Sella." in said(content)["How to read it"]


def test_whose_differences_tell_of_marks_by_hand_is_said(subject):
    spread = ReaderSpread({"Sella": 0.4}, {"Sella": "Ann and Bob, 34 cases"})
    landmarks = subject.landmarks.with_point("Sella", subject.landmarks.point_mm("Sella"), Status.PLACED)
    measured = measure(subject.analysis, landmarks, spread_mm=spread.spread_mm)
    content = report_content(replace(subject, measured=measured, told_by=spread))
    assert (
        "the differences of readers tell"
        not in said(report_content(replace(subject, told_by=spread)))["How to read it"]
    )
    assert (
        "Of landmarks placed by hand, the differences of readers tell: Ann and Bob, 34 cases."
        in (said(content)["How to read it"])
    )


def test_what_was_measured_by_hand_is_listed_with_whose_it_is_where_there_are_several(subject):
    rows = (
        FreeListRow("1", "Distance", "12.5 mm", "Ann", own=True, has_value=True),
        FreeListRow("2", "Angle", "30.0°", "Ann", own=True, has_value=True),
    )
    assert said(report_content(replace(subject, free=rows)))["Measured by hand"] == "Distance: 12.5 mm Angle: 30.0°"
    rows = (rows[0], replace(rows[1], reader="Ben"))
    assert said(report_content(replace(subject, free=rows)))["Measured by hand"] == (
        "Distance: 12.5 mm (Ann) Angle: 30.0° (Ben)"
    )
    assert "Measured by hand" not in said(report_content(subject))


def test_without_radii_it_is_said_that_there_are_no_intervals(subject):
    bare = replace(subject.landmarks, radius_mm=np.full(4, np.nan, np.float32))
    content = report_content(replace(subject, measured=measure(subject.analysis, bare), landmarks=bare))
    assert "There are no intervals" in said(content)["How to read it"]


def test_a_model_of_which_only_the_name_is_known_is_named(subject):
    assert said(report_content(subject))["Model"] == ("Test model 1. Nothing more is known of it on this computer.")
    assert "Model" not in said(report_content(replace(subject, model=None, landmarks=by_hand(subject))))


def test_where_nobody_says_which_model_it_was_that_is_said(subject):
    facts = dict(report_content(replace(subject, model=None)).facts)
    assert facts["Model"] == "not recorded"
    assert "Model" not in dict(report_content(replace(subject, model=None, landmarks=by_hand(subject))).facts)


def by_hand(subject):
    landmarks = subject.landmarks
    for name in landmarks.names:
        landmarks = landmarks.with_point(name, landmarks.point_mm(name), Status.PLACED)
    return replace(landmarks, presence=np.full(4, np.nan, np.float32))


@pytest.mark.parametrize("title", [info.title for info in bundled_models().values()])
def test_bundled_models_tell_their_limits_errors_and_licence(subject, title):
    model = model_said(title)
    assert isinstance(model, ModelSaid)
    assert "Every landmark needs a person's eye." in model.limits
    assert "\n" not in model.limits
    assert "*" not in model.limits
    told = said(report_content(replace(subject, model=model)))["Model"]
    assert model.limits in told
    assert "Mean error on the images by which it was chosen" in told
    assert "Licence:" in told


def test_a_card_gives_its_section_and_nothing_of_the_next():
    card = (assets_folder() / "models" / "cephalometric-19.md").read_text(encoding="utf-8")
    assert "It is no medical device" in limits_in_card(card)
    assert "Wang" not in limits_in_card(card)
    assert limits_in_card("# A card\n\nNothing of the kind.") == ""


def test_a_name_that_is_left_out_stands_nowhere(subject):
    assert "scan" in repr(report_content(subject))
    assert "scan" not in repr(report_content(replace(subject, case_name="")))
