"""Making an analysis in a session: landmarks that are clicked, what it comes to, where it is saved, and that nothing is lost."""

import pytest

from app.session.analysis_choice import kept_key
from app.session.view_state import Mode
from core.measuring.file import parse_analysis
from core.models.metadata import read_model_info
from core.project.analyses import ProjectAnalysis
from core.project.store import Project
from tests.support.measuring_fixtures import OWN_ANALYSIS, write_own
from tests.support.viewer_fixtures import idle, make_image, make_model_file, make_prediction


@pytest.fixture
def editing(controller, tmp_path, qtbot):
    """What a person makes analyses with, on an image whose landmarks do not lie on one line."""
    show(controller, make_image(spacing_known=True))
    controller.measuring.folder = tmp_path / "analyses"
    write_own(controller.measuring.folder)
    controller.measuring.read()
    idle(controller, qtbot)
    yield controller.analysis_editing
    idle(controller, qtbot)


@pytest.fixture
def project(editing, controller, tmp_path, qtbot):
    path = tmp_path / "day.cairn"
    with Project.create(path) as made:
        made.analyses.put(ProjectAnalysis("clinic", 2, OWN_ANALYSIS.replace('name = "own"', 'name = "clinic"')))
        made.analyses.put(ProjectAnalysis("broken", 2, 'name = "broken"\ntitle = "B"\nndim = 2\n'))
    controller.desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: bool(controller.own_analyses.kept))
    show(controller, make_image(spacing_known=True))
    idle(controller, qtbot)
    yield path
    idle(controller, qtbot)
    controller.desk.close()


def show(controller, image):
    landmarks = make_prediction(image).landmarks
    if image.ndim == 2:
        landmarks = landmarks.with_point("Menton", [20.0, 60.0])
    controller.document.set_image(image, landmarks, None)
    controller.view_state.begin(image)


def offer(controller, key):
    return next(one for one in controller.measuring.offers if one.key == key)


def in_project(path):
    with Project.open(path, read_only=True) as project:
        return {one.name: one.text for one in project.analyses.all()}


def test_a_new_one_is_filled_by_clicking_landmark_after_landmark(editing, controller):
    told = []
    editing.begun.connect(lambda: told.append("begun"))
    editing.begin_new()
    assert told == ["begun"]
    assert controller.view_state.mode is Mode.PICK
    assert editing.asked_for == "“one side”"
    editing.take_landmark("Sella")
    assert editing.asked_for == "“vertex”"
    editing.take_landmark("Nasion")
    assert editing.measured() == (None, "")
    editing.take_landmark("Menton")
    assert controller.view_state.mode is Mode.NAVIGATE
    assert editing.steps.shown["how"] == {"angle": ["Sella", "Nasion", "Menton"]}
    assert editing.steps.draft.landmarks["Sella"] == ("Sella",)
    one, reason = editing.measured()
    assert (round(one.value), one.unit, reason) == (117, "°", "")
    assert editing.steps.problems == ()
    editing.take_landmark("Gonion")  # nothing is asked for any more
    assert editing.steps.shown["how"] == {"angle": ["Sella", "Nasion", "Menton"]}


def test_a_new_one_knows_whose_readers_differ_on_the_landmarks_of_the_model(editing, controller, model_path, tmp_path):
    editing.begin_new()
    assert "readers" not in editing.steps.draft.raw
    image = controller.document.image
    controller.document.set_image(image, controller.document.landmarks, read_model_info(model_path))
    editing.begin_new()
    assert "readers" not in editing.steps.draft.raw  # there is no table for that model
    controller.document.set_image(
        image,
        controller.document.landmarks,
        read_model_info(make_model_file(tmp_path / "ceph.pt", name="cephalometric-19")),
    )
    editing.begin_new()
    assert editing.steps.draft.raw["readers"] == "cephalometric-19"
    assert not editing.is_modified


