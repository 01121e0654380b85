"""A person's own analyses: in the project for everybody who opens it, out of it again, and as files."""

import pytest

from app.session.analysis_choice import kept_key
from core.measuring.file import parse_analysis
from core.project.analyses import ProjectAnalysis
from core.project.merge import Merged
from core.project.store import Project
from tests.support.measuring_fixtures import OWN_ANALYSIS, write_own
from tests.support.viewer_fixtures import idle, make_image, make_prediction, messages

LATER = "schema_version = 7\nname = 'later'\n"


@pytest.fixture
def kept(controller, tmp_path, qtbot):
    """What a person has made, with a project that has one analysis of its own and two that cannot be used."""
    path = tmp_path / "day.cairn"
    with Project.create(path) as project:
        project.analyses.put(ProjectAnalysis("clinic", 2, OWN_ANALYSIS.replace("My own", "Our clinic")))
        project.analyses.put(ProjectAnalysis("later", 2, LATER))
        project.analyses.put(ProjectAnalysis("broken", 2, "name = "))
    controller.desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: bool(controller.own_analyses.kept))
    image = make_image(spacing_known=True)
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image)
    controller.measuring.read()
    idle(controller, qtbot)
    yield controller.own_analyses
    idle(controller, qtbot)
    controller.desk.close()


def in_project(tmp_path):
    with Project.open(tmp_path / "day.cairn", read_only=True) as project:
        return {one.name: one.text for one in project.analyses.all()}


def test_who_opens_a_project_has_its_analyses_first(kept, controller):
    offers = controller.measuring.offers
    assert offers[0].text == "Our clinic  (3 of 4, in the project)"
    assert offers[0].key == kept_key("clinic")
    assert controller.measuring.offer is offers[0]
    assert controller.measuring.is_offered


def test_those_that_cannot_be_used_are_told_and_harm_no_other(kept, controller, qtbot):
    controller.own_analyses.read()
    idle(controller, qtbot)
    assert [one.name for one in kept.kept] == ["broken", "clinic", "later"]
    told = [text for text in messages(controller) if "of this project" in text]
    assert "The analysis later of this project is of version 7, but this program reads up to 1. Update Cairn." in told
    broken = next(text for text in told if "broken" in text)
    assert broken.endswith("Correct it in the editor, or take it out of the project.")


def test_a_file_that_is_opened_goes_into_the_project(kept, controller, answers, tmp_path, qtbot):
    answers.analysis = write_own(tmp_path / "elsewhere", name="mine.toml")
    controller.measuring.ask_open()
    qtbot.waitUntil(lambda: controller.measuring.offer.key == kept_key("own"))
    assert controller.measuring.opened == ()
    assert controller.view_state.show_measurements
    qtbot.waitUntil(lambda: in_project(tmp_path).get("own") == OWN_ANALYSIS)
    controller.measuring.ask_open()  # the very same once more is no question
    idle(controller, qtbot)
    assert not any("replace" in asked for asked in answers.asked)


def test_another_one_of_the_same_name_is_replaced_only_after_a_question(kept, controller, answers, tmp_path, qtbot):
    answers.analysis = tmp_path / "clinic.toml"
    mine = OWN_ANALYSIS.replace('name = "own"', 'name = "clinic"')
    answers.analysis.write_text(mine, encoding="utf-8")
    controller.measuring.ask_open()
    qtbot.waitUntil(lambda: "replace analysis clinic" in answers.asked)
    idle(controller, qtbot)
    assert in_project(tmp_path)["clinic"] != mine
    answers.replaces = True
    controller.measuring.ask_open()
    qtbot.waitUntil(lambda: in_project(tmp_path)["clinic"] == mine)
    qtbot.waitUntil(lambda: controller.measuring.offer.text.startswith("My own"))


def test_it_is_taken_out_once_a_person_has_said_so(kept, controller, answers, tmp_path, qtbot):
    answers.removes = False
    kept.ask_remove("clinic")
    answers.removes = True
    kept.ask_remove("gone")
    assert answers.asked[-1] == "remove analysis clinic"
    kept.ask_remove("clinic")
    qtbot.waitUntil(lambda: kept.find("clinic") is None)
    assert "clinic" not in in_project(tmp_path)
    assert controller.measuring.offer.kept is None
    assert any("later of this project" in text for text in messages(controller))
    kept.ask_remove("later")
    qtbot.waitUntil(lambda: kept.find("later") is None)
    assert not any("later of this project" in text for text in messages(controller))
    assert any("broken of this project" in text for text in messages(controller))


def test_any_analysis_is_saved_as_a_file_as_its_author_wrote_it(kept, controller, answers, tmp_path, qtbot):
    own = write_own(tmp_path / "analyses")
    controller.measuring.folder = own.parent
    controller.measuring.read()
    qtbot.waitUntil(lambda: any(offer.path == own for offer in controller.measuring.offers))
    offers = {offer.key: offer for offer in controller.measuring.offers}
    for number, key in enumerate((kept_key("clinic"), "steiner", str(own))):
        answers.saved_analysis = tmp_path / f"out{number}.toml"
        kept.ask_save(offers[key])
        qtbot.waitUntil(answers.saved_analysis.exists)
        idle(controller, qtbot)
        text = answers.saved_analysis.read_text(encoding="utf-8")
        assert parse_analysis(text, "out") == offers[key].analysis
        assert f"Analysis saved to out{number}.toml." in messages(controller)
    assert text == OWN_ANALYSIS
    assert answers.asked[-3:] == [
        "save analysis as own.toml",
        "save analysis as steiner.toml",
        "save analysis as own.toml",
    ]
    answers.saved_analysis = tmp_path / "out0.toml" / "x.toml"
    kept.ask_save(offers["steiner"])
    qtbot.waitUntil(lambda: bool(answers.errors))
    assert "cannot be written" in answers.errors[0].message


def test_what_a_merge_has_brought_is_there(kept, controller, qtbot):
    controller.desk.change(lambda project: project.analyses.put(ProjectAnalysis("theirs", 2, OWN_ANALYSIS)))
    qtbot.waitUntil(lambda: controller.desk.pending == 0)
    assert kept.find("theirs") is None
    controller.take_merged(Merged())
    qtbot.waitUntil(lambda: kept.find("theirs") is not None)


def test_another_project_has_other_analyses(kept, controller, tmp_path, qtbot):
    path = tmp_path / "other.cairn"
    Project.create(path).close()
    controller.desk.open(lambda: Project.open(path))
    qtbot.waitUntil(lambda: kept.kept == ())
    idle(controller, qtbot)


def test_in_a_read_only_project_a_file_is_opened_as_before(controller, answers, tmp_path, qtbot):
    path = tmp_path / "day.cairn"
    Project.create(path).close()
    controller.desk.open(lambda: Project.open(path, read_only=True))
    qtbot.waitUntil(lambda: controller.desk.project is not None)
    image = make_image(spacing_known=True)
    controller.document.set_image(image, make_prediction(image).landmarks, None)
    controller.view_state.begin(image)
    answers.analysis = write_own(tmp_path / "elsewhere")
    controller.measuring.ask_open()
    qtbot.waitUntil(lambda: controller.measuring.opened == (answers.analysis,))
    idle(controller, qtbot)
    controller.desk.close()
