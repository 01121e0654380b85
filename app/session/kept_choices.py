"""What a person has chosen for all images of the project, and the project keeps: the landmark scheme and the pixel size."""

from app.desk.case_tasks import set_size_where_unknown
from app.desk.desk import Desk
from core.schemes.scheme import Scheme


def keep_scheme(desk: Desk, ndim: int, scheme: Scheme | None) -> None:
    """Let the project keep the scheme of images of a rank; None where the model decides what is marked."""
    if not desk.keeps_work:
        return
    if scheme is None:
        desk.change(lambda project: project.remove_scheme(ndim))
    else:
        desk.change(lambda project: project.set_scheme(scheme))


def keep_size(desk: Desk, spacing_mm: tuple[float, float]) -> None:
    """Let the project keep a pixel size for all its images that do not know theirs."""
    if desk.keeps_work:
        desk.change(lambda project: set_size_where_unknown(project, spacing_mm))