def test_its_lines_are_shown_over_the_image_until_it_ends(editing, controller, answers):
    editing.begin_new()
    assert controller.measuring.emphasised == ()
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    assert len(controller.measuring.emphasised) == 2
    assert len(controller.measuring.emphasised_angles) == 1
    answers.gives_up_edit = True
    assert editing.cancel()
    assert controller.measuring.emphasised == ()


def test_a_landmark_chosen_in_a_list_counts_and_can_be_chosen_again(editing, controller, qtbot):
    editing.begin_new()
    editing.set_form((), "angle_between")
    for name in ("Sella", "Nasion", "Sella", "Menton"):
        controller.editor.select(name)
        qtbot.waitUntil(lambda: controller.view_state.selected is None)
    assert editing.steps.shown["how"] == {"angle_between": [["Sella", "Nasion"], ["Sella", "Menton"]]}
    controller.editor.select("Gonion")
    assert controller.view_state.selected == "Gonion"  # nothing is asked for: it is selected as ever


def test_after_esc_a_click_selects_until_a_part_is_asked_for_again(editing, controller):
    editing.begin_new()
    controller.leave_mode()
    assert not editing.is_picking
    controller.editor.select("Gonion")
    assert editing.steps.shown["how"] == {"angle": ["", "", ""]}
    editing.ask_for((1,))
    editing.take_landmark("Nasion")
    assert editing.steps.shown["how"] == {"angle": ["", "Nasion", ""]}
    assert editing.asked == (2,)


def test_undoing_asks_again_for_what_is_missing_then(editing):
    editing.begin_new()
    editing.take_landmark("Sella")
    editing.take_landmark("Nasion")
    editing.steps.undo()
    assert editing.asked_for == "“vertex”"


def test_a_symbol_stands_for_all_names_of_a_landmark(editing, controller, qtbot):
    editing.begin_with(offer(controller, str(controller.measuring.folder / "own.toml")))
    idle(controller, qtbot)
    texts = [choice.text for choice in editing.landmarks]
    assert texts == ["S – Sella", "N – Nasion", "Me – Menton", "Go – Gonion", "Ba – Basion"]
    editing.set_form((), "distance")
    editing.ask_for((0,))
    editing.take_landmark("Gonion")
    assert editing.steps.shown["how"] == {"distance": ["Go", "N"]}
    editing.add_landmark((1,), " Pterygoid ")
    assert editing.steps.draft.landmarks["Pterygoid"] == ("Pterygoid",)
    assert editing.measured() == (None, "It needs Pterygoid, not among these landmarks.")
    editing.take_choice((1,), editing.landmarks[4])
    assert editing.steps.shown["how"] == {"distance": ["Go", "Ba"]}


def test_the_image_may_change_meanwhile(editing, controller, qtbot):
    editing.begin_new()
    editing.take_landmark("Sella")
    show(controller, make_image((90, 60), spacing_known=True))
    qtbot.waitUntil(lambda: editing.is_picking)
    assert editing.asked == (1,)
    for name in ("Nasion", "Menton"):
        editing.take_landmark(name)
    show(controller, make_image((6, 80, 60), spacing_known=True))
    assert editing.measured() == (None, "Open a 2D image with landmarks to see what it comes to.")
    idle(controller, qtbot)


def test_who_reads_blind_sees_nothing_of_the_model_here_either(editing, controller):
    editing.begin_new()
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    controller.cases.blind = True
    one, reason = editing.measured()
    assert one is None
    assert reason == "Sella is not placed."


def test_it_is_saved_in_the_project_and_measured_by(editing, controller, project, qtbot):
    editing.begin_new()
    assert editing.saves_to == "in the project"
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    editing.steps.say(title="Facial", name="facial")
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    assert parse_analysis(in_project(project)["facial"], "facial").title == "Facial"
    assert controller.measuring.offer.key == kept_key("facial")
    assert controller.view_state.show_measurements


