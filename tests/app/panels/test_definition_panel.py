"""What is said of the landmark that the next click places."""

from core.schemes.scheme import Scheme, SchemeLandmark


def test_the_definition_of_the_next_landmark_stands_below_the_table_while_placing(window, qtbot):
    panel, controller = window.definition, window.controller
    assert not panel.isVisible()
    marks = (
        SchemeLandmark(name="Tip", abbreviation="T", definition="The end of the wing.", colour="#aa0000"),
        SchemeLandmark(name="Notch", abbreviation="Notch"),
    )
    controller.schemes.use(Scheme(name="wing", title="Wing", ndim=2, landmarks=marks))
    qtbot.waitUntil(panel.isVisible)
    assert panel.text() == "Tip (T)\nThe end of the wing."
    controller.placing.place((10, 10))
    assert not panel.isVisible()  # nobody has said what a notch is
    controller.editor.undo()
    controller.editor.select("Tip")
    assert panel.isVisible()
    controller.leave_mode()
    assert not panel.isVisible()


def test_the_definitions_of_a_models_landmarks_are_shown_as_well(window, qtbot):
    window.controller.editor.select("Gonion")
    window.controller.editor.clear()
    window.controller.placing.toggle()
    qtbot.waitUntil(window.definition.isVisible)
    assert window.definition.text().startswith("Gonion (Go)\nMost outward point")


def test_a_picture_is_decoded_once_however_often_landmarks_change(window, qtbot, monkeypatch):
    controller = window.controller
    controller.editor.select("Gonion")
    controller.editor.clear()
    controller.placing.toggle()
    qtbot.waitUntil(window.definition.isVisible)
    shown = []
    monkeypatch.setattr(window.definition, "show_landmark", lambda *told: shown.append(told))
    controller.view_state.locked = frozenset({"Sella"})
    controller.document.landmarks_changed.emit()
    assert shown == []
