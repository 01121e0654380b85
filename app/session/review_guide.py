"""Leads a person through everything that wants an eye, from landmark to landmark and from case to case, and says why it does.

Which comes next is `app.desk.review`'s; this selects it and has its case opened. Belongs to the main thread.
"""

from collections.abc import Callable

from app.desk.desk import Desk
from app.desk.review import ReviewWalk
from app.session.document import Document
from app.session.editor import Editor
from app.session.jobs import Jobs
from app.session.view_state import ViewState
from core.project.review import Doubt


class ReviewGuide:
    """Goes to the next doubtful landmark.

    Parameters
    ----------
    desk, document, editor, view_state, jobs
        Whose cases, what landmarks are called, who selects, where it is said why, and what waits until a case is shown.
    open_case
        Opens a case, given its number.
    """

    def __init__(
        self,
        desk: Desk,
        document: Document,
        editor: Editor,
        view_state: ViewState,
        jobs: Jobs,
        open_case: Callable[[int], object],
    ) -> None:
        self._desk = desk
        self._document = document
        self._editor = editor
        self._view = view_state
        self._jobs = jobs
        self._open_case = open_case
        self._walk = ReviewWalk(desk)
        self._coming: Doubt | None = None
        desk.current_changed.connect(self._arrive)

    def go_on(self) -> None:
        """Go to the next landmark that wants an eye, in another case where none is left in this one."""
        self._coming = None
        self._walk.go_on(self._view.selected, self._go)

    def _go(self, doubt: Doubt | None, count: int) -> None:
        if doubt is None:
            told = f"You have seen all {count} that want an eye." if count else "Nothing wants an eye in any case."
            self._view.say(told, is_warning=False)
        elif doubt.case_id == self._desk.current:
            self._show(doubt)
        else:
            self._coming = doubt
            self._open_case(doubt.case_id)

    def _arrive(self) -> None:
        """Select the landmark once its case is shown with all that belongs to it; who opens another case has left the way."""
        doubt, current = self._coming, self._desk.current
        if doubt is None or current is None:
            return
        self._coming = None
        if doubt.case_id == current:
            self._jobs.post(lambda: self._show(doubt))

    def _show(self, doubt: Doubt) -> None:
        if doubt.case_id == self._desk.current and doubt.name in self._editor.names:
            self._editor.select(doubt.name, centre=True)
            self._view.say(f"{self._document.display_name(doubt.name)}: {doubt.why}.", is_warning=False)
