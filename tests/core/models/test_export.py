"""Model files where they cannot be written: one sentence, and what was there before is still there."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.base.errors import ModelFileError
from tests.support.frozen_fixtures import ROOT
from tests.support.model_fixtures import write_tiny_model

pytestmark = pytest.mark.slow  # as a whole: each of them makes a model

FULL = """
import resource
import sys
from pathlib import Path
from core.base.errors import ModelFileError
from tests.support.model_fixtures import write_tiny_model

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))
try:
    write_tiny_model(Path(sys.argv[1]))
except ModelFileError as error:
    sys.stdout.write(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no process's files")
def test_on_a_full_disk_the_program_goes_on_and_the_model_before_is_kept(tmp_path: Path) -> None:
    """By itself torch ends the program there."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"the model before")
    done = subprocess.run([sys.executable, "-c", FULL, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"The model file {path} cannot be written (file too large). Choose a folder you may write to, or make room there."
    )
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]
    assert path.read_bytes() == b"the model before"


def test_where_there_is_no_room_to_try_the_model_it_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(self: Path, content: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(ModelFileError, match=r"process of its own \(no space left on device\), and was not written"):
        write_tiny_model(tmp_path / "model.pt")
    assert list(tmp_path.iterdir()) == []
