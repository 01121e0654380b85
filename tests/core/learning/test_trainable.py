"""Model files carry what going on from them needs, lose nothing by it, and are read within bounds whatever their bytes are."""

import io
import json
import re
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.base.errors import ConfigError, ModelFileError
from core.base.files import sha256_of
from core.learning.building import build_localizer, build_network
from core.learning.checkpoints import TrainingState
from core.learning.configuration import TrainingConfig, landmark_names, parse_config
from core.learning.model_export import learning_record, make_info
from core.learning.trainable import RECOVERED_WITHIN, add_learning, read_trainable
from core.models.export import export_localizer
from core.models.file import load_model
from core.models.learning_record import RECORD_NAME, WEIGHTS_NAME, LearningRecord, Lineage, read_learning_record
from tests.support.model_fixtures import write_tiny_model
from tests.support.training_fixtures import write_config

PARENT = Lineage(
    parent_sha256="ab" * 32, parent="phantom 0.9", cases=31, minutes=12.5, made="2026-03-04T05:06:07+00:00"
)


def learnt_state(folder: Path) -> tuple[TrainingConfig, TrainingState]:
    """Make the state of a training of all stages, with weights and statistics as if it had learnt."""
    text = write_config(folder, 5).read_text()
    config = parse_config(text, "config.toml")
    state = TrainingState(text, list(landmark_names(config)[0]), stage=2, crops=[16], presence_threshold=0.5)
    generator = torch.Generator().manual_seed(5)
    for stage in range(2):
        weights = build_network(config, stage, len(state.landmarks)).state_dict()
        for key, value in weights.items():
            if key.endswith((".1.weight", "running_var")):
                value.uniform_(0.5, 1.5, generator=generator)
            elif key.endswith((".1.bias", "running_mean")):
                value.normal_(0, 0.1, generator=generator)
        state.finished.append(weights)
    return config, state


def write_model(path: Path, config: TrainingConfig, state: TrainingState) -> Path:
    """Write the model file of a state, as an export does."""
    networks = [build_network(config, stage, len(state.landmarks), w) for stage, w in enumerate(state.finished)]
    localizer = build_localizer(config, networks, state.crops, offsets_mm=state.offsets_mm)
    info = make_info(state, config, localizer, 1.0, torch.zeros(1, len(state.landmarks)).numpy())
    voxels = torch.rand(60, 60, generator=torch.Generator().manual_seed(7))
    record = learning_record(state, 2, (), PARENT)
    export_localizer(
        localizer,
        info,
        path,
        [(voxels, torch.ones(2))],
        lambda file: add_learning(file, config, state.finished, record),
    )
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingConfig, TrainingState]:
    folder = tmp_path_factory.mktemp("made")
    config, state = learnt_state(folder)
    return write_model(folder / "phantom.pt", config, state), config, state


@pytest.fixture
def copied(made: tuple[Path, TrainingConfig, TrainingState], tmp_path: Path) -> Path:
    return Path(shutil.copy(made[0], tmp_path / "copy.pt"))


def test_all_comes_back(made: tuple[Path, TrainingConfig, TrainingState]) -> None:
    path, config, state = made
    found = read_trainable(path)
    assert (found.config, found.config_text, found.sha256) == (config, state.config_text, sha256_of(path))
    assert (list(found.landmarks), found.crops, found.shape_mm) == (state.landmarks, (16,), None)
    assert (found.presence_threshold, found.errors_mm, found.shares, found.lineage) == (0.5, [], (), PARENT)
    for expected, weights in zip(state.finished, found.finished, strict=True):
        assert list(weights) == list(expected)
        for key, value in weights.items():
            assert value.dtype == expected[key].dtype
            assert float((value - expected[key]).abs().max()) <= RECOVERED_WITHIN * float(expected[key].abs().max())


def test_another_definition_comes_back_and_is_gone_on_from(tmp_path: Path) -> None:
    config, state = learnt_state(tmp_path)
    state.offsets_mm = [[float(row), -1.0] for row in range(len(state.landmarks))]
    found = read_trainable(write_model(tmp_path / "moved.pt", config, state))
    assert found.offsets_mm == state.offsets_mm
    assert found.begun(state.config_text, config).offsets_mm == state.offsets_mm


