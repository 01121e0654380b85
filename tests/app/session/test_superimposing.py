"""Superimposing two images of a patient: what is proposed, what is read, what follows, and what who reads blind is shown."""

import threading

import numpy as np
import pytest

from app.session.superimposed import Source, When, Wish, registration_for
from app.session.superimposed_picture import Side
from app.session.superimposing import CHOOSE, Superimposing
from core.images.file import read_image, write_image
from core.landmark_files.file import write_landmarks
from core.measuring.registration import By
from core.project.cases import Geometry, NewCase
from core.project.readings import Reading
from core.project.store import Project
from core.values.landmarks import Landmarks
from tests.app.session.test_disk_and_main_thread import CALLS
from tests.support.desk_fixtures import ANNA, BEN
from tests.support.measuring_fixtures import write_own
from tests.support.superimposing_fixtures import EARLIER, GROWTH_MM, MODEL, grown, make_patient
from tests.support.viewer_fixtures import make_image


@pytest.fixture
def patient(tmp_path):
    return make_patient(tmp_path)


@pytest.fixture
def superimpose(windows, tmp_path):
    """Open a project and begin to superimpose the image that lies open."""
    begun = []

    def begin(path):
        controller = windows.new(path)
        controller.measuring.folder = tmp_path / "analyses"
        own = write_own(controller.measuring.folder)
        controller.measuring.read()
        windows.settle(controller)
        controller.measuring.choose(str(own))
        session = Superimposing(
            controller.document, controller.view_state, controller.desk, controller.measuring,
            is_blind=lambda: controller.cases.blind, jobs=controller.jobs,
        )  # fmt: skip
        begun.append(session)
        session.begin()
        windows.settle(controller)
        return controller, session

    yield begin
    for session in begun:
        session.end()


def change(session, key="S–N"):
    return next(one for one in session.result.comparison.changes if one.measurement.key == key)


def way(session, name="Menton"):
    return next(one for one in session.result.comparison.displacements if one.name == name)


def test_the_patients_image_before_the_open_one_is_the_earlier_and_growth_is_found(superimpose, patient):
    controller, session = superimpose(patient)
    assert controller.desk.current == 3
    assert [one.name for one in session.candidates] == ["before", "after", "other"]
    assert [one.same_patient for one in session.candidates] == [True, True, False]
    assert (session.sources[When.EARLIER], session.sources[When.LATER]) == (Source(2), Source(3))
    assert session.told == ""
    assert session.result.comparison.registration.text == "Sella–Nasion, at Sella"
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)
    assert way(session, "Gonion").length_mm == pytest.approx(0, abs=1e-6)
    assert change(session).difference == pytest.approx(0, abs=1e-6)
    assert change(session, "SNMe").difference != 0
    assert session.result.lines == (("S", "N"), ("N", "S"), ("Go", "Me"), ("Me", "Go"))
    assert session.result.film(When.EARLIER).reader == ANNA
    assert session.result.film(When.EARLIER).image is not None
    assert session.result.picture.later is not None


def test_where_the_open_image_is_the_first_of_the_patient_it_is_the_earlier(superimpose, patient):
    with Project.open(patient) as project:
        project.set_setting("last_open", 2)
    _, session = superimpose(patient)
    assert (session.sources[When.EARLIER], session.sources[When.LATER]) == (Source(2), Source(3))
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)


def test_without_another_image_of_the_patient_a_person_is_asked(superimpose, patient, windows):
    with Project.open(patient) as project:
        project.update_case(2, patient_group="")
    controller, session = superimpose(patient)
    assert session.result is None
    assert session.told == CHOOSE
    session.choose(When.EARLIER, Source(2))
    windows.settle(controller)
    assert way(session).length_mm == pytest.approx(np.hypot(*GROWTH_MM))


def test_swapped_everything_is_the_other_way_round(superimpose, patient, windows):
    controller, session = superimpose(patient)
    before = change(session, "SNMe").difference
    session.swap()
    windows.settle(controller)
    assert change(session, "SNMe").difference == pytest.approx(-before)
    assert way(session).length_mm == pytest.approx(np.hypot(*GROWTH_MM))
    assert session.is_open(session.sources[When.EARLIER])


