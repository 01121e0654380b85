"""The menu beside the box of analyses: what can be done with the one in use and with those of the project. Decides nothing."""

from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from app.session.analysis_choice import KeptAnalysis
from app.session.analysis_editing import AnalysisEditing
from app.session.measuring import Measuring


class AnalysisMenu(QMenu):
    """The menu, made anew each time it is opened.

    Parameters
    ----------
    measuring, editing
        Who knows the analyses, and who lets a person make them.
    """

    def __init__(self, measuring: Measuring, editing: AnalysisEditing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self._editing = editing
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List what can be done now."""
        self.clear()
        measuring, own, offer = self._measuring, self._measuring.own, self._measuring.offer
        self.addAction("&New analysis…", self._editing.begin_new)
        if offer is not None:
            if offer.is_own:
                self.addAction(f"&Edit {_named(offer.analysis.title)}…", partial(self._editing.begin_with, offer))
            self.addAction(f"Edit a &copy of {_named(offer.analysis.title)}…", partial(self._editing.begin_copy, offer))
        self.addSeparator()
        self.addAction("&Open analysis…", measuring.ask_open)
        if offer is not None:
            self.addAction(f"&Save {_named(offer.analysis.title)} as a file…", partial(own.ask_save, offer))
            if offer.kept is None and own.keeps:
                self.addAction(
                    f"&Put {_named(offer.analysis.title)} into the project", partial(measuring.ask_keep, offer)
                )
        if own.kept:
            self.addSeparator()
            self.addAction("In the project:").setEnabled(False)
            for kept in own.kept:
                self._add_kept(kept)

    def _add_kept(self, kept: KeptAnalysis) -> None:
        title = kept.name if kept.analysis is None else kept.analysis.title
        menu = self.addMenu(f"{_escaped(title)} (cannot be used)" if kept.analysis is None else _escaped(title))
        own = self._measuring.own
        menu.addAction("&Edit…", partial(self._editing.begin_kept, kept)).setEnabled(own.keeps)
        menu.addAction("&Save as a file…", partial(own.ask_save_text, kept.name, kept.text))
        take_out = menu.addAction("&Take out of the project…", partial(own.ask_remove, kept.name))
        take_out.setEnabled(own.keeps)


def _escaped(text: str) -> str:
    return text.replace("&", "&&")


def _named(title: str) -> str:
    return f"“{_escaped(title)}”"
