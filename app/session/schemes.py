"""The landmark schemes in use, one for each rank of images: chosen, changed, kept for the next image, undone.

Also the way through all images with one landmark. Opens no file; which scheme is wanted a person says through `Questions`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from psygnal import Signal
from PySide6.QtCore import QTimer
from PySide6.QtGui import QUndoCommand

from app.session.document import Document
from app.session.editor import Editor
from app.session.placing import Placing
from app.session.questions import Questions, SchemeStart
from app.session.view_state import Message, Mode, ViewState
from core.models.metadata import ModelInfo
from core.schemes.comparison import Fit, difference, fitted
from core.schemes.draft import Draft, Row
from core.schemes.scheme import Scheme
from core.values import doubt
from core.values.image import Image
from core.values.landmarks import Landmarks


class Schemes:
    """Knows which scheme images of each rank are marked by.

    Parameters
    ----------
    document, editor, view_state, placing
        Where the landmarks are, and who asks for one after the other.
    questions
        Who is asked.
    stop_search
        Drops a search for landmarks whose answer would come too late.
    has_next, open_next
        Whether there is a next image, and what opens it.
    """

    chosen = Signal(int, object)
    """Emitted with a rank and the scheme that is used for it from now on, None where it is the model that decides."""

    def __init__(
        self,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        placing: Placing,
        questions: Questions,
        *,
        stop_search: Callable[[], None],
        has_next: Callable[[], bool],
        open_next: Callable[[], None],
    ) -> None:
        self._document = document
        self._editor = editor
        self._view = view_state
        self._placing = placing
        self._questions = questions
        self._stop_search = stop_search
        self._has_next = has_next
        self._open_next = open_next
        self._by_ndim: dict[int, Scheme] = {}
        placing.marked.connect(self._marked)

    # Choosing

    def scheme(self, ndim: int) -> Scheme | None:
        """Return the scheme by which images of this rank are marked, None where the model decides."""
        return self._by_ndim.get(ndim)

    def remember(self, scheme: Scheme) -> None:
        """Mark images by a scheme from the next one on; the present one stays as it is."""
        self._by_ndim[scheme.ndim] = scheme

    def start_with(self, schemes: Iterable[Scheme]) -> None:
        """Mark images by these schemes and no others from the next one on, and whole ones, as another project wants it."""
        self.stop_through_all()
        self._by_ndim = {scheme.ndim: scheme for scheme in schemes}

    def ask(self) -> None:
        """Let a person change the present scheme, or what is marked in this image into one."""
        self._ask(self._present_draft())

    def ask_new(self) -> None:
        """Let a person begin a scheme with nothing."""
        image = self._document.image
        self._ask(Draft(ndim=3 if image is not None and image.ndim == 3 else 2))

    def use(self, scheme: Scheme, renamed: Mapping[str, str] | None = None) -> None:
        """Mark the open image and those that follow by a scheme, in one step that can be undone.

        Parameters
        ----------
        scheme
            Of the rank of the image.
        renamed
            Landmarks of the image and what the scheme calls them.
        """
        landmarks = self._document.landmarks
        if landmarks is None:
            return
        self._editor.end_drag()
        called = _renamed(landmarks, renamed or {})
        found = difference(scheme, called.names)
        fit: Fit | None = Fit.SCHEME
        said = [name for name in called.names if name in scheme.names or doubt.is_decided(called, name)]
        if not set(said) <= set(scheme.names):
            called = called.subset(said)
            found = difference(scheme, said)
            image = self._document.image
            name = "" if image is None else image.source.path.name
            fit = self._questions.scheme_fit(name, found.sentences(), by_file=False)
        if fit is None or self._document.landmarks is not landmarks:
            return
        self._stop_search()
        after = fitted(called, scheme, fit, found.renames if fit is Fit.SCHEME else {})
        self._editor.undo_stack.push(_UseScheme(self._put, self._document, scheme, after))
        answer = self._document.prediction
        if answer is not None and not set(scheme.names) & set(answer.landmarks.names):
            for warning in answer.warnings:  # about landmarks that are no longer there
                self._view.dismiss(Message(warning))
        self._place_missing()

    def forget(self) -> None:
        """Let the model decide again what is marked; what a person has placed stays."""
        landmarks, info = self._document.landmarks, self._document.model_info
        if landmarks is None or self._document.scheme is None:
            return
        self._editor.end_drag()
        wanted = () if info is None else info.landmarks
        said = [name for name in landmarks.names if doubt.is_decided(landmarks, name)]
        blank = Landmarks.unplaced([name for name in wanted if name not in landmarks.names], landmarks.ndim)
        after = landmarks.joined(blank)
        names = (*wanted, *(name for name in said if name not in wanted))
        self._editor.undo_stack.push(_UseScheme(self._put, self._document, None, after.subset(names)))
        self._view.selected = None

    def _ask(self, draft: Draft) -> None:
        if self._document.image is None:
            return
        answer = self._questions.scheme(SchemeStart(draft, self._draft_of_image()))
        if answer is not None:
            self.use(answer.scheme, answer.renamed)

    def _put(self, scheme: Scheme | None, landmarks: Landmarks) -> None:
        self._document.set_landmarks(landmarks)
        self._document.set_scheme(scheme)
        if scheme is None:
            self._by_ndim.pop(landmarks.ndim, None)
        else:
            self._by_ndim[landmarks.ndim] = scheme
        self.chosen.emit(landmarks.ndim, scheme)

    def _present_draft(self) -> Draft:
        scheme = self._document.scheme
        return self._draft_of_image() if scheme is None else Draft.of(scheme)

    def _draft_of_image(self) -> Draft:
        """Return the landmarks of the open image with all that is known of them."""
        landmarks = self._document.landmarks
        if landmarks is None:
            return Draft()
        keys = {name: key for key, name in enumerate(landmarks.names)}
        rows = []
        for name, key in keys.items():
            said, short = self._document.said_of(name), self._document.short_name(name)
            row = Row(key, name, "" if short == name else short, origin=name)
            rows.append(row if said is None else Row.of(key, said, keys))
        scheme, info = self._document.scheme, self._document.model_info
        of_model = info is not None and set(landmarks.names) <= set(info.landmarks)
        title = scheme.title if scheme is not None else info.name if info is not None and of_model else ""
        return Draft(title, 3 if landmarks.ndim == 3 else 2, "", tuple(rows))

    # The next image

    def begin(self, image: Image) -> None:
        """Have the scheme of its rank ready for an image that is about to be shown."""
        self._document.scheme = self._by_ndim.get(image.ndim)

    def wants(self, info: ModelInfo | None) -> bool:
        """Tell whether a model finds anything that is to be marked in the image at hand."""
        scheme = self._document.scheme
        return scheme is None or (info is not None and bool(set(scheme.names) & set(info.landmarks)))

    def shown(self, info: ModelInfo | None) -> None:
        """Go on marking in the image that has just been shown: by hand where the model knows nothing of the scheme."""
        name = self._view.through_all
        if name is not None:
            self._go_to(name)
        elif not self.wants(info) and not any(self._editor.is_located(other) for other in self._editor.names):
            self._place_missing()

    def _place_missing(self) -> None:
        self._view.selected, self._view.mode = None, Mode.NAVIGATE
        if self._placing.missing_names:
            self._placing.toggle()

    # One landmark through all images

    def toggle_through_all(self) -> None:
        """Mark the selected landmark in image after image, or stop doing so."""
        if self._view.through_all is not None:
            self.stop_through_all()
        elif self._view.selected in self._editor.names:
            self._view.through_all = self._view.selected
            if self._editor.is_located(self._view.through_all):
                self._go_on_soon()
            else:
                self._go_to(self._view.through_all)

    def stop_through_all(self) -> None:
        """Mark whole images again."""
        self._view.through_all = None

    def _go_to(self, name: str | None) -> None:
        """Select the landmark, and wait for the click that places it where it has no position."""
        if name is None or name not in self._editor.names:
            self._view.through_all = None
            self._view.say(f"This image has no landmark {name}, so going through all images with it has ended.")
            return
        self._view.mode = Mode.NAVIGATE
        self._editor.select(name, centre=True)
        if name in self._placing.missing_names:
            self._placing.toggle()

    def _marked(self, name: str) -> None:
        if name == self._view.through_all:
            self._view.selected, self._view.mode = name, Mode.NAVIGATE
            self._go_on_soon()

    def _go_on_soon(self) -> None:
        """Open the next image once the click that led here has been dealt with: a question may follow."""
        QTimer.singleShot(0, self._go_on)

    def _go_on(self) -> None:
        if self._view.through_all is None:
            return
        if self._has_next():
            self._open_next()
        else:
            name, self._view.through_all = self._view.through_all, None
            self._view.say(f"{self._document.display_name(name)}: this was the last image.", is_warning=False)


class _UseScheme(QUndoCommand):
    """Goes to another scheme together with the landmarks that it asks for."""

    def __init__(
        self,
        put: Callable[[Scheme | None, Landmarks], None],
        document: Document,
        scheme: Scheme | None,
        landmarks: Landmarks,
    ) -> None:
        super().__init__("Use the model's landmarks" if scheme is None else f"Use the scheme {scheme.title}")
        self._put, self._document = put, document
        self._other = scheme, landmarks

    def redo(self) -> None:
        """Go to the new scheme."""
        self._swap()

    def undo(self) -> None:
        """Go back to the old one."""
        self._swap()

    def _swap(self) -> None:
        left = self._document.scheme, self._document.landmarks
        self._put(*self._other)
        if left[1] is not None:
            self._other = left[0], left[1]


def fitted_to_scheme(
    landmarks: Landmarks, source: str, document: Document, view_state: ViewState, questions: Questions
) -> Landmarks | None:
    """Return landmarks from a file with names that go with the scheme in use; None where a person thought better of it.

    Only names that the scheme does not know are a question. Numbers, where there are as many, are the scheme's names in order.
    """
    scheme = document.scheme
    if scheme is None:
        return landmarks
    found = difference(scheme, landmarks.names)
    if found.by_position:
        told = f"{source} has no names; its landmarks are called as in “{scheme.title}”, in that order."
        view_state.say(told, is_warning=False)
        return fitted(landmarks, scheme, Fit.SCHEME, found.renames)
    if not found.needs_decision:
        return fitted(landmarks, scheme, Fit.SCHEME)
    fit = questions.scheme_fit(source, found.sentences(), by_file=True)
    return None if fit is None else fitted(landmarks, scheme, fit, found.renames if fit is Fit.SCHEME else {})


def _renamed(landmarks: Landmarks, names: Mapping[str, str]) -> Landmarks:
    """Return the landmarks called otherwise, unless two would be called the same."""
    called = tuple(names.get(name, name) for name in landmarks.names)
    return replace(landmarks, names=called) if len(set(called)) == len(called) else landmarks