def test_another_reading_can_be_chosen_and_the_model_brings_intervals(superimpose, patient, windows):
    controller, session = superimpose(patient)
    assert set(session.result.film(When.EARLIER).readers) == {ANNA, BEN, MODEL}
    assert np.isnan(change(session, "SNMe").low)
    session.choose(When.EARLIER, Source(2, reader=BEN))
    windows.settle(controller)
    assert way(session).length_mm > 8
    for when, case_id in ((When.EARLIER, 2), (When.LATER, 3)):
        session.choose(when, Source(case_id, reader=MODEL))
    windows.settle(controller)
    assert change(session, "SNMe").low < change(session, "SNMe").difference < change(session, "SNMe").high
    assert way(session).beyond_error is True


def test_who_reads_blind_sees_only_their_own_marks(superimpose, patient, windows):
    with Project.open(patient) as project:
        reading = project.reading(2, ANNA)
        project.save_reading(Reading(2, ANNA, reading.landmarks.without_point("Gonion"), reading.geometry))
        project.remove_cases([1])
        extra = project.add_cases([NewCase(patient.parent / "third.png", "third", patient_group="p1")])
        project.set_case_image(extra[0], reading.geometry, "")
        project.save_reading(Reading(extra[0], BEN, EARLIER, reading.geometry))
    controller, session = superimpose(patient)
    controller.cases.blind = True
    session.start_anew()
    windows.settle(controller)
    assert session.result.film(When.EARLIER).readers == (ANNA,)
    assert session.result.film(When.LATER).readers == (ANNA,)
    assert session.result.shared == ("Sella", "Nasion", "Menton")
    session.choose(When.EARLIER, Source(2, reader=MODEL))
    windows.settle(controller)
    assert session.told.startswith("You have not read before yet.")
    session.choose(When.EARLIER, Source(extra[0]))
    windows.settle(controller)
    assert session.result is None
    assert session.told.startswith("You have not read third yet.")


def test_what_is_being_read_when_blind_reading_begins_is_not_shown(superimpose, patient, windows):
    with Project.open(patient) as project:
        geometry = project.reading(2, ANNA).geometry
        [extra] = project.add_cases([NewCase(patient.parent / "other.png", "bens")])
        project.set_case_image(extra, geometry, "")
        project.save_reading(Reading(extra, BEN, EARLIER, geometry))
    controller, session = superimpose(patient)
    gate, read = threading.Event(), session._read

    def gated(*arguments, **named):
        gate.wait(10)
        return read(*arguments, **named)

    session._read = gated
    session.choose(When.EARLIER, Source(extra))
    controller.cases.blind = True
    session.start_anew()
    gate.set()
    windows.settle(controller)
    assert session.result is None
    assert session.told.startswith("You have not read")


def test_a_confirmed_answer_of_the_model_brings_who_reads_blind_no_radius(superimpose, patient, windows):
    controller, session = superimpose(patient)
    with Project.open(patient, read_only=True) as project:
        confirmed = project.reading(2, MODEL).landmarks
    for name in confirmed.names:
        confirmed = confirmed.with_status(name, "confirmed")
    geometry = session.result.film(When.EARLIER).image.grid
    controller.desk.store(Reading(2, ANNA, confirmed, Geometry(geometry)))
    windows.settle(controller)
    assert np.isfinite(change(session, "SNMe").low)  # the case has changed in the project, and that is followed
    controller.cases.blind = True
    session.start_anew()
    windows.settle(controller)
    assert np.isnan(change(session, "SNMe").low)


def test_what_is_done_in_the_open_image_is_followed_but_not_while_it_is_dragged(superimpose, patient, windows):
    controller, session = superimpose(patient)
    before = way(session).length_mm
    controller.editor.begin_drag("Menton", (30.0, 60.0))
    controller.editor.drag_to((30.0, 70.0))
    windows.settle(controller)
    assert way(session).length_mm == before
    controller.editor.end_drag()
    windows.settle(controller)
    assert way(session).length_mm != before
    controller.editor.undo()
    windows.settle(controller)
    assert way(session).length_mm == pytest.approx(before)


