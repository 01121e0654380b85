"""Cross-validation: trains a configuration once per fold, and keeps what each network says of the cases it never saw.

Owns the folder, which case is in which fold, and how a repeated command goes on. How one run is trained is `training/run.py`'s,
what is kept of it `training/cross_validation/answers.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.base.errors import ConfigError
from core.base.files import written_whole
from core.learning.cases import Case
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint
from core.learning.configuration import TrainingConfig, format_config, parse_config, read_config
from core.learning.joining import fit_shares
from core.learning.model_export import localizer_of
from training.cross_validation.answers import offsets_of, read_answers, tabulate_answers, write_answers
from training.datasets.reading import cases_of
from training.run import CONFIG_NAME, Listener, claim_folder, train

CROSS_VALIDATION_NAME = "cross-validation.toml"
"""The configuration that all folds of a folder train."""
FOLDS_NAME = "folds.csv"
ANSWERS_NAME = "answers.csv"

FOLDS_SEED = 20
"""Deals the cases to the folds: the same for every configuration, so that all are compared on the same."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What the folds done so far say of the cases that they did not learn from.

    Attributes
    ----------
    config
        What was trained.
    folds
        How many folds the cases are dealt to.
    done
        The numbers of those that are done, from 1.
    answers
        See `training.cross_validation.answers.columns_of`, with a column ``fold`` before the others.
    """

    config: TrainingConfig
    folds: int
    done: tuple[int, ...]
    answers: pd.DataFrame


def deal(cases: Sequence[Case], folds: int) -> list[tuple[Case, ...]]:
    """Deal ``cases`` to ``folds`` whose sizes differ by one at most.

    Raises
    ------
    ConfigError
        There are fewer cases than folds, or fewer than two folds.
    """
    if not 2 <= folds <= len(cases):
        raise ConfigError(
            f"{len(cases)} cases cannot be dealt to {folds} folds.", f"Give --folds a number from 2 to {len(cases)}."
        )
    order = np.random.default_rng(FOLDS_SEED).permutation(len(cases))
    return [tuple(cases[row] for row in sorted(order[fold::folds])) for fold in range(folds)]


def fold_config(config: TrainingConfig) -> TrainingConfig:
    """Return the configuration of one fold: validated at the end of each stage only, so that the last weights are kept.

    The best of many validations would be chosen on the very cases that the fold is to judge.
    """

    def once(stage: object) -> object:
        settings = stage.optimisation  # type: ignore[attr-defined]
        last = settings.model_copy(update={"validate_every": settings.iterations})
        return stage.model_copy(update={"optimisation": last})  # type: ignore[attr-defined]

    return config.model_copy(
        update={
            "global_stage": once(config.global_stage),
            "local_stages": tuple(once(stage) for stage in config.local_stages),
        }
    )


def parse_folds(text: str, folds: int) -> tuple[int, ...]:
    """Read which folds to do, such as ``"1,3"``; all where the text is empty.

    Raises
    ------
    ConfigError
        They are not all numbers from 1 to ``folds``.
    """
    try:
        chosen = tuple(sorted({int(word) for word in text.split(",")})) if text else tuple(range(1, folds + 1))
    except ValueError:
        chosen = ()
    if not chosen or not all(1 <= fold <= folds for fold in chosen):
        raise ConfigError(
            f"{text!r} is no list of folds.", f"Write numbers from 1 to {folds} with commas, such as 1,2."
        )
    return chosen


def cross_validate(
    config_path: Path,
    out: Path,
    *,
    listener: Listener,
    folds: int = 5,
    only: str = "",
    device: str = "auto",
    data: Path | None = None,
    workers: int | None = None,
) -> OutOfFold | None:
    """Train a configuration without each fold of its training and validation cases, and localize in that fold.

    What ``out`` holds already is not done again. The test cases are never opened.

    Parameters
    ----------
    config_path
        The configuration; its own split into training and validation cases, and ``validate_every``, do not count.
    out
        Folder of all runs and tables.
    listener
        Hears how it goes.
    folds
        How many there are.
    only
        Which of them to do now, see `parse_folds`; those done before are in the results, too.
    device, data, workers
        As in `training.run.train`.

    Returns
    -------
    OutOfFold or None
        None where it was interrupted: the same call goes on.

    Raises
    ------
    ConfigError
        The configuration or the data set is wrong, or ``out`` belongs to something else.
    ImageReadError
        An image cannot be read.
    """
    config, text = read_config(config_path)
    if data is None and config.data.root:
        data = config_path.parent / config.data.root
    cases = [case for split in ("train", "validation") for case in cases_of(config, split, config_path.parent, data)]
    dealt = deal(cases, folds)
    chosen = parse_folds(only, folds)
    claim_folder(out, CROSS_VALIDATION_NAME, "a cross-validation", config, text)
    _claim_folds(out / FOLDS_NAME, dealt)
    found: dict[int, pd.DataFrame] = {}
    for number, held_out in enumerate(dealt, 1):
        folder = out / f"fold-{number}"
        answers = _kept(folder, held_out, config.ndim)
        if answers is None and number in chosen:
            learnt = tuple(case for case in cases if case not in held_out)
            listener.begin(f"Fold {number} of {folds}: {len(learnt)} cases to learn from, {len(held_out)} held out")
            if not _trained(folder, fold_config(config), (learnt, held_out), listener, device, data, workers):
                return None
            answers = _answered(folder, held_out, listener)
        if answers is not None:
            found[number] = answers
    parts = [table.assign(fold=number) for number, table in found.items()]
    joined = pd.concat(parts, ignore_index=True)
    joined = joined[["fold", *joined.columns.drop("fold")]]
    write_answers(joined, out / ANSWERS_NAME)
    return OutOfFold(config, folds, tuple(found), joined)


def shares_of(out: Path, config: TrainingConfig, names: Sequence[str]) -> list[list[float]]:
    """Return how much each stage counts for each landmark, ``[stage][landmark]``, by the finished folds in ``out``.

    Raises
    ------
    ConfigError
        There is no cross-validation in ``out``, or it is one of other stages or landmarks.
    """
    table = read_answers(out / ANSWERS_NAME, config.ndim, leading=("fold",))
    if table is None:
        raise ConfigError(f"There are no answers of a cross-validation in {out}.", "Run cairn-train cross-validate.")
    return [[round(float(share), 4) for share in row] for row in fit_shares(offsets_of(table, names))]


def _claim_folds(path: Path, dealt: Sequence[Sequence[Case]]) -> None:
    """Write which case is in which fold; refuse a folder whose cases were dealt otherwise."""
    rows = [f"{case.name},{number}" for number, fold in enumerate(dealt, 1) for case in fold]
    text = "\n".join(["case,fold", *rows]) + "\n"
    if not path.exists():
        with written_whole(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise ConfigError(
            f"The folder {path.parent} holds a cross-validation of other folds or cases.",
            "Give --folds as it was, or choose another folder with --out.",
        )


def _kept(folder: Path, held_out: Sequence[Case], ndim: int) -> pd.DataFrame | None:
    """Return the answers kept of a fold; None where they are not there, damaged, or those of other cases."""
    table = read_answers(folder / ANSWERS_NAME, ndim)
    if table is None or list(table["case"].unique()) != [case.name for case in held_out]:
        return None
    return table


def _trained(
    folder: Path,
    config: TrainingConfig,
    cases: tuple[Sequence[Case], Sequence[Case]],
    listener: Listener,
    device: str,
    data: Path | None,
    workers: int | None,
) -> bool:
    """Train what is left of a fold's run; False where it was interrupted."""
    begun = (folder / CHECKPOINT_NAME).exists()
    if begun and _is_finished(read_checkpoint(folder), config):
        return True
    with written_whole(folder / CONFIG_NAME) as temporary:
        temporary.write_text(format_config(config), encoding="utf-8")
    return train(
        folder / CONFIG_NAME,
        folder,
        resume=begun,
        device=device,
        data=data,
        cases=cases,
        workers=workers,
        on_step=listener.step,
        on_loading=listener.loading,
    )


def _is_finished(state: TrainingState, config: TrainingConfig) -> bool:
    return state.stage > len(config.local_stages) and parse_config(state.config_text, CONFIG_NAME) == config


def _answered(folder: Path, held_out: Sequence[Case], listener: Listener) -> pd.DataFrame:
    """Localize in the cases of a fold with what was trained without them, and keep the answers."""
    state = read_checkpoint(folder)
    localizer = localizer_of(state, parse_config(state.config_text, CONFIG_NAME))

    def tell(done: int, name: str) -> None:
        listener.localizing(done / len(held_out), name)

    table = tabulate_answers(localizer, held_out, tell)
    write_answers(table, folder / ANSWERS_NAME)
    return table