def test_offsets_of_other_landmarks_are_refused(tmp_path: Path) -> None:
    config, state = learnt_state(tmp_path)
    path = write_model(tmp_path / "whole.pt", config, state)
    record = learning_record(replace(state, offsets_mm=[[1.0, 2.0, 3.0]]), 2, (), PARENT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.learning.trainable.read_learning_record", lambda _: record)
        with pytest.raises(ModelFileError, match="belongs to another network"):
            read_trainable(path)


def test_what_is_in_the_network_is_not_written_twice(made: tuple[Path, TrainingConfig, TrainingState]) -> None:
    path, _, state = made
    with zipfile.ZipFile(path) as archive:
        (extra,) = [item for item in archive.infolist() if item.filename.endswith(WEIGHTS_NAME)]
        parts = torch.load(io.BytesIO(archive.read(extra)), weights_only=True)
    convolutions = {key for weights in state.finished for key, value in weights.items() if value.dim() > 1}
    assert convolutions
    assert not convolutions & {key for part in parts for key in part}


def test_a_weight_that_its_normalisation_silences_is_kept_whole(tmp_path: Path) -> None:
    config, state = learnt_state(tmp_path)
    key = next(key for key in state.finished[1] if key.endswith(".0.weight"))
    state.finished[1][key.replace(".0.weight", ".1.weight")][0] = 0.0
    found = read_trainable(write_model(tmp_path / "silent.pt", config, state))
    assert torch.equal(found.finished[1][key], state.finished[1][key])


def test_errors_come_back_with_their_gaps(tmp_path: Path) -> None:
    config, state = learnt_state(tmp_path)
    state.errors_mm = [[[1.0, float("nan")]], [[0.5, float("inf")]]]
    found = read_trainable(write_model(tmp_path / "phantom.pt", config, state)).errors_mm
    assert found[0][0][0] == 1.0
    assert found[0][0][1] != found[0][0][1]
    assert found[1][0][0] == 0.5


def test_adding_it_changes_no_byte_of_what_was_there_and_no_answer(tmp_path: Path) -> None:
    config, state = learnt_state(tmp_path)
    path = write_model(tmp_path / "phantom.pt", config, state)
    plain = tmp_path / "plain.pt"
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(plain, "w") as kept:
        for item in whole.infolist():
            if not item.filename.endswith((RECORD_NAME, WEIGHTS_NAME)):
                kept.writestr(item, whole.read(item))
    before = plain.read_bytes()
    start = zipfile.ZipFile(plain).start_dir
    add_learning(plain, config, state.finished, learning_record(state, 2, (), PARENT))
    assert plain.read_bytes()[:start] == before[:start]
    assert read_trainable(plain).lineage == PARENT
    voxels, spacing = torch.rand(50, 70), torch.ones(2)
    answers = [load_model(file).module(voxels, spacing).points_index for file in (path, plain)]
    assert torch.equal(*answers)
    with pytest.raises(ModelFileError, match="cannot be put into it"):
        add_learning(plain, config, state.finished, learning_record(state, 2, (), PARENT))


def test_an_old_file_says_that_it_cannot_go_on_learning(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "old.pt")
    assert read_learning_record(path) is None
    with pytest.raises(ModelFileError, match=r"tiny 0\.1 cannot go on learning, since") as caught:
        read_trainable(path)
    assert "scratch" in caught.value.hint


def test_it_begins_with_its_weights_and_refuses_other_landmarks(
    made: tuple[Path, TrainingConfig, TrainingState],
) -> None:
    model = read_trainable(made[0])
    begun = model.begun(model.config_text, model.config)
    assert (begun.crops, begun.parent, begun.parent_sha256) == ([16], "phantom 1.0", model.sha256)
    assert [list(weights) for weights in begun.initial] == [list(weights) for weights in model.finished]
    stages = {crop: model.config.local_stages[0].model_copy(update={"crop": crop}) for crop in ("auto", 24)}
    for crop, side in (("auto", 16), (24, 24)):
        config = model.config.model_copy(update={"local_stages": (stages[crop],)})
        assert model.begun("", config).crops == [side]
    names = model.landmarks
    for other, says in [
        ((*names, "nose"), "it lacks nose"),
        (names[:-1], f"it has {names[-1]} too"),
        (names[::-1], "another order"),
        (tuple(f"point {n}" for n in range(9)), "it lacks point 0, point 1, point 2 and 6 more"),
    ]:
        with pytest.raises(ConfigError, match=says):
            model.begun("", model.config.model_copy(update={"landmarks": other}))
    with pytest.raises(ConfigError, match="other stages"):
        model.begun("", model.config.model_copy(update={"local_stages": ()}))


def changed(path: Path, record: dict[str, Any] | None = None, weights: bytes | None = None) -> None:
    """Replace the extra files of a model file; ``record`` are changes to what it says."""
    with zipfile.ZipFile(path) as archive:
        members = {item.filename: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if record is not None and name.endswith(RECORD_NAME):
                content = json.dumps(json.loads(content) | record).encode()
            if weights is not None and name.endswith(WEIGHTS_NAME):
                content = weights
            archive.writestr(name, content)


def as_bytes(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def parts_of(path: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(WEIGHTS_NAME)]
        parts: list[dict[str, Any]] = torch.load(io.BytesIO(archive.read(name)), weights_only=True)
    return parts


def records_of(path: Path) -> list[dict[str, str]]:
    record = read_learning_record(path)
    assert record is not None
    return [dict(records) for records in record.records]


def refused(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_trainable(path)
    assert caught.value.hint
    return caught.value.message


def test_a_record_that_is_wrong_is_refused(copied: Path) -> None:
    config = read_trainable(copied).config_text
    many = config.replace("pairs = [1, 1]", "pairs = [1, 1000000000]")
    wide = config.replace("channels = [16, 32]", "channels = [16, 1000000000]")
    assert many != config != wide
    records = records_of(copied)
    first = next(iter(records[0]))
    for record, says in [
        ({"config_text": "x = ["}, "not valid TOML"),
        ({"config_text": ""}, "not a valid training configuration"),
        ({"config_text": many}, "another network"),
        ({"config_text": wide}, "another network"),
        (
            {"config_text": config.replace("ndim = 2", "ndim = 3").replace("[48, 48]", "[48]")},
            "3 sides|another network",
        ),
        ({"config_text": config.replace('landmarks = ["', 'landmarks = ["another", "')}, "another network"),
        ({"crops": []}, "every stage but the first"),
        ({"crops": [16, 16], "records": [*records, {}]}, "another network"),
        ({"mystery": 1}, "no key mystery"),
        ({"lineage": {"parent_sha256": "../x"}}, "parent_sha256"),
        ({"records": [records[0] | {first: "data/99999"}, records[1]]}, "another network"),
        ({"records": [records[0] | {first: "data.pkl"}, records[1]]}, "another network"),
        ({"records": [records[0] | {"trunk.9.weight": "data/1"}, records[1]]}, "another network"),
    ]:
        kept = copied.read_bytes()
        changed(copied, record)
        assert re.search(says, refused(copied)), record
        copied.write_bytes(kept)
    read_trainable(copied)


class Hostile:
    """Runs code where it is unpickled by whoever lets it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_weights_that_are_none_are_refused(copied: Path, tmp_path: Path) -> None:
    parts = parts_of(copied)
    key = next(key for key in parts[0] if key.endswith(".1.weight"))
    shape = parts[0][key].shape

    def with_other(value: object) -> bytes:
        return as_bytes([parts[0] | {key: value}, parts[1]])

    mark = tmp_path / "ran"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("archive/data.pkl", b" " * (64 << 20))
    hostile = {
        "code": with_other(Hostile(mark)),
        "no tensor": with_other("text"),
        "other shape": with_other(torch.ones(len(parts[0][key]) + 1)),
        "other type": with_other(torch.ones(shape, dtype=torch.float64)),
        "no numbers": with_other(torch.full(shape, float("nan"))),
        "larger than it is": with_other(torch.ones(1).expand(shape)),
        "sparse": with_other(torch.ones(shape).to_sparse()),
        "a key too many": as_bytes([parts[0] | {"more": torch.ones(1)}, parts[1]]),
        "a key too few": as_bytes([{}, parts[1]]),
        "a stage too few": as_bytes(parts[:1]),
        "no list": as_bytes({"a": 1}),
        "list of other things": as_bytes([1, 2]),
        "nothing": b"",
        "noise": b"\x00\xff" * 1000,
        "cut off": as_bytes(parts)[:5000],
        "a bomb": zipped.getvalue(),
    }
    whole = copied.read_bytes()
    tracemalloc.start()
    for name, weights in hostile.items():
        changed(copied, weights=weights)
        assert "damaged or belongs to another network" in refused(copied), name
        copied.write_bytes(whole)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not mark.exists()
    assert peak < 16 << 20


def test_a_record_that_unpacks_to_more_than_it_says_is_refused(copied: Path) -> None:
    changed(copied, record={"config_text": "#" * (40 << 20)})
    assert "larger than any model's" in refused(copied)


def test_a_compressed_tensor_is_refused(copied: Path) -> None:
    """Torch stores tensors as they are; what claims to unpack to one may be anything."""
    name = next(iter(records_of(copied)[0].values()))
    with zipfile.ZipFile(copied) as archive:
        members = {item.filename: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(copied, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content, zipfile.ZIP_DEFLATED if member.endswith(name) else zipfile.ZIP_STORED)
    assert "another network" in refused(copied)


def test_damaged_bytes_end_in_a_sentence(copied: Path) -> None:
    """Whatever a byte of the directory or of the extra files becomes, there is a model or a sentence."""
    data = copied.read_bytes()
    places = [data.index(b"learning.pt") + offset for offset in range(0, 4000, 457)]
    places += list(range(data.rindex(b"PK\x01\x02"), len(data), 41))
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 0x5A
        copied.write_bytes(damaged)
        with suppress(ModelFileError):
            read_trainable(copied)


def test_a_size_that_is_a_lie_is_refused(copied: Path) -> None:
    data = bytearray(copied.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"learning.pt"))
    struct.pack_into("<I", data, entry + 24, 0x7FFFFFF0)
    copied.write_bytes(data)
    assert refused(copied)


def test_reading_runs_no_code_of_the_file(made: tuple[Path, TrainingConfig, TrainingState]) -> None:
    """A model file from outside is trusted by a person before its network is loaded; this comes before."""
    script = """
        import sys, torch
        torch.jit.load = None
        from core.learning.trainable import read_trainable
        print(len(read_trainable(sys.argv[1]).finished))
    """
    lines = "\n".join(line.strip() for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines, str(made[0])],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == "2", done.stderr


def test_the_record_says_how_many_crops_it_needs() -> None:
    with pytest.raises(ValueError, match="every stage but the first has crops"):
        LearningRecord(config_text="", crops=(8, 8), records=({}, {}))
