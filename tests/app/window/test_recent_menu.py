from pathlib import Path

import pytest

from app.desktop.settings import Settings
from app.session.file_names import Sample, sample_path
from app.window.recent_menu import RecentMenu


@pytest.fixture
def settings():
    return Settings()


@pytest.fixture
def menu(controller, settings, qtbot):
    made = RecentMenu(controller, settings)
    qtbot.addWidget(made)
    return made


def shown(menu):
    menu.aboutToShow.emit()
    return [action.text() for action in menu.actions() if action.toolTip().startswith("/")]


def test_what_was_opened_is_listed_and_can_be_opened_again(menu, opened, scan, settings, qtbot):
    assert settings.recent_files == (scan,)
    assert shown(menu) == ["&1  scan.png"]
    revision = opened.document.revision
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: opened.document.revision > revision and not opened.jobs.busy)
    assert shown(menu) == ["&1  scan.png"]


def test_a_sample_is_no_file_of_a_persons_own(menu, controller, settings, qtbot):
    controller.open_paths([sample_path(Sample.XRAY)])
    qtbot.waitUntil(lambda: controller.document.prediction is not None)
    assert settings.recent_files == ()


def test_the_list_can_be_cleared_and_switched_off(menu, opened, settings):
    assert shown(menu) == ["&1  scan.png"]
    actions = {action.text(): action for action in menu.actions()}
    actions["&Clear the list"].trigger()
    assert shown(menu) == []
    assert not actions["&Clear the list"].isEnabled()
    settings.add_recent_file(Path("/a & b.png"))
    assert shown(menu) == ["&1  a && b.png"]
    actions["&Remember opened files"].trigger()
    assert shown(menu) == []
    opened.document.image_changed.emit()
    assert settings.recent_files == ()
    actions["&Remember opened files"].trigger()
    opened.document.image_changed.emit()
    assert shown(menu) == ["&1  scan.png"]
