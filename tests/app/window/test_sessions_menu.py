from app.desk.session_files import new_session
from app.window.sessions_menu import SessionsMenu
from core.project.cases import NewCase
from tests.support.desk_windows import ANNA


def shown(menu, windows, controller):
    menu.aboutToShow.emit()
    windows.settle(controller)
    return [(action.text(), action.isEnabled()) for action in menu.actions()]


def test_every_session_that_was_left_is_listed_and_gone_on_with(windows, images):
    first = windows.new(*images[:3])
    first.editor.select("Sella")
    first.editor.nudge(1, 0)
    windows.settle(first)
    path, left = first.desk.project.path, first.document.landmarks
    windows.kill(first)
    later = new_session(windows.sessions)
    later.add_cases([NewCase(images[4], "image&4")])
    later.close()
    controller = windows.new()
    menu = SessionsMenu(controller)
    windows.qtbot.addWidget(menu)
    (latest, _), (before, _) = shown(menu, windows, controller)
    assert latest.startswith("&1  Today at ")
    assert latest.endswith(": 1 image, image&&4")
    assert before.endswith(": 3 images, image0")
    menu.actions()[1].trigger()
    windows.settle(controller)
    assert controller.desk.project.path == path
    assert controller.document.landmarks == left
    assert controller.desk.project.reading(1, ANNA) is not None
    assert len(shown(menu, windows, controller)) == 1, "the one that is open is no earlier one"


def test_where_there_is_none_that_is_said(windows, images):
    controller = windows.new(images[0])
    menu = SessionsMenu(controller)
    windows.qtbot.addWidget(menu)
    assert shown(menu, windows, controller) == [("&None", False)]
    windows.kill(controller)
    without = windows.new(session=False)
    assert shown(SessionsMenu(without), windows, without) == [("&None", False)]
