"""Cairn beside two heatmap networks of ``landmarker``: same images, same time to train, same computer, same evaluator.

    PYTHONPATH=. .venv-peers/bin/python tests/benchmarks/bench_peers.py --minutes 20 --threads 1 --methods scn,unet,cairn \
        --split test1 --data ../shared/data/cephalometric --out DIR [--resume]

``landmarker`` is no dependency of Cairn, so it gets an environment of its own (docs/peers.md says what is compared, and how):

    python -m venv .venv-peers
    .venv-peers/bin/pip install "torch==2.13.0" "scipy<1.16" -e ".[train]"
    .venv-peers/bin/pip install --no-deps "landmarker==0.4.1" "monai==1.6.1"

Every method is trained on its own and its result kept at once, so that ``--resume`` goes on behind the last finished one. Exit
code 2 where the input is wrong, 130 after Ctrl-C.
"""

import argparse
import json
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import torch

from core.base.errors import AppError, ConfigError
from core.base.files import reason_of, written_whole
from core.learning.building import build_normalisation
from core.learning.cases import Case
from core.learning.configuration import config_sha256, read_config
from core.learning.device import PlainDevice, choose_precision
from core.learning.prepared_cases import prepare_cases
from core.models.file import load_model
from core.models.inference import localize
from core.values.grid import FloatArray
from core.values.image import Image
from tests.benchmarks.peers.cairn_training import MODEL_NAME, CairnTraining
from tests.benchmarks.peers.comparison import TITLES, MethodResult, to_markdown, with_ratios
from tests.benchmarks.peers.inference_timing import Find, landmark_folder, localize_in_turn
from tests.benchmarks.peers.letterbox import SquareCase, square_case
from tests.benchmarks.peers.record import TrainingRecord, read_record, write_json, write_record
from training.datasets.reading import default_root, read_cases
from training.evaluation.evaluation import evaluate_csv_folder

PRESET = Path(__file__).resolve().parents[2] / "training" / "presets" / "cephalometric.toml"
SETTINGS_NAME, INFERENCE_NAME, JSON_NAME, TABLE_NAME = "settings.json", "inference.json", "peers.json", "peers.md"

MISSING_NOTES = (
    "landmarker.data and landmarker.transforms.images need torchvision and are not used: Cairn reads the images, and torch "
    "pads and resizes them to 512 × 512 as landmarker does through torchvision.\n"
    "The U-Net of the recipe is segmentation_models_pytorch's, which needs torchvision too, and starts from ImageNet weights; "
    "here it is MONAI's FlexibleUNet of the same sizes, from random weights."
).splitlines()
"""What of the packages could not be had without torchvision: on PyPI it comes for a torch with CUDA only."""


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    minutes: float
    threads: int
    methods: tuple[str, ...]
    split: str
    out: Path
    data: Path
    preset: Path
    limit_images: int | None
    seed: int
    resume: bool

    def cases(self, split: str) -> tuple[Case, ...]:
        """Return the cases of a split, the first ones where only some are wanted."""
        return read_cases("cephalometric", self.data, split)[: self.limit_images]

    def settings(self) -> dict[str, object]:
        """Return what must be the same in a resumed run, for the trainings to be comparable."""
        digest = config_sha256(read_config(self.preset)[1])
        keys = ("minutes", "threads", "limit_images", "seed")
        return {key: getattr(self, key) for key in keys} | {"preset_sha256": digest}