def test_the_case_that_was_left_is_still_the_later_one(superimpose, patient, windows):
    controller, session = superimpose(patient)
    controller.case_opener.open(1)
    windows.settle(controller)
    session.choose_wish(Wish(("N", "S")))
    windows.settle(controller)
    assert not session.is_open(session.sources[When.LATER])
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)
    assert session.result.film(When.LATER).name == "after"


def test_a_fit_of_chosen_landmarks_and_scaling(superimpose, patient, windows):
    controller, session = superimpose(patient)
    session.choose_wish(Wish(None, frozenset({"Sella", "Nasion", "Gonion"}), scaled=True))
    windows.settle(controller)
    assert session.result.comparison.registration.by is By.FIT
    assert session.result.comparison.registered.scale == pytest.approx(1)
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)
    session.choose_wish(Wish(None, frozenset({"Sella"})))
    windows.settle(controller)
    assert session.result.picture is None
    assert "needs 2 landmarks at least" in session.told
    assert change(session, "SNMe").known  # what can be measured without superimposing stays


def test_landmark_files_and_images_with_saved_landmarks_can_be_the_other_one(superimpose, patient, windows, tmp_path):
    controller, session = superimpose(patient)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    image = make_image(spacing_known=True)
    write_image(image, elsewhere / "old.mha")
    write_landmarks(EARLIER, elsewhere / "old.csv", image=read_image(elsewhere / "old.mha"))
    session.choose(When.EARLIER, Source(path=elsewhere / "old.csv"))
    windows.settle(controller)
    assert session.told == ""
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-3)
    assert session.result.film(When.EARLIER).image is None
    session.choose(When.EARLIER, Source(path=elsewhere / "old.mha"))
    windows.settle(controller)
    assert session.result.film(When.EARLIER).image is not None
    write_image(make_image(), elsewhere / "unsized.png")
    write_landmarks(EARLIER, elsewhere / "unsized.csv", image=image)  # of an image of another name
    session.choose(When.EARLIER, Source(path=elsewhere / "unsized.png"))
    windows.settle(controller)
    assert "unsized.csv was made on scan.png" in session.told
    (elsewhere / "old.csv").unlink()
    session.choose(When.EARLIER, Source(2))
    windows.settle(controller)
    session.choose(When.EARLIER, Source(path=elsewhere / "old.mha"))
    windows.settle(controller)
    assert session.told.startswith("No landmarks of old.mha are saved beside it.")
    assert session.result is None


def test_what_was_not_read_or_cannot_be_read_is_a_sentence(superimpose, patient, windows):
    with Project.open(patient) as project:
        [nobody] = project.add_cases([NewCase(patient.parent / "nobody.png", "nobody")])
    controller, session = superimpose(patient)
    session.choose(When.EARLIER, Source(nobody))
    windows.settle(controller)
    assert session.told.startswith("Nobody has read nobody yet.")
    session.choose(When.EARLIER, Source(path=patient.parent / "none.csv"))
    windows.settle(controller)
    assert "none.csv" in session.told
    session.choose(When.EARLIER, Source(3))
    assert session.told == CHOOSE  # the same twice


def test_an_image_that_is_gone_is_compared_by_its_landmarks(superimpose, patient, windows):
    (patient.parent / "before.png").unlink()
    _, session = superimpose(patient)
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)
    assert (
        session.result.film(When.EARLIER).notes[0].startswith("before is compared by its landmarks alone: before.png")
    )
    assert session.result.picture.earlier is None
    assert session.result.picture.later is not None


def test_without_a_pixel_size_in_one_it_is_said_and_scaling_helps(superimpose, tmp_path, windows):
    controller, session = superimpose(make_patient(tmp_path, sized=False))
    assert "The pixel size of the later image is not known" in session.told
    assert session.result.picture is None
    assert change(session, "SNMe").known
    assert not change(session).known
    session.choose_wish(Wish(("S", "N"), scaled=True))
    windows.settle(controller)
    assert session.told == ""
    np.testing.assert_allclose(way(session).vector_mm, GROWTH_MM, atol=1e-6)


