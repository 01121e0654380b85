"""Checkpoints where they cannot be written: one sentence, and the one before is still whole."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.base.errors import SavingError
from core.learning.checkpoints import CHECKPOINT_NAME, TrainingState, read_checkpoint, write_checkpoint

FULL = """
import resource
import sys
from pathlib import Path
import torch
from core.base.errors import SavingError
from core.learning.checkpoints import TrainingState, write_checkpoint

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # as a quota has it
state = TrainingState("", ["a"], iteration=2, best={"weight": torch.rand(1 << 20)})
try:
    write_checkpoint(state, Path(sys.argv[1]))
except SavingError as error:
    sys.stdout.write(str(error))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no process's files")
def test_where_the_disk_is_full_the_checkpoint_before_is_kept(tmp_path: Path) -> None:
    write_checkpoint(TrainingState("", ["a"], iteration=1), tmp_path)
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"What was learnt so far cannot be saved in {tmp_path}: file too large. Make room there, or see that it can be "
        "written to, and start again: it goes on from what was saved before."
    )
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_NAME]
    assert read_checkpoint(tmp_path).iteration == 1


def test_a_folder_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SavingError, match=r"cannot be saved in .*file: (file exists|not a directory)\. Make room"):
        write_checkpoint(TrainingState("", ["a"], best={"weight": torch.ones(3)}), tmp_path / "file")