class Comparison:
    """One comparison and its folder."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.config, _ = read_config(options.preset)
        self.precision = choose_precision(self.config.precision, "cpu")
        self._square: dict[str, list[SquareCase]] = {}

    def run(self) -> None:
        """Train what is not trained yet, find the landmarks of the split with all methods, and write the table."""
        options = self.options
        self._begin()
        for name in options.methods:
            if read_record(options.out / name) is not None:
                say(f"{TITLES[name]} was trained before")
            else:
                train = self._train_cairn if name == "cairn" else partial(self._train_peer, name)
                write_record(train(), options.out / name)
        self._square.clear()
        cases = options.cases(options.split)
        elapsed_s = self._inference(cases)
        results = []
        for name in options.methods:
            record = read_record(options.out / name)
            assert record is not None
            evaluation = evaluate_csv_folder(landmark_folder(options.out, name), cases)
            results.append(MethodResult(name, record, evaluation, elapsed_s[name]))
        figures = with_ratios([result.figures() for result in results])
        notes = self._notes(len(cases), [result.record for result in results])
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        table = to_markdown(figures, notes)
        write_json(
            {"methods": figures, "settings": options.settings(), "notes": notes, "last_run_peak_gb": peak_gb},
            options.out / JSON_NAME,
        )
        with written_whole(options.out / TABLE_NAME) as temporary:
            temporary.write_text(table, encoding="utf-8")
        say(
            f"\n{table}\nThis run held {peak_gb:.1f} GB of memory at most. Written to {options.out / TABLE_NAME} and {JSON_NAME}."
        )

    def _begin(self) -> None:
        """Make the folder, or check that what is in it goes with the options."""
        path, settings = self.options.out / SETTINGS_NAME, self.options.settings()
        self.options.cases("train")  # a wrong --data must leave no folder behind
        if not path.exists():
            try:
                write_json(settings, path)
            except OSError as error:
                raise ConfigError(
                    f"The folder {self.options.out} cannot be written to ({reason_of(error)}).", "Choose another --out."
                ) from error
        elif not self.options.resume:
            raise ConfigError(
                f"{self.options.out} holds a comparison already.", "Add --resume, or choose another --out."
            )
        elif json.loads(path.read_text(encoding="utf-8")) != settings:
            raise ConfigError(
                f"The comparison in {self.options.out} was begun with other settings.",
                "Repeat them, or choose another --out.",
            )

    def _train_peer(self, name: str) -> TrainingRecord:
        from tests.benchmarks.peers.heatmap_peers import PEERS
        from tests.benchmarks.peers.peer_training import PeerTraining

        options = self.options
        if not self._square:
            say("Reading the images for the heatmap networks")
            for split in ("train", "validation"):
                self._square[split] = [square_case(case) for case in options.cases(split)]
        train, validation = self._square["train"], self._square["validation"]
        torch.manual_seed(options.seed)
        peer = PEERS[name](len(train[0].points_index))
        half = self.precision == "bf16-mixed"
        say(f"Training {TITLES[name]} for {options.minutes:g} min")
        training = PeerTraining(
            peer, train, validation, budget_s=60 * options.minutes, seed=options.seed, half=half, say=say
        )
        return training.run(options.out / name)

    def _train_cairn(self) -> TrainingRecord:
        options = self.options
        say("Reading the images for Cairn")
        normalisation = build_normalisation(self.config)
        train, validation = (prepare_cases(options.cases(split), normalisation) for split in ("train", "validation"))
        config = self.config.model_copy(update={"seed": options.seed})
        device = PlainDevice("cpu", self.precision)
        say(f"Training {TITLES['cairn']} for {options.minutes:g} min")
        training = CairnTraining(config, train, validation, device=device, budget_s=60 * options.minutes, say=say)
        return training.run(options.out / "cairn")

    def _inference(self, cases: Sequence[Case]) -> dict[str, list[float]]:
        """Find the landmarks with all methods in turn, unless just that was done before."""
        options, path = self.options, self.options.out / INFERENCE_NAME
        done = {"split": options.split, "cases": [case.name for case in cases], "methods": list(options.methods)}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if {key: kept[key] for key in done} == done:
                return dict(kept["elapsed_s"])
        say(f"Finding the landmarks of {len(cases)} images with all methods in turn")
        finders = {name: self._finder(name, len(cases[0].landmarks)) for name in options.methods}
        elapsed_s = localize_in_turn(finders, cases, options.out, say)
        write_json(done | {"elapsed_s": elapsed_s}, path)
        return elapsed_s

    def _finder(self, name: str, landmarks: int) -> Find:
        """Return the trained method."""
        if name == "cairn":
            model = load_model(self.options.out / name / MODEL_NAME)

            def find(image: Image) -> FloatArray:
                return localize(image, model, device="cpu").landmarks.points_mm

            return find
        from tests.benchmarks.peers.heatmap_peers import PEERS
        from tests.benchmarks.peers.peer_training import load_weights

        peer = PEERS[name](landmarks)
        load_weights(peer, self.options.out / name)
        return peer.localize_mm

    def _notes(self, images: int, records: Sequence[TrainingRecord]) -> list[str]:
        """Say beside the table how it came about, and what could not be had."""
        options = self.options
        threads = f"{options.threads} thread{'s' if options.threads > 1 else ''}"
        counts = {split: len(options.cases(split)) for split in ("train", "validation")}
        packages = ", ".join(f"{name} {_version(name)}" for name in ("torch", "landmarker", "monai"))
        notes = (
            f"Training: {options.minutes:g} min each on {threads}, and one more that makes batches, once the images were in "
            f"memory; {counts['train']} images, weights chosen on {counts['validation']} others; precision {self.precision}; "
            f"seed {options.seed}.\n"
            f"Test: {images} images of the split {options.split}, truth is the mean of both observers. Seconds are from "
            f"decoded pixels to mm, in float32 on {threads}, the methods in turn image by image; the ratio is between medians.\n"
            f"{packages}."
        ).splitlines()
        if set(options.methods) != {"cairn"}:
            notes += MISSING_NOTES
        pairs = zip(options.methods, records, strict=True)
        return notes + [f"{TITLES[name]}: {record.note}." for name, record in pairs if record.note]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in TITLES]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no method {', '.join(unknown)}; use some of {', '.join(TITLES)}")
    return names


def _positive(kind: Callable[[str], float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    return number


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Cairn beside the heatmap networks of landmarker.")
    parser.add_argument("--minutes", type=_positive(float), default=20.0, help="wall time to train each method")
    parser.add_argument(
        "--threads", type=_positive(int), default=1, help="of the processor, for training and inference"
    )
    parser.add_argument("--methods", type=_methods, default=tuple(TITLES), help="some of scn,unet,cairn")
    parser.add_argument("--split", choices=("validation", "test1"), default="test1", help="images to evaluate on")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything that is kept")
    parser.add_argument("--data", type=Path, default=default_root("cephalometric"), help="the challenge's folder")
    parser.add_argument("--preset", type=Path, default=PRESET, help="configuration of Cairn's stages")
    parser.add_argument("--limit-images", type=_positive(int), help="only the first ones of each split, for a trial")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on in a folder that was begun before")
    return Options(**vars(parser.parse_args(arguments)))


def main() -> int:
    """Run the comparison; return the exit code."""
    options = parse_options()
    torch.set_num_threads(options.threads)
    # Moments of optimisers decay into denormal numbers, with which a CPU computes several times slower.
    torch.set_flush_denormal(True)
    try:
        if set(options.methods) != {"cairn"} and not (find_spec("landmarker") and find_spec("monai")):
            raise ConfigError(
                "landmarker or monai is not installed.", "Make the environment that docs/peers.md describes."
            )
        Comparison(options).run()
    except AppError as error:
        sys.stderr.write(f"bench_peers: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bench_peers: interrupted; --resume goes on behind the last finished method.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
