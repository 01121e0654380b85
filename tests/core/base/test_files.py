import errno
import os
import stat
from pathlib import Path

import pytest

from core.base.files import reason_of, sha256_of, written_whole


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scan.nii.gz"
    with written_whole(path) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.name.endswith(".nii.gz")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")

    def write_half() -> None:
        with written_whole(path) as temporary:
            temporary.write_bytes(b"ne")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_only_when_asked_to_keep_it_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left") as caught, written_whole(path) as temporary:
        temporary.write_bytes(b"new")
    assert reason_of(caught.value) == "no space left on device"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_permissions_of_the_old_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.touch()
    path.chmod(0o640)
    with written_whole(path) as temporary:
        temporary.write_bytes(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("there", [True, False])
def test_writing_through_a_link_writes_its_target_and_keeps_the_link(tmp_path: Path, *, there: bool) -> None:
    target, link = tmp_path / "shared" / "table.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    if there:
        target.write_bytes(b"old")
    try:
        link.symlink_to(Path("shared") / "table.csv")
    except OSError:
        pytest.skip("this system lets nobody make links")
    with written_whole(link) as temporary:
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link.csv", "shared", "table.csv"]


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file").startswith("ba7816bf8f01cfea")
