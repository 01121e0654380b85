"""Below the table, while landmarks are placed: what the landmark is that the next click places. Decides nothing."""

from PySide6.QtWidgets import QWidget

from app.session.controller import Controller
from app.views.definition_card import DefinitionCard
from core.schemes.scheme import SchemeLandmark


class DefinitionPanel(DefinitionCard):
    """Shows what a scheme says of the landmark that comes next; takes no room where it says nothing or nothing is placed."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._told: tuple[str, SchemeLandmark] | None = None
        document, events = controller.document, controller.view_state.events
        for signal in (document.landmarks_changed, document.image_changed, events.selected, events.mode):
            signal.connect(self._follow)
        self._follow()

    def _follow(self, *_: object) -> None:
        placing, document = self._controller.placing, self._controller.document
        name = placing.next_name if placing.active else None
        said = None if name is None else document.said_of(name)
        self.setVisible(said is not None and bool(said.definition or said.picture))
        if name is None or said is None:
            return
        told = document.display_name(name), said
        if told != self._told:  # landmarks change with every move of the mouse, and a picture takes time to decode
            self._told = told
            self.show_landmark(told[0], said.definition, said.colour, said.picture_png)
