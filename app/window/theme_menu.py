"""The menu in which a person says whether Cairn is light, dark, or as the desktop is."""

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.desktop.settings import Settings
from app.desktop.theme import Theme, apply_theme

_TEXTS = {Theme.SYSTEM: "As the &system", Theme.LIGHT: "&Light", Theme.DARK: "&Dark"}


class ThemeMenu(QMenu):
    """One entry per theme.

    Parameters
    ----------
    settings
        Where the choice is kept.
    parent
        The window it belongs to.
    """

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("T&heme", parent)
        self._settings = settings
        one_of_them = QActionGroup(self)
        for theme, text in _TEXTS.items():
            action = QAction(text, self)
            action.setCheckable(True)
            action.setChecked(theme is theme_of(settings))
            action.triggered.connect(lambda _=False, theme=theme: self._choose(theme))
            one_of_them.addAction(action)
            self.addAction(action)

    def _choose(self, theme: Theme) -> None:
        self._settings.set("view/theme", theme)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)


def theme_of(settings: Settings) -> Theme:
    """Return the theme a person has chosen."""
    return settings.choice("view/theme", Theme.SYSTEM)
