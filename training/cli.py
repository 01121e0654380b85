"""The command ``cairn-train``: plan, train, evaluate, ablate, cross-validate, export, info.

Parses arguments and shows progress; `training/run.py`, `evaluation.py`, `ablation.py` and `model_export.py` do the work.
"""

import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from core.base.command_line import EXIT_BAD_INPUT, EXIT_INTERRUPTED, run_command_line
from core.base.errors import AppError, ConfigError
from training.display import SeriesDisplay, TrainingDisplay, progress

commands = typer.Typer(
    name="cairn-train",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Trains landmark localizers, evaluates them and exports them as model files.",
    epilog="Add --debug anywhere to see the details of an unexpected problem.",
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that cairn-train train wrote.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="PATH", help="Data set, instead of the configuration's own.")
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]


@commands.command()
def plan(
    cases: Annotated[
        Path, typer.Argument(metavar="CASES", help="List of cases (CSV), or folder of a public data set.")
    ],
    minutes: Annotated[float, typer.Option("--minutes", help="How long learning may take, all in all.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="PLAN.toml", help="Where to write the plan.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each value is what it is.")] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="MODEL", help="Go on from a model (.pt), or from one of a configuration (.toml)."
        ),
    ] = None,
    spacing: Annotated[
        float | None, typer.Option("--spacing", min=1e-4, metavar="MM", help="Pixel size of listed images without one.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Processor cores to learn on.")] = None,
) -> None:
    """Make a training configuration from the cases, the minutes and the measured speed of this computer."""
    import torch

    from core.learning.configuration import format_config
    from training.planning import plan_for, write_plan

    if threads is not None:
        torch.set_num_threads(threads)
    made, to_check = plan_for(cases, minutes, spacing_mm=spacing, start=start)
    if explain:
        table = Table("setting", "value", "why", title=f"{made.config.name}: about {made.seconds / 60:.0f} minutes")
        for reason in made.reasons:
            table.add_row(reason.setting, reason.value, reason.why)
        Console(stderr=out is None).print(table)
    if to_check:
        typer.echo(f"Give these cases the split validation before training: {', '.join(to_check)}.", err=True)
    if out is None:
        typer.echo(format_config(made.config), nl=False)
    else:
        write_plan(made.config, out)
        typer.echo(f"Wrote {out}. Train it with: cairn-train train {out}")


