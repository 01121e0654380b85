import re
from dataclasses import fields

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette

from app.desktop import theme
from app.desktop.chrome import DARK, LIGHT, chrome, palette, style_sheet
from app.desktop.theme import Theme, apply_theme


@pytest.fixture
def application(qapp):
    before = qapp.palette(), qapp.styleSheet(), qapp.style().objectName()
    yield qapp
    qapp.setStyle(before[2])
    qapp.setPalette(before[0])
    qapp.setStyleSheet(before[1])


def test_light_and_dark_can_be_chosen_and_the_image_stays_dark(application):
    for wanted, colours in ((Theme.LIGHT, LIGHT), (Theme.DARK, DARK)):
        apply_theme(application, wanted)
        assert chrome() is colours
        assert application.palette().color(QPalette.ColorRole.Base) == QColor(colours.panel)
        assert f"#panel {{ background: {theme.CANVAS}; }}" in application.styleSheet()


@pytest.mark.parametrize(
    ("desktop", "colours"),
    [(Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Dark, DARK), (Qt.ColorScheme.Unknown, DARK)],
)
def test_the_desktop_is_followed(application, monkeypatch, desktop, colours):
    monkeypatch.setattr(type(application.styleHints()), "colorScheme", lambda _: desktop)
    apply_theme(application)
    assert chrome() is colours


def test_icons_can_be_seen_on_either(application):
    for wanted, text in ((Theme.LIGHT, "dark"), (Theme.DARK, "light")):
        apply_theme(application, wanted)
        picture = theme.chrome_icon("open").pixmap(22, 22).toImage()
        strokes = [
            picture.pixelColor(x, y).lightness()
            for x in range(picture.width())
            for y in range(picture.height())
            if picture.pixelColor(x, y).alpha() > 200
        ]
        assert strokes
        assert (max(strokes) < 128) if text == "dark" else (min(strokes) > 128)


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(name: str) -> float:
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3]]
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]

    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_everything_can_be_read(colours):
    for background in (colours.window, colours.panel, colours.stripe, colours.selection):
        assert contrast(colours.text, background) >= 7
    for background in (colours.window, colours.panel, colours.stripe):
        assert contrast(colours.faint, background) >= 4.5
        assert contrast(colours.focus, background) >= 3
        for name in (*colours.status.values(), colours.usual, colours.unusual, colours.far):
            assert contrast(name, background) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_no_colour_is_left_out(colours):
    used = style_sheet(colours) + "".join(
        palette(colours).color(role).name() for role in QPalette.ColorRole if role.value < 21
    )
    for field in fields(colours):
        if field.name not in ("status", "case", "icon", "tick", "usual", "unusual", "far"):
            assert re.search(getattr(colours, field.name), used), field.name
