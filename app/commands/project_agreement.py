"""What ``cairn project agreement`` writes: two tables, and a figure where matplotlib is installed."""

from pathlib import Path

from core.base.errors import ProjectError
from core.base.files import reason_of, written_whole
from core.project.agreement import Agreement, agreement, cases_csv, landmarks_csv
from core.project.readings import Reader
from core.project.store import Project

LANDMARKS_FILE, CASES_FILE, FIGURE_FILE = "agreement.csv", "cases.csv", "bland-altman.png"


def reader_named(project: Project, name: str) -> Reader:
    """Return the reader of that name, whatever its capitals.

    Raises
    ------
    ProjectError
        Nobody of that name has read anything, or a person and a model have.
    """
    readers = project.readers()
    found = [reader for reader in readers if reader.name == name] or [
        reader for reader in readers if reader.name.casefold() == name.casefold()
    ]
    if not found:
        known = ", ".join(reader.name for reader in readers) or "nobody yet"
        raise ProjectError(f"There is no reader {name} in {project.path.name}.", f"It was read by: {known}.")
    return found[0]


def compare(project: Project, names: str) -> Agreement:
    """Compare the two readers that ``A,B`` names.

    Raises
    ------
    ProjectError
        These are not two, there is no such reader, or they have no case in common.
    """
    said = [name.strip() for name in names.split(",") if name.strip()]
    if len(said) != 2 or said[0] == said[1]:
        raise ProjectError("Two readers are to be compared.", "Name them as in --readers Anna,Ben.")
    first, second = (reader_named(project, name) for name in said)
    return agreement(project.readings_of(first), project.readings_of(second))


def write(result: Agreement, case_names: dict[int, str], folder: Path) -> list[Path]:
    """Write the tables and, where matplotlib is installed, the figure; return what was written.

    Raises
    ------
    ProjectError
        Nothing can be written there.
    """
    tables = {LANDMARKS_FILE: landmarks_csv(result), CASES_FILE: cases_csv(result, case_names)}
    try:
        for name, text in tables.items():
            with written_whole(folder / name) as temporary:
                temporary.write_bytes(text.encode("utf-8"))
        drawn = draw(result, folder / FIGURE_FILE)
    except OSError as error:
        raise ProjectError(
            f"Nothing can be written into {folder} ({reason_of(error)}).", "Choose another folder."
        ) from error
    return [folder / name for name in (*tables, *([FIGURE_FILE] if drawn else ()))]


def draw(result: Agreement, path: Path) -> bool:
    """Draw differences against means along each axis, with bias and limits; tell whether matplotlib was there to do it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(5.5 * result.ndim, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    lower, upper = result.overall.limits
    for axis in range(result.ndim):
        panel = figure.add_subplot(1, result.ndim, axis + 1)
        for name in result.names:
            panel.plot(*result.bland_altman(name, axis), ".", markersize=4, alpha=0.6)
        lines = ((result.overall.bias, "-", "bias"), (lower, "--", "lower limit"), (upper, "--", "upper limit"))
        for values, style, what in lines:
            panel.axhline(values[axis], linestyle=style, color="black", linewidth=1)
            panel.annotate(
                f"{what} {values[axis]:.2f}",
                (1, values[axis]),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
            )
        letter = "xyz"[axis]
        panel.set_xlabel(f"mean {letter} of both readers ({result.unit})")
        panel.set_ylabel(f"{letter} of {result.second.name} minus {result.first.name} ({result.unit})")
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    return True
