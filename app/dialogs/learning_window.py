"""The window about learning: the course while it runs, what came of it, and all models of the project.

Stays open beside the work. Shows its panels and asks before something is thrown away; decides nothing.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLabel, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from app.dialogs.learning_course import CoursePanel
from app.dialogs.learning_verdict import VerdictPanel
from app.dialogs.models_list import ModelsList
from app.session.judged_cases import JudgedCases
from app.session.learning import Learning
from app.session.model_choice import KnownModels, ModelChoice
from core.project.models import ProjectModel


class LearningWindow(QDialog):
    """The window.

    Parameters
    ----------
    learning, models, pictures
        What it shows and passes wishes on to.
    """

    case_wanted = Signal(int)
    """A case is to be opened in the main window."""

    def __init__(
        self, learning: Learning, models: ModelChoice, pictures: JudgedCases, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Learning")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(760, 620)
        self._learning = learning
        self._models = models
        self._wanted: str | None = None
        self.course = CoursePanel(learning)
        self.course.cancel_requested.connect(self._cancel)
        self.verdict = VerdictPanel(pictures)
        self.verdict.used.connect(self._use)
        self.verdict.kept.connect(self._keep)
        self.verdict.discarded.connect(lambda: self._discard(self.verdict.model))
        self.verdict.case_wanted.connect(self.case_wanted)
        self.list = ModelsList()
        self.list.use_wanted.connect(models.use)
        self.list.bundled_wanted.connect(models.go_back)
        self.list.compare_wanted.connect(self.show_verdict)
        self.list.discard_wanted.connect(self._discard)
        self.nothing = QLabel("Nothing is being learnt.")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        for page in (self.course, self.verdict, self.list, self.nothing):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages)
        learning.changed.connect(self._follow)
        models.listed_anew.connect(self._list_anew)

    def show_course(self) -> None:
        """Show the course that runs, else the model that waits for a decision, else the models."""
        if self._learning.running:
            self.setWindowTitle("Learning")
            self.pages.setCurrentWidget(self.course)
        elif self._learning.waiting is not None:
            self.show_verdict(self._learning.waiting)
        else:
            self.show_models()

    def show_verdict(self, model: ProjectModel) -> None:
        """Show how a model did."""
        self._wanted = model.sha256
        self._models.ask_known(self._take_verdict)

    def show_models(self) -> None:
        """Show all models of the project."""
        self.setWindowTitle("Models of this project")
        self.pages.setCurrentWidget(self.list)
        self._list_anew()

    def _take_verdict(self, known: KnownModels) -> None:
        model = next((one for one in known.models if one.sha256 == self._wanted), None)
        if model is None:
            return
        before = known.title_of(model.parent_sha256)
        self.setWindowTitle(f"{model.name} beside {before}" if before else model.name)
        self.verdict.show_model(model, before, in_use=known.in_use.get(model.ndim) == model.sha256)
        self.pages.setCurrentWidget(self.verdict)

    def _list_anew(self) -> None:
        if self.pages.currentWidget() is self.list:
            self._models.ask_known(self.list.show_known)

    def _follow(self) -> None:
        """Leave the course where it has come to an end without a model."""
        if self.pages.currentWidget() is self.course and not self._learning.running:
            self.pages.setCurrentWidget(self.nothing)

    # What a person decides

    def _use(self) -> None:
        if self.verdict.model is not None:
            self._models.use(self.verdict.model)
            self.accept()

    def _keep(self) -> None:
        if self.verdict.model is not None:
            self._models.keep(self.verdict.model)
            self.accept()

    def _discard(self, model: ProjectModel | None) -> None:
        if model is None or not self._confirms(f"Discard {model.name}? Its file is removed.", "&Discard"):
            return
        self._models.discard(model)
        if self.pages.currentWidget() is self.verdict:
            self.accept()

    def _cancel(self) -> None:
        sentence = "Stop learning, and throw away what was learnt so far?"
        if self._confirms(sentence, "&Throw away") and self._learning.running:
            self._learning.cancel()
            self.reject()

    def _confirms(self, sentence: str, button: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Question, "Cairn", sentence, parent=self)
        wanted = box.addButton(button, QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is wanted
