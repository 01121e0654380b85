import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QPushButton

from app.desktop.installation import describe_installation
from app.dialogs import about
from app.dialogs.about import AboutBox, licences_folder


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setattr(about, "describe_device", lambda: "The networks run on the GPU <Example>.")


def shown_box(window) -> AboutBox:
    window.show_about()
    (box,) = [
        widget for widget in QApplication.topLevelWidgets() if isinstance(widget, AboutBox) and widget.isVisible()
    ]
    return box


def test_the_device_is_told_once_it_is_known(empty_window, device, qtbot):
    box = shown_box(empty_window)
    assert "Finding out" in box.informativeText()
    assert "Qt under the LGPL" in box.informativeText()
    qtbot.waitUntil(lambda: "Finding out" not in box.informativeText())
    assert "on the GPU &lt;Example&gt;." in box.informativeText()
    assert "not a medical device" in box.informativeText()
    assert [button.text() for button in box.findChildren(QPushButton)] == ["Close"]
    box.close()


def test_closing_before_the_device_is_known_is_no_problem(empty_window, device, qtbot):
    shown_box(empty_window).close()
    qtbot.waitUntil(lambda: not empty_window.controller.jobs.busy)


@pytest.fixture
def frozen(monkeypatch, tmp_path) -> Path:
    """As a frozen application: the program, and beside it what it is made of."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "MacOS" / "cairn"))
    return tmp_path


@pytest.mark.parametrize("place", ["MacOS/licenses", "Resources/licenses"])
def test_the_licences_can_be_opened_where_they_were_packed(empty_window, device, frozen, place, monkeypatch, qtbot):
    assert licences_folder() is None
    (frozen / place).mkdir(parents=True)
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or len(opened) == 1)
    box = shown_box(empty_window)
    assert box.defaultButton().text() == "Close"
    (button,) = [button for button in box.findChildren(QPushButton) if "licences" in button.text()]
    button.click()
    qtbot.waitUntil(lambda: not empty_window.controller.jobs.busy)
    assert opened == [str(frozen / place)]
    assert str(frozen / place) not in box.informativeText()
    button.click()  # now there is no program for it
    assert str(frozen / place) in box.informativeText()
    assert box.isVisible()
    box.close()


def test_a_checkout_has_no_packed_licences():
    assert licences_folder() is None


def test_what_is_installed_is_told_for_support(monkeypatch, tmp_path):
    monkeypatch.setattr("app.desktop.installation.log_path", lambda: tmp_path / "cairn.log")
    rows = describe_installation()
    assert rows["device"].startswith("The networks run on the ")
    assert rows["log"].endswith("cairn.log, not yet written")
    assert "cephalo" in rows["models"].lower()
    assert all(rows.values())