def test_no_disk_is_touched_in_the_main_thread(superimpose, patient, windows, monkeypatch):
    controller, session = superimpose(patient)
    seen = []
    import os

    def watched(name, call):
        def wrapper(path, *arguments, **named):
            if threading.current_thread() is threading.main_thread() and str(patient.parent) in str(path):
                seen.append(f"{name} {path}")
            return call(path, *arguments, **named)

        return wrapper

    for name in CALLS:
        monkeypatch.setattr(os, name, watched(name, getattr(os, name)))
    for module in ("builtins", "io"):
        monkeypatch.setattr(f"{module}.open", watched("open", open))
    session.choose(When.EARLIER, Source(2, reader=MODEL))
    windows.settle(controller)
    session.swap()
    windows.settle(controller)
    assert session.result is not None
    assert [call for call in seen if "before" in call] == []


def test_once_it_has_ended_it_follows_nothing(superimpose, patient, windows):
    controller, session = superimpose(patient)
    session.end()
    session.end()
    told = []
    session.changed.connect(lambda: told.append(1))
    controller.editor.put("Menton", np.array([30.0, 60.0]))
    session.swap()
    windows.settle(controller)
    assert told == []
    assert session.result is None


def test_a_volume_is_fitted_and_seen_from_a_side(superimpose, windows, tmp_path):
    points = np.array([[2.0, 3, 4], [30, 3, 4], [5, 40, 6], [7, 9, 15]])
    names = ("Sella", "Nasion", "Menton", "Gonion")
    path = tmp_path / "volumes.cairn"
    with Project.create(path) as project:
        ids = project.add_cases([NewCase(tmp_path / f"{n}.nii.gz", f"v{n}", patient_group="p") for n in (1, 2)])
        for number, id_ in enumerate(ids):
            image = make_image((18, 60, 50), spacing_known=True)
            write_image(image, tmp_path / f"{number + 1}.nii.gz")
            project.set_case_image(id_, Geometry.of(image), "")
            landmarks = Landmarks(names, np.add(points, [3.0 * number, 0, 0]))
            if number:
                landmarks = landmarks.with_point("Gonion", np.add(landmarks.point_mm("Gonion"), [0, 0, 2]))
            project.save_reading(Reading(id_, ANNA, landmarks, Geometry.of(image)))
    controller, session = superimpose(path)
    assert session.ndim == 3
    session.choose_wish(Wish(None, frozenset({"Sella", "Nasion", "Menton"})))
    windows.settle(controller)
    assert session.told == ""
    np.testing.assert_allclose(way(session, "Gonion").vector_mm, [0, 0, 2], atol=1e-6)
    drawn = next(one for one in session.result.picture.ways if one.name == "Gonion")
    np.testing.assert_allclose(drawn.ends[1] - drawn.ends[0], [0, -2], atol=1e-6)  # up on the screen
    session.choose_side(Side.ABOVE)
    windows.settle(controller)
    drawn = next(one for one in session.result.picture.ways if one.name == "Gonion")
    np.testing.assert_allclose(drawn.ends[1], drawn.ends[0], atol=1e-6)
    assert drawn.length == pytest.approx(2)
    assert session.result.picture.earlier is None


def test_what_a_wish_means():
    lines, shared = (("S", "N"), ("Go", "Me")), ("Sella", "Nasion", "Menton", "Gonion")
    assert registration_for(Wish(), lines, shared).names == ("Sella", "Nasion")
    assert registration_for(Wish(("Go", "Me"), scaled=True), lines, shared).scaled
    assert registration_for(Wish(None, frozenset({"Menton", "Sella"})), lines, shared).names == ("Sella", "Menton")
    assert registration_for(Wish(), (), ("1", "2", "3")).by is By.FIT
    assert registration_for(Wish(("ANS", "PNS")), lines, shared).names == ("ANS", "PNS")


def test_a_project_of_volumes_and_pictures_offers_what_can_be_compared(superimpose, patient, windows):
    with Project.open(patient) as project:
        project.update_case(1, excluded=True)
        volume = make_image((4, 5, 6), spacing_known=True)
        [id_] = project.add_cases([NewCase(patient.parent / "v.nii.gz", "v", patient_group="p1")])
        project.set_case_image(id_, Geometry.of(volume), "")
    _, session = superimpose(patient)
    assert [one.name for one in session.candidates] == ["before", "after"]
    assert grown().names == session.result.shared
