"""Saves what the window shows as a picture, and what was measured as a report: asks, gathers values, lets a job draw and write.

Decides nothing about what is measured, and draws nothing itself.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path, PurePath

from PySide6.QtCore import QLocale

from app.printing.content import ReportSubject, pixel_size_of, report_content
from app.printing.files import write_drawn
from app.printing.image_pictures import pictures_of
from app.printing.models import model_said
from app.printing.picture import SlicePicture, flat_sheet, panels_sheet
from app.printing.picture_files import picture_bytes
from app.printing.report_file import pdf_bytes
from app.session.controller import Controller
from app.session.printouts import PictureOffer, ReportOffer, usual_paper
from app.views.volume_view import VolumeView
from app.window.shown_pictures import field_of, flat_picture, free_drawings, levels_of, panel_pictures, plain_names
from core.base.errors import AppError
from core.geometry.planes import SlicePlane
from core.images.formats import image_name
from core.values.image import Image


class Printouts:
    """Saves pictures and reports of the open image.

    Parameters
    ----------
    controller
        Whose document and measurements.
    viewer
        What is on the screen.
    """

    def __init__(self, controller: Controller, viewer: VolumeView) -> None:
        self._controller = controller
        self._viewer = viewer

    def ask_picture(self) -> None:
        """Ask what to draw and where to, and save the picture."""
        image = self._controller.document.image
        wish = None if image is None else self._controller.questions.picture_wish(self._picture_offer(image))
        if image is None or wish is None or self._is_the_image(wish.path, image):
            return
        if image.ndim == 2:
            picture = flat_picture(self._controller, image, wish)
            sheet = None if picture is None else flat_sheet(picture, wish.factor)
        else:
            parts = panel_pictures(self._controller, self._viewer, image, wish)
            sheet = panels_sheet(parts, wish.longest_px) if parts else None
        if sheet is not None:
            self._run(lambda: picture_bytes(sheet, wish.path), wish.path, f"Picture saved to {wish.path.name}.")

    def _picture_offer(self, image: Image) -> PictureOffer:
        flat, state = image.ndim == 2, self._controller.view_state
        as_it_is = SlicePicture(image, SlicePlane(image.grid))
        return PictureOffer(
            self._suggested(image, "picture.png"),
            flat_sheet(as_it_is).size_px if flat else (self._viewer.width(), self._viewer.height()),
            is_volume=not flat,
            has_tracing=self._controller.measuring.offer is not None,
            has_free=bool(free_drawings(self._controller)),
            has_vectors=field_of(self._controller) is not None,
            labels=state.show_labels,
            tracing=state.show_tracing,
            vectors=state.show_vectors,
        )

    def ask_report(self) -> None:
        """Ask for the paper and where to, and save the report of what is measured."""
        controller = self._controller
        document, measured = controller.document, controller.measuring.subject
        image = document.image
        if image is None or measured is None:
            return
        name = image.source.path.name
        suggestion = self._suggested(image, f"{measured.analysis.name}.pdf")
        wish = controller.questions.report_wish(ReportOffer(suggestion, name, usual_paper(QLocale.system().name())))
        if wish is None or self._is_the_image(wish.path, image):
            return
        names, levels, info = plain_names(controller), levels_of(controller), document.model_info
        answering = "" if controller.cases.blind else document.answering_model
        reader = controller.desk.reader.name if controller.desk.reader_is_known else ""

        free_rows, drawn = controller.free_measuring.rows, free_drawings(controller)

        def draw() -> bytes:
            values = measured.measured(intervals=True)
            subject = ReportSubject(
                measured.analysis,
                values,
                measured.landmarks,
                names.display_name,
                pixel_size_of(image.grid),
                image.source.spacing_source,
                name if wish.with_name else "",
                reader,
                model_said(answering, info),
                date.today(),
                measured.told_by(values),
                free_rows,
            )
            pictures = pictures_of(image, measured.landmarks, names, measured.analysis, levels=levels, free=drawn)
            return pdf_bytes(report_content(subject), pictures, wish.paper)

        self._run(draw, wish.path, f"Report saved to {wish.path.name}.")

    def _suggested(self, image: Image, ending: str) -> Path:
        path = image.source.path
        return (self._controller.folder or path.parent) / f"{image_name(PurePath(path.name))}-{ending}"

    def _is_the_image(self, path: Path, image: Image) -> bool:
        """Tell whether a file that is to be written is the image itself, and say so."""
        if path.absolute() != image.source.path.absolute():
            return False
        self._controller.questions.show_error(AppError(f"{path.name} is the image itself.", "Choose another name."))
        return True

    def _run(self, draw: Callable[[], bytes], path: Path, said: str) -> None:
        """Draw in a job that is waited for when the window closes, then write in one that a drive may stall."""
        controller = self._controller

        def write(content: bytes) -> None:
            controller.jobs.run(
                write_drawn, path, content,
                on_result=lambda _: controller.view_state.say(said, is_warning=False),
                on_error=controller.questions.show_error, may_stall=True,
            )  # fmt: skip

        controller.jobs.run(draw, on_result=write, on_error=controller.questions.show_error)
