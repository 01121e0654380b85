"""The dialogs: `Questions` answered by a person.

Each asks one thing and returns the answer; none changes anything.
"""

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMessageBox, QWidget

from app.desk.learning_files import LearnWish
from app.dialogs.export_dialog import ask_export
from app.dialogs.import_dialog import ImportDialog
from app.dialogs.learn_dialog import ask_learn
from app.dialogs.pixel_size_dialog import PixelSizeDialog
from app.dialogs.printout_dialogs import ask_picture, ask_report
from app.dialogs.scheme_editor import SchemeEditor
from app.dialogs.series_dialog import SeriesDialog
from app.dialogs.table_path import table_path
from app.session.learning_offer import LearnOffer
from app.session.printouts import PictureOffer, PictureWish, ReportOffer, ReportWish
from app.session.questions import (
    EditedScheme,
    ExportOffer,
    ExportWish,
    ImportOffer,
    ImportWish,
    LeaveLearning,
    MmOfFile,
    Occupied,
    OnRuler,
    Overwrite,
    PixelSize,
    SchemeStart,
    Unsaved,
)
from app.session.wording import time_words
from core.base.assets import assets_folder
from core.base.errors import AppError
from core.base.wording import counted
from core.images.dicom.series import Series
from core.images.formats import DIALOG_FILTER, IMAGE_SUFFIXES
from core.landmark_files.collection_formats import NAMING_SUFFIXES
from core.landmark_files.formats import READABLE_SUFFIXES, SUFFIX_OF_FILTER, WRITABLE_SUFFIXES, suffix_of
from core.models.metadata import ModelInfo
from core.schemes.comparison import Fit

_IMAGES = DIALOG_FILTER.replace(
    f"Images ({' '.join(f'*{suffix}' for suffix in IMAGE_SUFFIXES)}",
    f"Images, and landmarks that name theirs ({' '.join(f'*{suffix}' for suffix in (*IMAGE_SUFFIXES, *NAMING_SUFFIXES))}",
)
_ANALYSES = "Analyses (*.toml);;All files (*)"
_PROJECTS = "Projects (*.cairn);;All files (*)"


