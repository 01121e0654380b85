"""What is known on this computer of a model that is named in a landmark file or a project. Reads files; runs no model."""

from app.printing.content import ModelSaid, limits_in_card
from core.base.errors import AppError
from core.models.bundled import bundled_models
from core.models.metadata import ModelInfo


def model_said(title: str, info: ModelInfo | None = None) -> ModelSaid | None:
    """Return what is known of a model by its name and version; None where none is named.

    Parameters
    ----------
    title
        Name and version.
    info
        Metadata of a model that may be the one.
    """
    if not title:
        return None
    try:
        bundled = {known.title: (path, known) for path, known in bundled_models().items()}
    except AppError:
        bundled = {}
    if title in bundled:
        path, known = bundled[title]
        try:
            card = path.with_suffix(".md").read_text(encoding="utf-8")
        except OSError:
            card = ""
        return ModelSaid(title, known, limits_in_card(card))
    return ModelSaid(title, info if info is not None and info.title == title else None)