def test_what_is_wrong_is_not_saved_but_shown(editing, controller, project):
    editing.begin_kept(controller.own_analyses.find("clinic"))
    editing.steps.choose(1)
    editing.steps.describe(key="SNMe")
    editing.steps.choose(3)
    editing.finish()
    assert editing.is_under_way
    assert editing.steps.place == 1
    assert "SNMe" in editing.steps.problems[0].sentence
    assert in_project(project)["clinic"].count("S–N") == 1


def test_one_of_the_project_is_edited_in_place_and_renamed(editing, controller, project, answers, qtbot):
    editing.begin_kept(controller.own_analyses.find("clinic"))
    editing.steps.describe(title="At nasion")
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    assert 'title = "At nasion"' in in_project(project)["clinic"]
    assert not any("replace" in asked for asked in answers.asked)
    editing.begin_kept(controller.own_analyses.find("clinic"))
    editing.steps.say(name="practice")
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    qtbot.waitUntil(lambda: set(in_project(project)) == {"broken", "practice"})


def test_one_that_cannot_be_used_is_mended(editing, controller, project, qtbot):
    editing.begin_kept(controller.own_analyses.find("broken"))
    assert editing.steps.shown is None
    assert editing.steps.problems[0].sentence == "An analysis needs a measurement: add one."
    editing.add()
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    editing.finish()
    qtbot.waitUntil(lambda: controller.own_analyses.find("broken").analysis is not None)
    idle(controller, qtbot)


def test_a_copy_of_a_bundled_one_keeps_all_but_its_name(editing, controller, project, qtbot):
    editing.begin_with(offer(controller, "steiner"))
    qtbot.waitUntil(lambda: editing.is_under_way)
    assert editing.name == "steiner-copy"
    assert not editing.is_modified
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    copied = parse_analysis(in_project(project)["steiner-copy"], "copy")
    assert copied.title == "Steiner (copy)"
    assert copied.measurements == offer(controller, "steiner").analysis.measurements


def test_a_file_of_a_persons_own_is_saved_back_with_its_comments(editing, controller, qtbot):
    path = controller.measuring.folder / "own.toml"
    path.write_text("# ours\n" + OWN_ANALYSIS, encoding="utf-8")
    editing.begin_with(offer(controller, str(path)))
    qtbot.waitUntil(lambda: editing.is_under_way)
    assert editing.saves_to == "in own.toml"
    editing.steps.describe(title="At nasion")
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ours\n")
    assert 'title = "At nasion"' in text
    qtbot.waitUntil(lambda: controller.measuring.offer.key == str(path))
    assert controller.measuring.opened == ()
    idle(controller, qtbot)


def test_in_a_days_work_without_a_name_it_goes_into_the_persons_folder(editing, controller, answers, tmp_path, qtbot):
    controller.begin_session(tmp_path / "sessions")
    qtbot.waitUntil(lambda: controller.desk.project is not None)
    show(controller, make_image(spacing_known=True))
    editing.begin_new()
    assert editing.saves_to == "for my images"
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    there = controller.measuring.folder / "my-analysis.toml"
    assert there.is_file()
    assert controller.own_analyses.kept == ()
    qtbot.waitUntil(lambda: controller.measuring.offer.path == there)
    editing.begin_new()
    assert editing.name == "my-analysis-2"
    for name in ("Gonion", "Nasion", "Menton"):
        editing.take_landmark(name)
    editing.steps.say(name="my-analysis")
    before = there.read_text(encoding="utf-8")
    editing.finish()
    qtbot.waitUntil(lambda: "replace analysis my-analysis" in answers.asked)
    idle(controller, qtbot)
    assert there.read_text(encoding="utf-8") == before
    assert editing.is_under_way
    answers.replaces = True
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    assert "Gonion" in there.read_text(encoding="utf-8")
    idle(controller, qtbot)
    controller.desk.close()