@commands.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Training configuration.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="RUN", help="Run folder; runs/<name of the configuration> if omitted."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue exactly where the run folder stands.")] = False,
    device: DeviceOption = "auto",
    devices: Annotated[
        int | None, typer.Option("--devices", min=1, help="Devices to use on this computer, a process for each.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option("--nodes", min=1, help="Computers that train together; see docs/training.md.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Threads per process that make batches ahead.")
    ] = None,
    data: DataOption = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="MODEL.pt", help="Go on from this model instead of from random weights."),
    ] = None,
) -> None:
    """Train all stages of a configuration. Ctrl-C stops after the current step and keeps everything."""
    from training.distribution.processes import find_placement, run_in_processes, speaks_for_all
    from training.run import train as run_training

    folder = out if out is not None else Path("runs") / config.stem
    try:
        placement = find_placement(devices, nodes)
        if placement.devices > 1 and not placement.started:
            arguments = ["train", str(config), "--out", str(folder), "--device", device]
            arguments += ["--resume"] * resume + ["--data", str(data)] * (data is not None)
            arguments += ["--workers", str(workers)] * (workers is not None)
            arguments += ["--from", str(start)] * (start is not None)
            raise typer.Exit(run_in_processes(placement, _follow, arguments))
        console = Console(stderr=True, quiet=placement.rank > 0)
        with progress(console) as bar:
            display = TrainingDisplay(console, bar)
            done = run_training(
                config,
                folder,
                resume=resume,
                device=device,
                data=data,
                workers=workers,
                placement=placement,
                start=start,
                on_step=display.step,
                on_loading=display.loading,
            )
    except AppError:
        if speaks_for_all():
            raise
        time.sleep(1.0)  # a launcher ends all as soon as one ends, and the one that speaks must have spoken
        raise typer.Exit(EXIT_BAD_INPUT) from None
    if not done:
        if placement.rank == 0:
            typer.echo(f"Stopped; continue with: cairn-train train {config} --out {folder} --resume", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    if placement.rank == 0:
        typer.echo(f"Trained. Export it with: cairn-train export {folder} MODEL.pt")


def _follow(arguments: list[str]) -> int:
    """Be one of several processes of a training; return the exit code."""
    return run_command_line(commands, "cairn-train", arguments)


@commands.command()
def export(
    run: RunFolder,
    model: Annotated[Path, typer.Argument(metavar="MODEL.pt", help="The model file to write.")],
    data: DataOption = None,
    stages: Annotated[
        int | None, typer.Option("--stages", min=1, help="Export only the first stages; 1 is the global stage alone.")
    ] = None,
    out_of_fold: Annotated[
        Path | None,
        typer.Option(
            "--out-of-fold", metavar="DIR", help="Cross-validation whose errors say how much each stage counts where."
        ),
    ] = None,
) -> None:
    """Write a trained run as one model file with calibrated radii, after checking that it does what the networks did."""
    from core.learning.checkpoints import read_checkpoint
    from core.learning.configuration import landmark_names, parse_config
    from core.learning.model_export import export_run
    from training.cross_validation.cross_validation import shares_of
    from training.datasets.reading import cases_of
    from training.run import CONFIG_NAME, root_of_run

    if model.suffix != ".pt":
        raise ConfigError(f"{model.name} does not end in .pt.", "Name the model file like MODEL.pt.")
    state = read_checkpoint(run)
    config = parse_config(state.config_text, CONFIG_NAME)
    root = root_of_run(state, config, run, data)
    validation, train = (cases_of(config, split, run, root) for split in ("validation", "train"))
    shares = [] if out_of_fold is None else shares_of(out_of_fold, config, landmark_names(config)[0])
    with progress(Console(stderr=True)) as bar:
        task = bar.add_task("Calibrating", note="")

        def calibrating(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        difference_mm = export_run(run, model, validation, stages, train=train, shares=shares, progress=calibrating)
    size_mb = model.stat().st_size / 1e6
    typer.echo(f"Wrote {model} ({size_mb:.1f} MB). Eager, scripted and reloaded agree within {difference_mm:.1e} mm.")


@commands.command()
def unfold(
    model: Annotated[Path, typer.Argument(metavar="MODEL.pt", help="A model file that cannot go on learning.")],
    config: Annotated[Path, typer.Option("--config", metavar="CONFIG.toml", help="What it was trained with.")],
    out: Annotated[Path, typer.Option("--out", metavar="MODEL.pt", help="The model file to write; may be the same.")],
    data: DataOption = None,
) -> None:
    """Give a model file that was exported without them the weights to go on learning from. It answers as before."""
    from training.unfold import unfold_model

    if out.suffix != ".pt":
        raise ConfigError(f"{out.name} does not end in .pt.", "Name the model file like MODEL.pt.")
    with progress(Console(stderr=True)) as bar:
        task = bar.add_task("Looking at training images", note="")
        done = unfold_model(model, config, out, data, lambda n, total: bar.update(task, completed=n, total=total))
    typer.echo(
        f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB) after looking at {done.cases} training images. "
        f"The weights to go on from answer within {done.difference_mm:.1e} mm of the model."
    )


@commands.command()
def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model file (.pt), or a folder of CSV files.")],
    split: Annotated[str, typer.Option("--split", help="train, validation, test1 (cephalometric) or test.")],
    data: DataOption = None,
    kind: Annotated[
        str, typer.Option("--kind", help="Data set: cephalometric, mouse-skull or list.")
    ] = "cephalometric",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Folder for report.html, with tables and figures.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="OTHER", help="Another model or CSV folder to compare with.")
    ] = None,
    images: Annotated[
        bool, typer.Option("--images/--no-images", help="Show parts of the images in the report, or none.")
    ] = True,
    spacing: Annotated[
        float | None, typer.Option("--spacing", min=1e-4, metavar="MM", help="Pixel size of listed images without one.")
    ] = None,
    rotated: Annotated[
        int | None, typer.Option("--rotated", metavar="SEED", help="Rotate every volume at random before localizing.")
    ] = None,
    within: Annotated[
        str, typer.Option("--within", metavar="MM,MM…", help="Distances of the success detection rates.")
    ] = "",
    device: DeviceOption = "auto",
) -> None:
    """Compare a model, or the CSV files that ``cairn localize`` wrote, with the truth of a data set."""
    from training.datasets.reading import usual_root
    from training.evaluation.metrics import parse_thresholds
    from training.report.evaluation_run import EvaluationRequest, run_evaluation
    from training.report.report import to_markdown

    if kind not in ("cephalometric", "mouse-skull", "list"):
        raise ConfigError(f"There is no kind of data set called {kind!r}.", "Use cephalometric, mouse-skull or list.")
    thresholds_mm = parse_thresholds(within or ("0.25,0.5,1,2" if kind == "mouse-skull" else "2,2.5,3,4"))
    request = EvaluationRequest(
        model,
        kind,  # type: ignore[arg-type]
        usual_root(kind, data),  # type: ignore[arg-type]
        split,
        thresholds_mm,
        spacing_mm=spacing,
        device=device,
        rotation_seed=rotated,
        against=against,
        report=report,
        images=images,
    )
    console = Console(stderr=True)
    with progress(console) as bar:
        task = bar.add_task("Localizing", total=1.0, note="")
        evaluation, page = run_evaluation(
            request, lambda done, doing, name: bar.update(task, completed=done, description=doing, note=name)
        )
    if page is not None:
        typer.echo(f"Wrote {page}, with the tables and figures beside it.", err=True)
    text = to_markdown(evaluation, thresholds_mm)
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        typer.echo(text)


