"""The toolbar: what is done most, and the stage whose votes are drawn."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLabel, QToolBar, QToolButton, QWidget

from app.desktop import theme
from app.session.actions import TOOLBAR
from app.session.controller import Controller


class ToolBar(QToolBar):
    """Buttons in groups, and at the right the sheet of keys.

    Parameters
    ----------
    controller
        Whose stages can be chosen.
    actions_by_id
        What the buttons do.
    """

    def __init__(self, controller: Controller, actions_by_id: Mapping[str, QAction]) -> None:
        super().__init__("Tools")
        self._controller = controller
        self.setObjectName("tools")
        self.setMovable(False)
        self.setIconSize(QSize(22, 22))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for position, group in enumerate(TOOLBAR):
            if position:
                self.addSeparator()
            self.addActions([actions_by_id[id_] for id_ in group])
        self.stage_box = QComboBox()
        self.stage_box.setToolTip("Which stage's votes are drawn as vectors")
        self.stage_box.setMinimumWidth(92)
        self.stage_box.activated.connect(self._choose_stage)
        self._of_vectors = [self.addWidget(QLabel("of stage")), self.addWidget(self.stage_box)]
        spacer = QWidget()
        spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
        self.addWidget(spacer)
        self.addAction(actions_by_id["help.shortcuts"])
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_icons()

    def refresh(self) -> None:
        """Offer the stages of the model's answer while vectors are shown."""
        prediction = self._controller.document.prediction
        count = 0 if prediction is None else len(prediction.fields)
        if self.stage_box.count() != count:
            self.stage_box.clear()
            self.stage_box.addItems(["Global", *(f"Local {number}" for number in range(1, count))][:count])
        self.stage_box.setEnabled(count > 0 and self._controller.view_state.show_vectors)
        for action in self._of_vectors:
            action.setVisible(self._controller.view_state.show_vectors)
        self.stage_box.setCurrentIndex(self._controller.view_state.stage if count else -1)

    def show_icons(self) -> None:
        """Draw the arrow that leads to what a narrow window has no room for; Qt's own one is black."""
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:
            more.setIcon(theme.chrome_icon("next"))
            more.setToolTip("More")

    def _choose_stage(self, stage: int) -> None:
        self._controller.view_state.stage = stage
