"""What goes into the frozen application and what stays out, with the reason for each: read by the spec and by the tests.

Knows names only: it opens no file and imports nothing that is frozen.
"""

import re
import sys
from pathlib import Path, PurePosixPath

EXCLUDED_MODULES = {
    # Ours, and what only training and development need.
    "training": "the laboratory around the learning, which is core's",
    "matplotlib": "pyqtgraph could export to it",
    "scipy": "pyqtgraph, torch and numpy would use it if it were there",
    "pandas": "evaluation and reports only",
    "pyarrow": "Parquet only, an extra of the package: 170 MB for one kind of table",
    "highdicom": "structured reports only, an extra of the package",
    "jpeg_ls": "highdicom's, and pydicom's for pixels that ITK reads here",
    "_jpeg_ls": "the same",
    "tensorboard": "training only",
    "lightning_fabric": "training only",
    "lightning_utilities": "training only",
    "dask": "training only",
    "IPython": "pyqtgraph's console",
    "jupyter_rfb": "pyqtgraph's notebooks",
    "OpenGL": "pyqtgraph's 3D views; ours are drawn without it",
    "h5py": "pyqtgraph's arrays with metadata",
    "cupy": "pyqtgraph's drawing on a GPU",
    "numba": "pyqtgraph's faster drawing, not among our dependencies",
    "superqt": "not used by the viewer",
    "tkinter": "Python's own windows, and Pillow's bridge to them",
    "_tkinter": "the same",
    "pytest": "tests",
    "_pytest": "tests",
    "hypothesis": "tests",
    "mypy": "pydantic brings a plugin for it",
    "mypy_extensions": "the same",
    "pip": "torch names it",
    "setuptools": "torch builds extensions with it",
    "pkg_resources": "the same",
    "_distutils_hack": "the same",
    "wheel": "the same",
    "attr": "rich shows its classes if it is there",
    "attrs": "the same",
    "markdown_it": "rich shows Markdown with it; our help is plain text",
    "mdurl": "the same",
    "pygments": "rich colours program code with it",
    "yaml": "torch's tracing of models for telephones",
    "sympy": "torch computes with symbols only when it compiles",
    "mpmath": "sympy's numbers",
    "networkx": "torch looks at graphs only when it compiles",
    "jinja2": "torch writes code only when it compiles",
    "markupsafe": "jinja2's",
    "fsspec": "torch's checkpoints in clouds",
    "aiohttp": "fsspec's network",
    "yarl": "the same",
    "multidict": "the same",
    "frozenlist": "the same",
    "propcache": "the same",
    "idna": "the same",
    "triton": "compiles for CUDA while a program runs",
    "mpl_toolkits": "matplotlib's",
    "PIL._avif": "no format that Cairn reads",
    "PIL.AvifImagePlugin": "the same",
    "ssl": "nothing goes over a network",
    "_ssl": "the same",
    "readline": "nobody types Python here",
    "curses": "the same",
    "_uuid": "identifiers made of the network card's address",
    "lib2to3": "Python's translator of old code",
    "ensurepip": "Python's installer of pip",
    "idlelib": "Python's editor",
    "turtledemo": "Python's drawing lessons",
    "pydoc_data": "Python's help",
    "pydicom.data.test_files": "pydicom's test images",
    "pyqtgraph.examples": "examples",
    "pyqtgraph.opengl": "3D views",
    "pyqtgraph.jupyter": "notebooks",
    "pyqtgraph.console": "an interactive console",
    # torch imports each of these only when a model is compiled for one machine, exported to another format or tested.
    "torch._dynamo": "compiles Python while it runs; torch's optimizers get by with a stand-in, see below",
    "torch._inductor": "its code generator",
    "torch.onnx": "exports to another format",
    "torch.testing._internal.common_utils": "torch's own tests",
    "torch.testing._internal.distributed": "the same",
    "torch.testing._internal.opinfo": "the same",
    "torch.testing._internal.common_methods_invocations": "the same",
    "torch.testing._internal.optests": "the same",
    "torch.testing._internal.inductor_utils": "the same",
    "functorch": "an older name of torch.func",
    "torch.utils.tensorboard": "writes curves of trainings",
    "torch.utils.benchmark": "measures",
    "torch.utils.bottleneck": "measures",
    "torch.utils.model_dump": "shows models in a browser",
    "torch.distributed.elastic": "starts trainings on several machines",
    "torch.distributed.pipelining": "the same",
    "torch.distributed._tools": "the same",
}
"""Modules that the application runs without, and why somebody would import them.

Of what stays, only parts of Python's own library are never imported: half a megabyte together, named by modules that are.
"""