@commands.command()
def ablate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Training configuration: the budget of all.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of all runs and tables.")],
    split: Annotated[
        str, typer.Option("--split", help="train, validation, test1 (cephalometric) or test.")
    ] = "validation",
    variants: Annotated[
        str, typer.Option("--variants", metavar="NAME,NAME…", help="Some of R, R_log, C, R+C, R_log+C, ED, SL and ML.")
    ] = "",
    single: Annotated[
        str, typer.Option("--single", metavar="NAME,NAME…", help="Landmarks that SL trains alone; all if omitted.")
    ] = "",
    data: DataOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Train the variants of the paper's ablation under one budget and compare them. Repeat the command to continue."""
    from core.learning.configuration import read_config
    from training.ablation.ablation import ablate as run_ablation
    from training.ablation.table import format_ablation, write_ablation
    from training.ablation.variants import parse_landmarks, parse_variants

    chosen, alone = parse_variants(variants), parse_landmarks(single, read_config(config)[0])
    console = Console(stderr=True)
    with progress(console) as bar:
        listener = SeriesDisplay(console, bar)
        results = run_ablation(
            config, out, split=split, variants=chosen, single=alone, device=device, data=data, listener=listener
        )
    if results is None:
        typer.echo("Stopped; continue with the same command.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    paths = write_ablation(results, out / split)
    typer.echo(f"Wrote {', '.join(str(path) for path in paths)}.", err=True)
    text = format_ablation(results)
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        typer.echo(text)


@commands.command()
def cross_validate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="Training configuration.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of all runs and tables.")],
    folds: Annotated[int, typer.Option("--folds", min=2, help="Parts that the cases are dealt to.")] = 5,
    only: Annotated[
        str, typer.Option("--only", metavar="N,N…", help="Folds to do now, such as 1; all if omitted.")
    ] = "",
    within: Annotated[
        str, typer.Option("--within", metavar="MM,MM…", help="Distances of the success detection rates.")
    ] = "2,2.5,3,4",
    data: DataOption = None,
    device: DeviceOption = "auto",
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Threads that make batches ahead.")] = None,
) -> None:
    """Train without each part of the training and validation cases, and tell the errors there. Repeat it to continue."""
    from training.cross_validation.cross_validation import cross_validate as run_cross_validation
    from training.cross_validation.table import format_cross_validation, write_cross_validation
    from training.evaluation.metrics import parse_thresholds

    thresholds_mm = parse_thresholds(within)
    console = Console(stderr=True)
    with progress(console) as bar:
        results = run_cross_validation(
            config,
            out,
            listener=SeriesDisplay(console, bar),
            folds=folds,
            only=only,
            device=device,
            data=data,
            workers=workers,
        )
    if results is None:
        typer.echo("Stopped; continue with the same command.", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)
    path = write_cross_validation(results, out, thresholds_mm)
    typer.echo(f"Wrote {path}, with all answers beside it.", err=True)
    text = format_cross_validation(results, thresholds_mm)
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        typer.echo(text)


@commands.command()
def info(run: RunFolder) -> None:
    """Show how far a training is and what its stages reach on the validation cases."""
    import numpy as np

    from core.learning.checkpoints import read_checkpoint
    from core.learning.configuration import parse_config
    from training.run import CONFIG_NAME

    state = read_checkpoint(run)
    config = parse_config(state.config_text, CONFIG_NAME)
    table = Table("stage", "spacing, mm", "crop", "iterations", "mean error, mm", "median, mm", title=config.name)
    for number in range(1 + len(config.local_stages)):
        stage = config.stage(number)
        done = (
            stage.optimisation.iterations if number < state.stage else state.iteration if number == state.stage else 0
        )
        errors = np.asarray(state.errors_mm[number]) if number < len(state.errors_mm) else np.empty(0)
        crop = "whole image" if number == 0 else str(state.crops[number - 1]) if number <= len(state.crops) else ""
        figures = [f"{np.nanmean(errors):.3f}", f"{np.nanmedian(errors):.3f}"] if errors.size else ["", ""]
        name = "global" if number == 0 else f"local {number}"
        table.add_row(name, f"{stage.spacing_mm:g}", crop, f"{done} of {stage.optimisation.iterations}", *figures)
    Console().print(table)


def main() -> NoReturn:
    """Run ``cairn-train`` with the arguments of this process."""
    sys.exit(run_command_line(commands, "cairn-train", sys.argv[1:]))


if __name__ == "__main__":
    main()
