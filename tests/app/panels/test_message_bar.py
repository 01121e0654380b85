import pytest
from PySide6.QtCore import QEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from app.panels import message_bar
from app.panels.message_bar import MOST_SHOWN, MessageBar
from app.session.view_state import MessageAction, ViewState
from tests.support.hand import LEFT


@pytest.fixture
def bar(qtbot):
    area = QWidget()
    QVBoxLayout(area).addWidget(QWidget())
    area.resize(700, 400)
    qtbot.addWidget(area)
    made = MessageBar(ViewState(), area)
    area.show()
    qtbot.waitExposed(area)
    return made


def state_of(bar):
    return bar._state


def test_warnings_stay_until_they_are_dismissed(bar):
    state_of(bar).say("The pixel size was guessed.")
    state_of(bar).say("The pixel size was guessed.")
    assert bar.isVisible()
    assert bar.texts() == ["The pixel size was guessed."]
    (close,) = [button for button in bar.findChildren(QToolButton) if button.isVisible()]
    QTest.mouseClick(close, LEFT)
    assert not bar.isVisible()


def test_good_news_goes_by_itself_and_leaves_the_warnings(bar, qtbot, monkeypatch):
    monkeypatch.setattr(message_bar, "GOOD_NEWS_MS", 20)
    monkeypatch.setattr(message_bar, "FADING_MS", 20)
    state_of(bar).say("The pixel size was guessed.")
    state_of(bar).say("Saved scan.csv", is_warning=False)
    assert bar.texts() == ["The pixel size was guessed.", "Saved scan.csv"]
    qtbot.waitUntil(lambda: bar.texts() == ["The pixel size was guessed."])


def test_it_lies_over_the_area_and_moves_nothing(bar):
    area = bar.parentWidget()
    (below,) = [child for child in area.children() if type(child) is QWidget]
    before = below.geometry()
    state_of(bar).say("A sentence. " * 30)
    assert below.geometry() == before
    assert area.rect().contains(bar.geometry())
    assert bar.height() > 60
    area.resize(300, 400)
    assert area.rect().contains(bar.geometry())


def test_few_warnings_are_shown_at_a_time_and_none_is_lost(bar):
    for number in range(MOST_SHOWN + 2):
        state_of(bar).say(f"Warning {number}")
    seen = []
    while bar.isVisible():
        assert len(bar.texts()) <= MOST_SHOWN
        seen.append(bar.texts()[0])
        state_of(bar).dismiss(state_of(bar).messages[0])
    assert seen == [f"Warning {number}" for number in range(MOST_SHOWN + 2)]


def test_a_message_can_be_acted_upon(bar):
    done = []
    actions = [MessageAction("Use 0.1 mm for &all", lambda: done.append(state_of(bar).messages))]
    state_of(bar).say("Pixel size unknown: results in px.", actions=actions)
    (button,) = [button for button in bar.findChildren(QPushButton) if button.isVisible()]
    assert button.text() == "Use 0.1 mm for &all"
    QTest.mouseClick(button, LEFT)
    assert done == [()]
    assert not bar.isVisible()


def test_good_news_waits_while_somebody_reads_it(bar, qtbot, monkeypatch):
    monkeypatch.setattr(message_bar, "GOOD_NEWS_MS", 20)
    monkeypatch.setattr(MessageBar, "underMouse", lambda _: True)
    state_of(bar).say("Saved scan.csv", is_warning=False)
    qtbot.wait(120)
    assert bar.texts() == ["Saved scan.csv"]
    bar.event(QEvent(QEvent.Type.Leave))