STAND_INS = {"torch._dynamo": Path(__file__).with_name("torch_dynamo.py")}
"""Modules in whose place one of ours is collected, since others import them without needing what they do."""

_SUFFIX = r"(\.abi3)?\.(so|pyd|dll|dylib)[.\d]*$"

_UNNEEDED = [
    # torch: programs and libraries that only its tests and its compiler use. torch_shm_manager must stay: without it
    # `import torch` fails on Linux.
    r"^torch/(test|include|share|_inductor|_dynamo|onnx)/",
    r"^torch/bin/(?!torch_shm_manager)",
    r"^torch/lib/lib(backend_with_compiler|jitbackend_test|torchbind_test|aoti_custom_ops)\.",
    r"^torch/lib/(backend_with_compiler|jitbackend_test|torchbind_test|aoti_custom_ops)\.",
    r"^torch/.*\.(lib|a|h|cpp|pyi|cmake|proto)$",
    # Qt: everything that no widget needs.
    r"^PySide6/(Qt/)?translations/",
    r"^PySide6/(Qt/)?qml/",
    r"^PySide6/(Qt/)?plugins/(?!(platforms|platformthemes|platforminputcontexts|imageformats|iconengines|styles)/|xcbgl|wayl)",
    r"/plugins/wayland-graphics-integration-server/",
    r"/plugins/platforms/.*(eglfs|linuxfb|minimalegl|vkkhrdisplay|vnc|direct2d)",
    r"/plugins/egldeviceintegrations/",
    r"/plugins/platforminputcontexts/.*virtualkeyboard",
    r"/plugins/platformthemes/.*gtk3",  # all of GTK, or the system's beside libraries of ours; Qt has file dialogs of its own
    r"/plugins/imageformats/(lib)?q(pdf|tga|wbmp|webp|icns|tiff|gif)",  # pixels are read by ITK and Pillow, never by Qt
    r"(^|/)(lib)?Qt6?(Qml|Quick|Pdf|VirtualKeyboard|Lottie|Bodymovin|EglFS|WaylandEglCompositor|WaylandCompositor)\w*\.",
    r"^PySide6/Qt(Qml|Quick|Pdf|Designer|Help|Sql)\w*" + _SUFFIX,
    r"(^|/)opengl32sw\.dll$",  # 20 MB of software OpenGL, which nothing here draws with
    # Others.
    r"^pydicom/data/(test_files|charset_files)/",
    r"^pyqtgraph/examples/",
    r"(^|/)tests?/",
    r"\.(pyi|pxd|typed)$",
    r"^hypothesis-",  # its metadata alone, for pydantic's plugin
]
_UNNEEDED_PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in _UNNEEDED), re.IGNORECASE)

CONSOLE_NAME = "cairn-cli"
"""Windows alone needs a second executable for the command line: the one that opens windows has no console."""


SCRIPTED_PACKAGES = ("core.method", "torch.nn.modules")
"""What a localizer is made of: TorchScript compiles the sources of its modules and of the functions that they call."""

_READ_AGAIN = re.compile(r"\b_?install_config_module\(|\b_overload(_method)?\b")


def executable_name(platform: str = sys.platform) -> str:
    """Return what the program is called on a platform, without a suffix."""
    return "cairn" if platform.startswith("linux") else "Cairn"


def is_needed(name: str) -> bool:
    """Tell whether a file with this name in the bundle (relative, either kind of slash) is worth its place."""
    return _UNNEEDED_PATTERN.search(PurePosixPath(name.replace("\\", "/")).as_posix()) is None


def collection_modes(torch_folder: Path) -> dict[str, str]:
    """Return which modules keep their source beside their bytecode: those that torch reads again as text.

    When it starts, its modules of settings, whose comments count, and those with overloads for TorchScript; when a model is made
    that was learnt here, what TorchScript compiles. The other sources, 48 MB, are for compilers that are left out.
    """
    modes = {"torch": "pyz", **dict.fromkeys(SCRIPTED_PACKAGES, "pyz+py")}
    for path in torch_folder.rglob("*.py"):
        if path.name != "__init__.py" and _READ_AGAIN.search(path.read_text(encoding="utf-8", errors="replace")):
            parts = path.relative_to(torch_folder.parent).with_suffix("").parts
            modes[".".join(parts)] = "pyz+py"
    return modes


def keeps_source(module: str, modes: dict[str, str]) -> bool:
    """Tell whether a module's source is collected, by its own mode or that of the nearest package around it."""
    parts = module.split(".")
    around = [".".join(parts[: count + 1]) for count in range(len(parts))]
    return next((modes[name] for name in reversed(around) if name in modes), "pyz").endswith("+py")
