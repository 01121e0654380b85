"""What one setting of a plan is worth: the plan's configuration with so many iterations, with and without that setting.

    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/bench_plan.py --task hippocampus --iterations 800 \
        --set global_stage.label_patches=1.0 --data ../shared/data --out runs/plan

Planned for a known computer, so that the same command makes the same configuration everywhere; learnt from what ``cairn learn``
would learn from, and judged once, at the end, on what it would check with and on the task's cases to judge by. No test case is
read. Exit code 2 where the input is wrong.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from core.base.complaints import first_complaint
from core.base.errors import AppError, ConfigError
from core.base.wording import counted
from core.learning.building import build_network, build_normalisation
from core.learning.checkpoints import TrainingState
from core.learning.configuration import CardConfig, TrainingConfig, format_config
from core.learning.device import without_denormals
from core.learning.facts import facts_of
from core.learning.pace import FixedPace
from core.learning.plan import make_plan, with_iterations
from core.learning.prepared_cases import prepare_cases
from core.learning.splits import choose_validation
from core.learning.team import Team
from core.learning.trainer import Trainer
from core.learning.validation import Validation
from tests.benchmarks.learning.scores import scores, to_markdown
from tests.benchmarks.learning.tasks import TASKS, Task, read_task


def changed(config: TrainingConfig, iterations: Sequence[int], settings: Sequence[str]) -> TrainingConfig:
    """Return a plan with other iterations and settings, ``global_stage.dropout=0.1`` or ``local_stages.0.crop=24``.

    Raises
    ------
    ConfigError
        There is no such setting, or it takes no such value.
    """
    stages = 1 + len(config.local_stages)
    if len(iterations) != stages or min(iterations) < 1:
        raise ConfigError(f"The plan has {counted(stages, 'stage')}.", "Give --iterations for each, such as 800,400.")
    values = with_iterations(config, iterations).model_dump()
    for stage in (values["global_stage"], *values["local_stages"]):
        stage["optimisation"]["validate_every"] = stage["optimisation"]["iterations"]  # once, so it chooses no weights
    for setting in settings:
        path, _, value = setting.partition("=")
        *way, last = path.split(".")
        try:
            place: Any = values
            for part in way:
                place = place[int(part) if part.isdecimal() else part]
            if last not in place:
                raise KeyError(last)
            place[last] = json.loads(value)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ConfigError(f"A plan has no setting {setting}.", "Write it like global_stage.dropout=0.1.") from error
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"The plan cannot be changed so: {first_complaint(error)}.", "Give another value.") from error


def run(task: Task, config: TrainingConfig, folder: Path) -> str:
    """Learn by a plan; return the table of the stages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(format_config(config), encoding="utf-8")
    learn, check = choose_validation(task.learn)
    normalisation = build_normalisation(config)
    state = TrainingState("", list(task.landmarks))
    with without_denormals():
        Trainer(config, state, folder, prepare_cases(learn, normalisation), prepare_cases(check, normalisation)).fit()
    judges = prepare_cases((*check, *task.judge), normalisation)
    validation = Validation(config, state, judges, Team())
    networks = [
        build_network(config, stage, len(state.landmarks), weights) for stage, weights in enumerate(state.finished)
    ]
    found = {}
    for stage in range(len(networks)):
        errors = validation.errors_mm(networks[: stage + 1], validation.estimates(networks[:stage]))
        np.save(folder / f"errors {stage + 1}.npy", errors)
        found[f"stage {stage + 1}"] = scores(np.nan_to_num(errors, nan=np.inf), task.within, task.unit)
    return to_markdown(found, f"{task.name}: {len(learn)} cases to learn from, {len(judges)} to judge by")


def main() -> int:
    """Run the trial; return the exit code."""
    parser = argparse.ArgumentParser(description="What one setting of a plan is worth.")
    parser.add_argument("--task", choices=tuple(TASKS), required=True)
    parser.add_argument("--minutes", type=float, default=20.0, help="for which the plan is made")
    parser.add_argument("--iterations", required=True, metavar="N[,N…]", help="of each stage, instead of the plan's")
    parser.add_argument(
        "--set", action="append", default=[], metavar="SETTING=VALUE", help="instead of the plan's; may repeat"
    )
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for configuration, weights and errors")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        task = read_task(options.task, options.data)
        facts = facts_of(task.learn)
        card = CardConfig(modality=task.name)
        plan = make_plan(facts, options.minutes, FixedPace(), name=task.name, landmarks=facts.landmarks, card=card)
        try:
            iterations = [int(count) for count in options.iterations.split(",")]
        except ValueError as error:
            raise ConfigError(
                f"{options.iterations} are no iterations.", "Give whole numbers, such as 800,400."
            ) from error
        sys.stdout.write(run(task, changed(plan.config, iterations, options.set), options.out))
    except AppError as error:
        sys.stderr.write(f"bench_plan: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
