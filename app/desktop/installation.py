"""What there is to know about this installation when something does not work: versions, processor, where the log lies.

Names nothing of images or patients. Opens no window; asks torch for the processor, which takes seconds.
"""

import platform
from importlib.metadata import version

from app.desktop.exception_hook import log_path
from core.base.errors import AppError
from core.models.bundled import bundled_models


def describe_installation() -> dict[str, str]:
    """Return what a person who helps will ask for: headings, and what belongs under them."""
    import PySide6
    import torch

    from core.models.devices import describe_device

    try:
        models = ", ".join(info.title for info in bundled_models().values())
    except AppError as error:
        models = str(error)
    path = log_path()
    return {
        "Cairn": version("cairn-landmarks"),
        "system": platform.platform(),
        "Python": platform.python_version(),
        "PyTorch": str(torch.__version__),
        "Qt": PySide6.__version__,
        "device": describe_device(),
        "models": models,
        "log": str(path) if path.exists() else f"{path}, not yet written",
    }