class Dialogs:
    """Asks with dialogs over ``parent``, which is set once the window is there."""

    def __init__(self) -> None:
        self.parent: QWidget | None = None

    def image_path(self, folder: Path | None) -> Path | None:
        """Ask which image to open."""
        return self._open_path("Open image", folder, _IMAGES)

    def image_folder(self, folder: Path | None) -> Path | None:
        """Ask which folder of images to open."""
        name = QFileDialog.getExistingDirectory(self.parent, "Open folder", "" if folder is None else str(folder))
        return Path(name) if name else None

    def image_paths(self, folder: Path | None) -> list[Path]:
        """Ask which images to add to the project."""
        start = "" if folder is None else str(folder)
        names, _ = QFileDialog.getOpenFileNames(self.parent, "Add images to the project", start, _IMAGES)
        return [Path(name) for name in names]

    def project_path(self, folder: Path | None) -> Path | None:
        """Ask which project to open."""
        return self._open_path("Open project", folder, _PROJECTS)

    def new_project_path(self, suggestion: Path) -> Path | None:
        """Ask where to make a project."""
        name, _ = QFileDialog.getSaveFileName(
            self.parent,
            "Where to keep the project",
            str(suggestion),
            _PROJECTS,
            "",
            QFileDialog.Option.DontConfirmOverwrite,
        )
        return Path(name) if name else None

    def reader_name(self, name: str) -> str | None:
        """Ask who reads."""
        text, accepted = QInputDialog.getText(
            self.parent, "Who reads?", "Your name or initials, which stand beside all that you mark:", text=name
        )
        return text if accepted else None

    def missing_image_folder(self, error: AppError) -> Path | None:
        """Say that an image is no longer where it was, and ask which folder it has gone to."""
        look = "Choose its folder…"
        more = (
            "All images of the project that are found there are taken over. Nothing that was marked is lost meanwhile."
        )
        if self._ask("Image not found", error.message, more, look) != look:
            return None
        name = QFileDialog.getExistingDirectory(self.parent, "Where the images are now")
        return Path(name) if name else None

    def leaves_unwritten(self, count: int, reason: str) -> bool:
        """Ask whether to give up changes that the project's disk does not take."""
        leave = "Give them up"
        answer = self._ask(
            "Not everything is saved",
            f"{counted(count, 'change')} cannot be written to the project. {reason}".strip(),
            "They are kept and tried again for as long as this window is open. “Save project as…” writes them elsewhere.",
            leave,
            stay="Stay",
            icon=QMessageBox.Icon.Warning,
        )
        return answer == leave

    def series(self, found: tuple[Series, ...]) -> Series | None:
        """Ask which of several DICOM series to open."""
        dialog = SeriesDialog(found, self.parent)
        try:
            return dialog.chosen if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def landmarks_path(self, folder: Path | None) -> Path | None:
        """Ask which landmark file to open."""
        patterns = " ".join(f"*{suffix}" for suffix in READABLE_SUFFIXES)
        return self._open_path("Open landmarks", folder, f"Landmarks ({patterns});;All files (*)")

    def belongs_here(self, path: Path, file_image: str, image: str) -> bool:
        """Ask whether to show landmarks that were made on another image."""
        show = self._ask(
            "Landmarks of another image",
            f"The landmarks in {path.name} were made on {file_image}. This image is {image}.",
            "Make sure that both show the same patient before you use them here.",
            "Show them here",
        )
        return show == "Show them here"

    def mm_without_pixel_size(self, path: Path) -> MmOfFile | None:
        """Ask what the mm of a landmark file mean on an image that does not know its pixel size."""
        need, are_px = "Set pixel size…", "1 mm is 1 px"
        answer = self._ask(
            "Pixel size needed",
            f"{path.name} gives positions in mm, but the pixel size of this image is not known.",
            "Set the pixel size, or take 1 mm for 1 px, which is how 3D Slicer shows a picture without a pixel size.",
            need,
            are_px,
        )
        return {need: MmOfFile.NEED_PIXEL_SIZE, are_px: MmOfFile.ARE_PX}.get(answer)

    def model_path(self) -> Path | None:
        """Ask which model file to use."""
        try:
            folder = assets_folder() / "models"
        except AppError:
            folder = None
        return self._open_path("Choose model", folder, "Cairn models (*.pt);;All files (*)")

    def save_path(self, suggestion: Path) -> Path | None:
        """Ask where to save the landmarks; whether a file may be replaced is asked later, with what is known about it."""
        name, kind = QFileDialog.getSaveFileName(
            self.parent,
            "Save landmarks as",
            str(suggestion),
            ";;".join(SUFFIX_OF_FILTER),
            _filter_of(suggestion),
            QFileDialog.Option.DontConfirmOverwrite,
        )
        return completed(Path(name), suggestion, SUFFIX_OF_FILTER.get(kind, ".csv")) if name else None

    def analysis_path(self, folder: Path | None) -> Path | None:
        """Ask which file with an analysis to open."""
        return self._open_path("Open analysis", folder, _ANALYSES)

    def measurements_path(self, suggestion: Path) -> Path | None:
        """Ask where to write a table of measurements; the dialog asks whether a file that is there may be replaced."""
        return table_path(self.parent, "Save measurements as", suggestion)

    def analysis_save_path(self, suggestion: Path) -> Path | None:
        """Ask where to save an analysis; the dialog asks whether a file that is there may be replaced."""
        dialog = QFileDialog(self.parent, "Save analysis as", str(suggestion.parent), _ANALYSES)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.selectFile(suggestion.name)
        try:
            return Path(dialog.selectedFiles()[0]) if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def replaces_analysis(self, name: str) -> bool:
        """Ask whether another analysis may be replaced."""
        text = f"There is another analysis called {name}."
        more = "If you replace it, what it measures now is lost. To keep both, give one of them another name first."
        replace = "Replace"
        return self._ask("Replace this analysis?", text, more, replace, icon=QMessageBox.Icon.Warning) == replace

    def gives_up_analysis(self, name: str) -> bool:
        """Ask whether to give up what was changed in an analysis."""
        give_up = "Give it up"
        more = "What was there before stays as it is."
        return (
            self._ask("Give up the changes?", f"What you have changed in {name} is not saved.", more, give_up)
            == give_up
        )

    def removes_analysis(self, name: str) -> bool:
        """Ask whether an analysis is to be taken out of the project."""
        remove = "Take it out"
        more = "Nobody who opens the project has it then. Landmarks stay. Save it as a file first if you may want it again."
        return self._ask("Take the analysis out?", f"Take {name} out of the project?", more, remove) == remove

    def picture_wish(self, offer: PictureOffer) -> PictureWish | None:
        """Ask what a picture of the image shows, how large and where to."""
        return ask_picture(offer, self.parent)

    def report_wish(self, offer: ReportOffer) -> ReportWish | None:
        """Ask on which paper a report is made, whether it names the image, and where to."""
        return ask_report(offer, self.parent)

    def overwrites(self, occupied: Occupied) -> Overwrite:
        """Ask whether to replace a file that a person may not know."""
        name = occupied.path.name
        if occupied.image_name:
            text = f"{name} holds the landmarks of another image, {occupied.image_name}."
            more = "If you replace it, those landmarks are lost."
        elif occupied.changed:
            text = f"{name} has changed since Cairn last read or saved it."
            more = "If you replace it, what was changed there is lost."
        else:
            text = f"{name} is already there."
            more = "If you replace it, what is in it now is lost."
        replace, elsewhere = "Replace", "Save as…"
        answer = self._ask("Replace this file?", text, more, replace, elsewhere, icon=QMessageBox.Icon.Warning)
        return {replace: Overwrite.REPLACE, elsewhere: Overwrite.ELSEWHERE}.get(answer, Overwrite.CANCEL)

    def stops_waiting(self, path: Path) -> bool:
        """Ask whether to go on although a file is still being written."""
        leave = "Don’t wait"
        answer = self._ask(
            "Still saving",
            f"{path.name} is still being saved. There is much of it, or its drive is slow or does not answer.",
            "If you do not wait, it may lack the latest changes, or not be there at all.",
            leave,
            stay="Wait",
            icon=QMessageBox.Icon.Warning,
        )
        return answer == leave

    def accepts_model(self, info: ModelInfo, path: Path) -> bool:
        """Show where a model comes from and ask whether to load it."""
        rows = {
            "Model": info.title,
            "File": str(path),
            "For": f"{info.modality}, {info.ndim}D, {len(info.landmarks)} landmarks",
            "Trained on": info.training_data or "not said",
            "Licence": info.licence or "not said",
            "Intended use": info.intended_use or "not said",
        }
        table = "".join(
            f"<tr><td style='padding-right:12px'><b>{key}</b></td><td>{escape(value)}</td></tr>"
            for key, value in rows.items()
        )
        box = QMessageBox(self.parent)
        box.setWindowTitle("Use this model?")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"<table>{table}</table>")
        own = path.is_relative_to(assets_folder())
        box.setInformativeText(
            "It comes with Cairn."
            if own
            else "A model file contains code. Load it only if you trust where it came from."
        )
        load = box.addButton("Load and find landmarks", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is load

    def unsaved(self, name: str) -> Unsaved:
        """Ask what to do with unsaved landmarks."""
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self.parent)
        box.setWindowTitle("Unsaved landmarks")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(f"The landmarks of {name} have unsaved changes.")
        box.setInformativeText("Do you want to save them?")
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answers = {buttons.Save: Unsaved.SAVE, buttons.Discard: Unsaved.DISCARD}
        return answers.get(QMessageBox.StandardButton(box.exec()), Unsaved.CANCEL)

    def pixel_size(self, current_mm: tuple[float, float] | None, others: int) -> PixelSize | OnRuler | None:
        """Ask how large the pixels are."""
        dialog = PixelSizeDialog(current_mm, others, self.parent)
        try:
            return dialog.answer if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def ruler_length_mm(self, length_px: float) -> float | None:
        """Ask how long the line just measured is in mm."""
        value, accepted = QInputDialog.getDouble(
            self.parent, "Length of the line", f"The line is {length_px:.1f} px long. Its true length in mm:",
            10.0, 0.01, 10_000.0, 2,
        )  # fmt: skip
        return value if accepted else None

    def landmark_name(self, name: str) -> str | None:
        """Ask for another name of a landmark."""
        text, accepted = QInputDialog.getText(self.parent, "Rename landmark", "Name:", text=name)
        return text if accepted else None

    def scheme(self, start: SchemeStart) -> EditedScheme | None:
        """Let a person make a landmark scheme."""
        dialog = SchemeEditor(start, self.parent)
        try:
            return dialog.answer if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def scheme_fit(self, source: str, differences: tuple[str, ...], *, by_file: bool) -> Fit | None:
        """Ask whose names landmarks shall have that do not fit the scheme."""
        by_scheme, both, as_it_is = "The scheme’s", "Both", "The file’s"
        answer = self._ask(
            "Landmarks and scheme differ",
            f"The landmarks of {source} do not fit the scheme. {' '.join(differences)}",
            "Which landmarks do you want? With the scheme’s alone, those that it does not know are left out.",
            by_scheme,
            both,
            *((as_it_is,) if by_file else ()),
        )
        return {by_scheme: Fit.SCHEME, both: Fit.BOTH, as_it_is: Fit.FILE}.get(answer)

    def export_wish(self, offer: ExportOffer) -> ExportWish | None:
        """Ask which landmarks to write, in which format and where."""
        return ask_export(offer, self.parent)

    def import_wish(self, offer: ImportOffer) -> ImportWish | None:
        """Ask which file or folder to read, and whose landmarks it holds."""
        dialog = ImportDialog(offer, self.parent)
        try:
            return dialog.wish if dialog.exec() == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()

    def learn_wish(self, offer: LearnOffer) -> LearnWish | None:
        """Tell what can be learnt, and ask from which model and for how long."""
        return ask_learn(offer, self.parent)

    def leaves_learning(self, left_s: float | None) -> LeaveLearning:
        """Ask what becomes of learning under way when the window closes."""
        later, give_up = "Close, and go on later", "Give it up"
        left = "" if left_s is None else f" It takes {time_words(left_s)} more."
        answer = self._ask(
            "Learning is under way",
            f"Cairn is still learning.{left}",
            "What was learnt so far is kept, and can go on when this project is opened again.",
            later,
            give_up,
            stay="Stay",
        )
        return {later: LeaveLearning.LATER, give_up: LeaveLearning.GIVE_UP}.get(answer, LeaveLearning.STAY)

    def show_error(self, error: AppError) -> None:
        """Say what is wrong and what to do; the window stays usable."""
        box = QMessageBox(QMessageBox.Icon.Warning, "Cairn", error.message, QMessageBox.StandardButton.Ok, self.parent)
        box.setInformativeText(error.hint)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def show_unexpected(self, description: str, log_path: Path | None) -> None:
        """Say that Cairn itself is wrong; the details can be looked at and copied."""
        box = QMessageBox(self.parent)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle("Cairn")
        box.setText("Something went wrong inside Cairn.")
        where = f" They are also in {log_path}." if log_path is not None else ""
        box.setInformativeText(
            "Your landmarks are still there; save them and start Cairn again. The details say where it happened and hold "
            f"nothing of the image or the patient.{where}"
        )
        box.setDetailedText(description)
        copy = box.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        copy.clicked.disconnect()
        copy.clicked.connect(lambda: QApplication.clipboard().setText(description))
        box.addButton(QMessageBox.StandardButton.Close)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def _ask(
        self,
        title: str,
        text: str,
        more: str,
        *choices: str,
        stay: str = "Cancel",
        icon: QMessageBox.Icon = QMessageBox.Icon.Question,
    ) -> str:
        """Return the choice a person made, empty where it was to leave everything as it is, which is also what Enter does."""
        box = QMessageBox(self.parent)
        box.setWindowTitle(title)
        box.setIcon(icon)
        box.setText(text)
        box.setInformativeText(more)
        buttons = {box.addButton(choice, QMessageBox.ButtonRole.AcceptRole): choice for choice in choices}
        cancel = box.addButton(stay, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.exec()
        return next((choice for button, choice in buttons.items() if button is box.clickedButton()), "")

    def _open_path(self, title: str, folder: Path | None, filters: str) -> Path | None:
        name, _ = QFileDialog.getOpenFileName(self.parent, title, "" if folder is None else str(folder), filters)
        return Path(name) if name else None


def completed(typed: Path, suggestion: Path, suffix: str) -> Path:
    """Return the path that a person means by what stands in a dialog for saving.

    Parameters
    ----------
    typed
        The name in the dialog.
    suggestion
        The name that stood there at first: a person who leaves it and chooses another kind of file means that kind.
    suffix
        Of the kind of file chosen. A name that ends in a suffix of its own keeps it, whatever the kind.
    """
    own = suffix_of(typed, WRITABLE_SUFFIXES) or ""
    if typed == suggestion and own:
        return typed.with_name(typed.name[: -len(own)] + suffix)
    # Letters after the last dot are meant as a kind of file, right or wrong; "scan.v2" and "Mr. X" are names.
    has_suffix = bool(own) or (typed.suffix[1:].isalpha() and typed.suffix[1:].isascii() and len(typed.suffix) <= 6)
    return typed if has_suffix else typed.with_name(typed.name + suffix)


def _filter_of(path: Path) -> str:
    """Return the kind of file in the dialog that a name belongs to."""
    own = suffix_of(path, WRITABLE_SUFFIXES)
    return next((kind for kind, suffix in SUFFIX_OF_FILTER.items() if suffix == own), "")
