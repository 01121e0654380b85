"""Learning as in the frozen application: without what is left out, and with the sources that are collected and no others."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest
import torch

from core.base.errors import ModelFileError
from core.models.export import export_localizer
from core.models.fresh_run import ARGUMENT
from tests.support.frozen_fixtures import ROOT, import_script
from tests.support.model_fixtures import make_tiny_info, make_tiny_localizer, write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: each of them starts processes that load torch

ENTRY = ROOT / "packaging" / "frozen" / "cairn_entry.py"
contents = import_script("frozen.contents")
cairn_entry = import_script("frozen.cairn_entry")


def run_code(code: str, tmp_path: Path, *arguments: str, surrounded: bool = True) -> str:
    """Run ``code`` in surroundings like those of the frozen application, or in plain ones; return what it says."""
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    through = ["-m", "tests.support.frozen_surroundings"] if surrounded else []
    done = subprocess.run(
        [sys.executable, *through, str(script), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LEARN = """
import sys
from pathlib import Path
import torch
from core.learning.checkpoints import TrainingState, read_checkpoint
from core.learning.configuration import landmark_names, read_config
from core.learning.model_export import localizer_of
from core.learning.trainer import Trainer
from tests.support.training_fixtures import phantom_cases, write_config

folder = Path(sys.argv[1])
folder.mkdir()
path = write_config(folder, 4)
config = read_config(path)[0]
cases = phantom_cases(3)
state = TrainingState(path.read_text(), list(landmark_names(config)[0]))
assert Trainer(config, state, folder, cases[:2], cases[2:]).fit()
localizer_of(read_checkpoint(folder), config)
compiler = sys.modules["torch._dynamo"].__file__
left_out = [name for name in ("sympy", "scipy", "lightning_fabric", "tensorboard", "jinja2") if name in sys.modules]
sys.stdout.write(f"{Path(compiler).name} {left_out}")
"""


def test_a_network_learns_the_same_without_what_is_left_out(tmp_path: Path) -> None:
    assert run_code(LEARN, tmp_path, str(tmp_path / "frozen")) == "torch_dynamo.py []"
    with_compiler = run_code(LEARN, tmp_path, str(tmp_path / "plain"), surrounded=False)
    assert with_compiler.startswith("__init__.py")
    states = [torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("frozen", "plain")]
    assert states[0]["errors_mm"] == states[1]["errors_mm"]
    for found, expected in zip(states[0]["finished"], states[1]["finished"], strict=True):
        assert all(torch.equal(found[key], expected[key]) for key in expected)


COURSE = """
import sys
from app.commands.self_test_learning import check_learning
sys.stdout.write(check_learning())
"""


def test_a_course_of_learning_needs_nothing_that_is_left_out(tmp_path: Path) -> None:
    """The plan, the measured pace, the training, the calibration and the model file: what ``cairn learn`` goes through."""
    assert run_code(COURSE, tmp_path).startswith("4 landmarks from 12 phantoms, ")


IMPORT = """
import importlib
import pkgutil
import sys
import core.learning
for module in pkgutil.iter_modules(core.learning.__path__, "core.learning."):
    importlib.import_module(module.name)
sys.stdout.write(str("core.learning.trainer" in sys.modules))
"""


def test_every_module_of_learning_can_be_imported_without_what_is_left_out(tmp_path: Path) -> None:
    assert run_code(IMPORT, tmp_path) == "True"


WINDOW = """
import sys
import app.commands.self_test
import app.window.viewer
sys.stdout.write(str(sorted({"torch", "app.window.main_window"} & set(sys.modules))))
"""


def test_the_window_does_not_wait_for_torch(tmp_path: Path) -> None:
    assert run_code(WINDOW, tmp_path) == "['app.window.main_window']"


SCRIPT = """
import sys
from pathlib import Path
import torch
from core.learning.building import build_localizer, build_network
from core.learning.configuration import landmark_names, parse_config
from core.method.calibration import Calibration
from core.method.layers import fold_normalisation
from core.models.file import torchscript_allowed

for path in sorted(Path("training/presets").glob("*.toml")):
    config = parse_config(path.read_text(encoding="utf-8"), path.name)
    landmarks = len(landmark_names(config)[0])
    networks = [build_network(config, stage, landmarks) for stage in range(1 + len(config.local_stages))]
    posed = any(map(config.in_mean_pose, range(len(networks))))
    shape_mm = torch.rand(landmarks, config.ndim).tolist() if posed else None
    crops = [32] * len(config.local_stages)
    localizer = build_localizer(config, networks, crops, shape_mm, Calibration(torch.ones(landmarks)))
    fold_normalisation(localizer)
    with torchscript_allowed():
        torch.jit.script(localizer)
    sys.stdout.write(path.stem + "\\n")
"""


def test_the_sources_of_all_that_a_localizer_is_made_of_are_collected(tmp_path: Path) -> None:
    """Of each preset: with poses and without, both kinds of network, 2D and 3D."""
    expected = sorted(path.stem for path in (ROOT / "training" / "presets").glob("*.toml"))
    assert sorted(run_code(SCRIPT, tmp_path).split()) == expected


def test_a_source_that_is_not_collected_is_missed(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    code = """
import inspect
import sys
from torch.nn.modules.conv import Conv2d
from torch.optim.adam import Adam
inspect.getsource(Conv2d.forward)
try:
    inspect.getsource(Adam.step)
except OSError:
    sys.stdout.write("missed")
"""
    assert run_code(code, tmp_path) == "missed"


def test_modules_inherit_from_their_packages_whether_their_source_is_kept() -> None:
    modes = {"torch": "pyz", "torch.nn.modules": "pyz+py", "core.method": "pyz+py"}
    kept = [name for name in ("torch.nn.modules.conv", "core.method") if contents.keeps_source(name, modes)]
    gone = [name for name in ("torch", "torch.nn", "torch.nn.modules2", "core") if contents.keeps_source(name, modes)]
    assert (kept, gone) == (["torch.nn.modules.conv", "core.method"], [])


def test_the_frozen_application_checks_a_model_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs no scripts, so it starts itself; here Python stands in for it."""
    program = tmp_path / "cairn"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ENTRY}" "$@"\n')
    program.chmod(0o755)
    started: list[list[str]] = []
    real = subprocess.run
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(subprocess, "run", lambda command, **how: started.append(command) or real(command, **how))
    write_tiny_model(tmp_path / "model.pt")
    assert (tmp_path / "model.pt").is_file()
    ((first, second, *_),) = started
    assert (first, second) == (str(program), cairn_entry.RUN_MODEL_AFRESH)


def test_entry_and_export_mean_the_same_argument() -> None:
    assert cairn_entry.RUN_MODEL_AFRESH == ARGUMENT


def test_a_model_that_does_not_run_afresh_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.jit.save

    def damaged(module: object, stream: BinaryIO, **extra: object) -> None:
        whole = io.BytesIO()
        real(module, whole, **extra)
        stream.write(whole.getvalue()[:200])

    monkeypatch.setattr(torch.jit, "save", damaged)
    cases = [(torch.rand(40, 40), torch.full((2,), 0.5))]
    with pytest.raises(ModelFileError, match=r"does not run in a fresh process \(RuntimeError: "):
        export_localizer(make_tiny_localizer(), make_tiny_info(), tmp_path / "model.pt", cases)
    assert list(tmp_path.iterdir()) == []
