"""Whatever the bytes of a model file are, its metadata is read or refused in a sentence, within bounds."""

import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.base.errors import ModelFileError
from core.models.metadata import LARGEST_METADATA_BYTES, METADATA_NAME, ModelInfo, read_model_info
from tests.support.model_fixtures import make_tiny_info

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = make_tiny_info().model_dump_json().encode()


def archive(path: Path, text: bytes = TEXT, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive that holds metadata and little else."""
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr("tiny/version", "3")
        made.writestr(f"tiny/extra/{METADATA_NAME}", text)
    return path


def read_or_refused(path: Path) -> ModelInfo | None:
    with suppress(ModelFileError):
        return read_model_info(path)
    return None


def test_the_archive_itself_is_read(tmp_path: Path) -> None:
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert read_model_info(archive(tmp_path / f"{compression}.pt", compression=compression)) == make_tiny_info()


@FEW
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(archive(tmp_path / "whole.pt").read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    changed = tmp_path / "changed.pt"
    changed.write_bytes(data)
    read_or_refused(changed)


def test_every_bit_of_the_directory_and_the_headers(tmp_path: Path) -> None:
    """The structures of the archive, bit by bit: flags, methods of compression, sizes and offsets."""
    data = archive(tmp_path / "whole.pt").read_bytes()
    headers = range(data.index(b"PK\x03\x04", 4), data.index(b"PK\x03\x04", 4) + 60)
    directory = range(data.index(b"PK\x01\x02"), len(data))
    changed = tmp_path / "changed.pt"
    for place in (*headers, *directory):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            changed.write_bytes(damaged)
            read_or_refused(changed)


@FEW
@given(length=st.integers(0, 2_000))
def test_cut_off(tmp_path: Path, length: int) -> None:
    data = archive(tmp_path / "whole.pt").read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(data[: min(length, len(data) - 1)])
    assert read_or_refused(cut) is None


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (8, 1),  # encrypted: RuntimeError
        (8, 0x20),  # patched data: NotImplementedError
        (10, 99),  # an unknown method of compression: NotImplementedError
        (10, 14),  # LZMA over what is none
        (6, 255),  # made for a version that nobody knows
    ],
)
def test_what_zipfile_cannot_do_is_refused(tmp_path: Path, offset: int, value: int) -> None:
    path = archive(tmp_path / "odd.pt")
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    local = struct.unpack_from("<I", data, entry + 42)[0]
    struct.pack_into("<H", data, entry + offset, value)
    struct.pack_into("<H", data, local + offset - 2, value)
    path.write_bytes(data)
    assert read_or_refused(path) is None


def test_damaged_compressed_data_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad.pt")
    data = bytearray(path.read_bytes())
    name = f"tiny/extra/{METADATA_NAME}".encode()
    start = data.index(name) + len(name)
    data[start : start + 4] = b"\xff\xff\xff\xff"  # no block of deflate begins so: zlib.error
    path.write_bytes(data)
    assert read_or_refused(path) is None


@pytest.mark.parametrize("hidden", [False, True])
def test_a_bomb_is_not_unpacked(tmp_path: Path, hidden: bool) -> None:
    """Some ten kilobytes that would become many megabytes, whether the directory says so or hides it."""
    path = archive(tmp_path / "bomb.pt", b" " * (80 << 20))
    assert path.stat().st_size < 1 << 20
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 1000 if hidden else 80 << 20)
    path.write_bytes(data)
    tracemalloc.start()
    with pytest.raises(ModelFileError) as caught:
        read_model_info(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.hint
    assert peak < 4 * LARGEST_METADATA_BYTES


@pytest.mark.parametrize("declared", [10, LARGEST_METADATA_BYTES + 1, 0xFFFFFFF0])
def test_a_size_that_is_a_lie_is_refused(tmp_path: Path, declared: int) -> None:
    path = archive(tmp_path / "lie.pt", b" " * (8 << 20) if declared == 10 else TEXT)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, declared)
    path.write_bytes(data)
    assert read_or_refused(path) is None


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"schema_version": 3, "name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"schema_version": ' + b"9" * 100_000 + b"}",
        b"\xff\xfe\x00",
        b'"\\ud800"',
        b'{"schema_version": 3, "name": "\\ud800"}',
        b"null",
        b"NaN",
        b"",
    ],
)
def test_hostile_json_is_refused(tmp_path: Path, text: bytes) -> None:
    assert read_or_refused(archive(tmp_path / "deep.pt", text)) is None


@pytest.mark.parametrize(
    "error", [zlib.error("x"), EOFError(), MemoryError(), OverflowError(), UnicodeDecodeError("ascii", b"", 0, 1, "x")]
)
def test_whatever_unpacking_complains_of_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    path = archive(tmp_path / "any.pt")
    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    with pytest.raises(ModelFileError, match="not a model file") as caught:
        read_model_info(path)
    assert caught.value.hint


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    assert read_or_refused(tmp_path) is None


def test_the_metadata_of_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = archive(tmp_path / "tiny.pt"), []
    original = zipfile.ZipFile.__init__

    def counted(self: zipfile.ZipFile, *given: object, **named: object) -> None:
        opened.append(given)
        original(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert read_model_info(path) is read_model_info(str(path))
    assert len(opened) == 1
    monkeypatch.undo()
    changed = make_tiny_info().model_copy(update={"version": "0.2-beta"})
    archive(path, changed.model_dump_json().encode())
    assert read_model_info(path).version == "0.2-beta"
    path.unlink()
    with pytest.raises(ModelFileError, match="There is no model file"):
        read_model_info(path)


def test_a_file_that_was_refused_is_read_again(tmp_path: Path) -> None:
    path = archive(tmp_path / "tiny.pt", b"{}")
    assert read_or_refused(path) is None
    archive(path)
    assert read_or_refused(path) == make_tiny_info()