def test_without_a_project_and_a_folder_a_file_is_asked_for(editing, controller, answers, tmp_path, qtbot):
    controller.measuring.folder = None
    editing.begin_new()
    for name in ("Sella", "Nasion", "Menton"):
        editing.take_landmark(name)
    editing.finish()
    assert editing.is_under_way  # nobody has named a file
    answers.saved_analysis = tmp_path / "new.toml"
    editing.finish()
    qtbot.waitUntil(lambda: not editing.is_under_way)
    assert controller.measuring.opened == (tmp_path / "new.toml",)
    idle(controller, qtbot)
    assert controller.measuring.offer.analysis.name == "my-analysis"


def test_what_is_unfinished_can_be_saved_as_a_file_too(editing, answers, tmp_path, controller, qtbot):
    editing.begin_new()
    answers.saved_analysis = tmp_path / "half.toml"
    editing.ask_save_file()
    qtbot.waitUntil(answers.saved_analysis.exists)
    idle(controller, qtbot)
    assert editing.is_under_way
    assert 'angle = ["", "", ""]' in answers.saved_analysis.read_text(encoding="utf-8")


def test_nothing_is_given_up_without_a_question(editing, answers, project, controller):
    editing.begin_kept(controller.own_analyses.find("clinic"))
    assert editing.cancel()  # nothing was done
    editing.begin_kept(controller.own_analyses.find("clinic"))
    editing.steps.describe(title="Another")
    assert not editing.cancel()
    editing.begin_new()
    assert editing.name == "clinic"
    assert answers.asked[-2:] == ["give up clinic", "give up clinic"]
    answers.gives_up_edit = True
    editing.begin_new()
    assert editing.name == "my-analysis"
    assert in_project(project)["clinic"].count("Another") == 0


def test_closing_the_window_asks_too(editing, answers, controller):
    editing.begin_new()
    editing.take_landmark("Sella")
    assert not controller.close()
    assert editing.is_under_way
    answers.gives_up_edit = True
    assert controller.close()
    assert not editing.is_under_way


def test_in_another_project_it_is_another_analysis(editing, controller, project, answers, tmp_path, qtbot):
    editing.begin_kept(controller.own_analyses.find("clinic"))
    editing.steps.describe(title="At nasion")
    other = tmp_path / "other.cairn"
    with Project.create(other) as made:
        made.analyses.put(ProjectAnalysis("clinic", 2, OWN_ANALYSIS))
    controller.desk.open(lambda: Project.open(other))
    qtbot.waitUntil(lambda: [one.text for one in controller.own_analyses.kept] == [OWN_ANALYSIS])
    idle(controller, qtbot)
    editing.finish()
    assert answers.asked[-1] == "replace analysis clinic"
    assert editing.is_under_way
    answers.gives_up_edit = True
    assert editing.cancel()
    assert in_project(other)["clinic"] == OWN_ANALYSIS


def test_one_of_a_later_cairn_is_not_edited(editing, controller, answers, project):
    controller.own_analyses.put("later", "schema_version = 9", controller.own_analyses.find("clinic").analysis)
    from app.session.analysis_choice import kept_analysis

    editing.begin_kept(kept_analysis("later", "schema_version = 9"))
    assert not editing.is_under_way
    assert "is of version 9" in answers.errors[0].message


def test_signs_get_their_directions_from_landmarks_of_the_image(editing):
    editing.begin_new()
    editing.set_form((), "distance")
    for name in ("Sella", "Nasion"):
        editing.take_landmark(name)
    editing.steps.set_positive((), "anterior")
    by_text = {choice.text.partition(" – ")[0]: choice for choice in editing.landmarks}
    editing.set_direction("anterior", (by_text["Sella"], None))
    assert "anterior" not in editing.steps.draft.raw
    editing.set_direction("anterior", (by_text["Sella"], by_text["Nasion"]))
    editing.set_direction("superior", (by_text["Menton"], by_text["Nasion"]))
    assert editing.steps.problems == ()
    assert editing.steps.draft.raw["superior"] == [["Menton", "Nasion"]]
    one, _ = editing.measured()
    assert one.value > 0
