"""What ``cairn-train plan`` does: reads a data set, makes a plan for it, writes it as a configuration.

The plan itself is `core/learning/plan.py`'s; which data set lies at a path is told here by what is in it.
"""

from dataclasses import replace
from pathlib import Path

from core.base.errors import ConfigError
from core.base.files import written_whole
from core.learning.cases import Case
from core.learning.configuration import CardConfig, DataConfig, TrainingConfig, format_config, read_config
from core.learning.facts import facts_of
from core.learning.pace import MeasuredPace, Pace
from core.learning.plan import Plan, make_plan
from core.learning.requirements import check_cases
from core.learning.splits import choose_validation
from core.learning.trainable import read_trainable
from core.schemes.file import read_scheme
from training.datasets import cephalometric, mouse_skull
from training.datasets.reading import DataKind, read_cases


def plan_for(
    path: Path, minutes: float, *, spacing_mm: float | None = None, start: Path | None = None, pace: Pace | None = None
) -> tuple[Plan, tuple[str, ...]]:
    """Make a plan for the cases of a data set, those of its splits ``train`` and ``validation``.

    Parameters
    ----------
    path
        A list (CSV), or the folder of a public data set.
    minutes
        How long learning may take.
    spacing_mm
        Spacing of listed images whose files do not say it.
    start
        Model (.pt) or configuration of a training to go on from.
    pace
        How fast the computer learns: measured where omitted.

    Returns
    -------
    plan
        Its configuration names the data set.
    to_check
        Cases of a list that should become its split ``validation``; none where the list has some.

    Raises
    ------
    ConfigError
        There is no such data set, nothing can be learnt from it, or the model to go on from is for something else.
    ModelFileError
        The model cannot go on learning.
    """
    kind = _kind_at(path)
    train, validation = _cases(kind, path, spacing_mm)
    cases = (*train, *validation)
    check_cases(cases)
    schemes = {"cephalometric": cephalometric.SCHEME, "mouse-skull": mouse_skull.SCHEME}
    scheme = schemes.get(kind, "")
    facts = facts_of(cases, partners=read_scheme(scheme).mirrored if scheme else ())
    before, cases_before = (None, 0) if start is None else _start_at(start)
    made = make_plan(
        facts,
        minutes,
        pace or MeasuredPace(),
        name=scheme or path.stem,
        landmarks=scheme or facts.landmarks,
        card=CardConfig(modality="2D images" if facts.ndim == 2 else "volumes"),
        start=before,
        start_cases=cases_before,
        check=len(validation) or None,
    )
    data = DataConfig(kind=kind, root=str(path.resolve()), spacing_mm=spacing_mm)
    config = made.config.model_copy(update={"data": data})
    to_check = () if validation else tuple(case.name for case in choose_validation(cases)[1])
    return replace(made, config=config), to_check


def _start_at(path: Path) -> tuple[TrainingConfig, int]:
    """Return the configuration in a model file, or the one that a file is, and how many cases were learnt from with it."""
    if path.suffix != ".pt":
        return read_config(path)[0], 0
    model = read_trainable(path)
    return model.config, model.lineage.cases


def write_plan(config: TrainingConfig, path: Path) -> None:
    """Write the configuration of a plan to a new or an existing file, whole or not at all.

    Raises
    ------
    ConfigError
        The folder cannot be written to.
    """
    try:
        with written_whole(path) as temporary:
            temporary.write_text(format_config(config), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}).", "Choose another place with --out."
        ) from error


def _kind_at(path: Path) -> DataKind:
    if path.is_file():
        return "list"
    if (path / "RawImage").is_dir():
        return "cephalometric"
    if (path / "split.json").is_file():
        return "mouse-skull"
    raise ConfigError(
        f"There are no cases at {path}.",
        "Give a list (CSV with split,image,landmarks) or the folder of a public data set.",
    )


def _cases(kind: DataKind, path: Path, spacing_mm: float | None) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Read what may be learnt from; a list need not have cases to validate on."""
    train = read_cases(kind, path, "train", None, spacing_mm)
    names = train[0].landmarks.names
    try:
        return train, read_cases(kind, path, "validation", names, spacing_mm)
    except ConfigError:
        if kind == "list" and "validation" not in path.read_text(encoding="utf-8-sig"):
            return train, ()
        raise
