"""The reader of TensorFlow checkpoints: recorded ones, beside TensorFlow's own reader, made ones, and damage."""

import errno
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from helpers import tensor_bundle, tensorflow_digests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vatt_edu.errors import UserError
from vatt_edu.interop.tensorflow_checkpoint import TensorFlowCheckpoint, find_prefix

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
LARGEST = b"\x08" + b"\xff" * 9 + b"\x01"  # a dimension of 2**64 - 1


def folders(golden_dir: Path) -> list[Path]:
    checkpoints = sorted(path for path in golden_dir.glob("*_ckpt") if path.is_dir())
    if not checkpoints:
        pytest.skip(f"{golden_dir} holds no checkpoint")
    return checkpoints


@pytest.fixture
def prefix(golden_dir: Path, tmp_path: Path) -> Path:
    """A recorded checkpoint, to be damaged."""
    return find_prefix(Path(shutil.copytree(folders(golden_dir)[-1], tmp_path / "copy")))


@pytest.fixture
def made(tmp_path: Path) -> dict[str, np.ndarray]:
    """A checkpoint of five files under ``tmp_path / "many"``."""
    random = np.random.default_rng(0)
    tensors = {f"model/layer/{n}/kernel{SUFFIX}": random.normal(size=(n, 3)).astype(np.float32) for n in range(50)}
    tensors |= {f"kind/{kind}": np.array([[1, 0, 1]]).astype(kind) for kind in tensor_bundle.TYPES}
    tensors["scalar"] = np.array(-7, np.int64)
    tensor_bundle.write(tmp_path / "many", tensors, shards=5)
    return tensors


def read(path: Path, key: str | None = None) -> None:
    """All tensors of a checkpoint, or one."""
    checkpoint = TensorFlowCheckpoint(path)
    for name in checkpoint if key is None else [key]:
        if checkpoint.entries[name].kind != 7:
            checkpoint[name]


def complaint(path: Path, key: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read(path, key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_recorded_tensors_are_read(golden_dir: Path) -> None:
    for folder in folders(golden_dir):
        checkpoint = TensorFlowCheckpoint(folder)
        assert set(checkpoint) == set(np.load(folder / "expected.npz")["all_keys"].tolist())
        with np.load(folder / "tensors.npz") as official:
            assert len(official.files) > 20
            for name in official.files:
                tensor = checkpoint[name if name in checkpoint else name + SUFFIX]
                assert tensor.dtype == official[name].dtype
                assert tensor.shape == official[name].shape
                assert (tensor == official[name]).all()
        slots = [key for key in checkpoint if ".OPTIMIZER_SLOT" in key]
        assert all(np.isfinite(checkpoint[key]).all() for key in slots)
        assert slots


def test_tensorflow_reads_the_same(golden_dir: Path) -> None:
    """Every tensor of the recorded checkpoints, as ``tests/helpers/tensorflow_digests.py`` had it from TensorFlow."""
    record = json.loads(tensorflow_digests.RECORD.read_text())["checkpoints"]
    assert set(record) == {folder.name for folder in folders(golden_dir)}
    for folder in folders(golden_dir):
        ours = TensorFlowCheckpoint(folder)
        numbers = {key: ours[key] for key, entry in ours.entries.items() if entry.kind != 7}
        assert tensorflow_digests.digest(numbers) == record[folder.name]


def test_every_way_to_write_a_prefix(prefix: Path) -> None:
    folder, name = prefix.parent, prefix.name
    ways = [folder, folder / "checkpoint", prefix, folder / f"{name}.index", folder / f"{name}.", str(folder) + "/",
            *folder.glob(f"{name}.data-*")]  # fmt: skip
    assert len(ways) >= 7
    assert {find_prefix(Path(way)) for way in ways} == {prefix}
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "/another/machine/{name}"\n')
    assert find_prefix(folder) == prefix
    (folder / "checkpoint").unlink()
    assert find_prefix(folder) == prefix


def test_a_folder_of_several_needs_to_be_told_which(prefix: Path) -> None:
    folder, name = prefix.parent, prefix.name
    shutil.copyfile(f"{prefix}.index", folder / "other.index")
    assert find_prefix(folder) == prefix  # the file named checkpoint says so
    (folder / "checkpoint").write_text('model_checkpoint_path: "gone"\n')
    assert "names gone, which is not there" in complaint(folder)
    (folder / "checkpoint").write_text("?")
    assert "names no checkpoint" in complaint(folder)
    (folder / "checkpoint").unlink()
    assert f"holds 2 checkpoints ({name}, other)" in complaint(folder)


def test_the_only_checkpoint_is_meant_whatever_the_pointer_says(prefix: Path) -> None:
    """Renamed after it was written: there is no other that could be meant."""
    (prefix.parent / "checkpoint").write_text('model_checkpoint_path: "gone"\n')
    assert find_prefix(prefix.parent) == prefix


def test_a_file_that_cannot_be_read_is_named(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = TensorFlowCheckpoint(prefix)
    key = next(key for key, entry in checkpoint.entries.items() if entry.kind != 7)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(np, "fromfile", refuse)
    with pytest.raises(UserError, match=r"cannot read .*\.data-00000-of-0000\d \(Permission denied\)"):
        checkpoint[key]
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert f"cannot read {prefix}.index (Permission denied)" in complaint(prefix)


def test_what_is_not_there_is_named(prefix: Path, tmp_path: Path) -> None:
    assert f"there are: {prefix.name}" in complaint(prefix.with_name("ckpt-none"))
    assert f"no TensorFlow checkpoint {tmp_path / 'gone' / 'ckpt'}" in complaint(tmp_path / "gone" / "ckpt")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no .index file" in complaint(empty)
    data = sorted(prefix.parent.glob("*.data-*"))
    data[0].unlink()
    message = complaint(prefix)
    assert f"{data[0]} is missing" in message
    assert f"copy all {len(data)} data files" in message


def test_several_files_and_all_types(tmp_path: Path, made: dict[str, np.ndarray]) -> None:
    checkpoint = TensorFlowCheckpoint(tmp_path / "many")
    assert list(checkpoint) == sorted(made)
    for key, tensor in made.items():
        assert checkpoint[key].dtype == tensor.dtype
        assert checkpoint[key].shape == tensor.shape
        assert (checkpoint[key] == tensor).all()
    assert find_prefix(tmp_path / "many.data-00003-of-00005") == tmp_path / "many"
    checkpoint.check_files()
    last = tmp_path / "many.data-00003-of-00005"
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"many\.data-00003-of-00005 is cut off"):
        checkpoint.check_files()
    last.unlink()
    with pytest.raises(UserError, match=r"many\.data-00003-of-00005 is missing"):
        checkpoint.check_files()
    assert "many.data-00003-of-00005 is missing" in complaint(tmp_path / "many")
    with pytest.raises(KeyError):
        checkpoint["none"]
    assert "none" not in checkpoint
    assert f"model/layer/4/kernel{SUFFIX}" in checkpoint  # though a file is missing: asking reads nothing


@given(
    tensors=st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), st.lists(st.integers(0, 4), max_size=4)
    ),
    shards=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names_and_shapes(tmp_path: Path, tensors: dict[str, list[int]], shards: int) -> None:
    arrays = {key: np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for key, shape in tensors.items()}
    tensor_bundle.write(tmp_path / "any", arrays, shards)
    checkpoint = TensorFlowCheckpoint(tmp_path / "any")
    assert set(checkpoint) == set(arrays)
    assert all(
        checkpoint[key].shape == array.shape and (checkpoint[key] == array).all() for key, array in arrays.items()
    )


def test_damage_of_a_data_file_is_found(prefix: Path) -> None:
    entries = TensorFlowCheckpoint(prefix).entries
    key = max((key for key in entries if entries[key].kind != 7), key=lambda key: entries[key].offset)
    data = sorted(prefix.parent.glob("*.data-*"))[entries[key].shard]
    whole = data.read_bytes()
    end = entries[key].offset + entries[key].size
    data.write_bytes(whole[: end - 1])
    assert f"{data} is cut off" in complaint(prefix)
    data.write_bytes(b"")
    assert "is cut off" in complaint(prefix)
    data.write_bytes(whole[: end - 1] + bytes([whole[end - 1] ^ 1]) + whole[end:])
    message = complaint(prefix, key)
    assert f"{data} is damaged (checksum of {key})" in message
    assert "copy it again" in message


def test_damage_of_an_index_is_found(prefix: Path) -> None:
    index = Path(f"{prefix}.index")
    whole = index.read_bytes()
    for cut in (0, 10, 47, 48, len(whole) // 2, len(whole) - 1):
        index.write_bytes(whole[:cut])
        assert f"{index} is damaged or no index" in complaint(prefix)
    index.write_bytes(b"PK\x03\x04" * 40)
    assert "its end is not that of a table" in complaint(prefix)


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_flipped_bit_passes_unseen_or_unexplained(prefix: Path, place: int, bit: int) -> None:
    index = Path(f"{prefix}.index")
    whole = bytearray(index.read_bytes())
    before = TensorFlowCheckpoint(prefix).entries
    where = place % len(whole)
    flipped = whole.copy()
    flipped[where] ^= 1 << bit
    index.write_bytes(flipped)
    start, length, *_ = tensor_bundle.varints(bytes(whole[-48:]), 4)
    message, after = "", {}
    try:
        after = TensorFlowCheckpoint(prefix).entries
    except UserError as error:
        message = str(error)
    index.write_bytes(whole)
    # What may change unseen is not needed: the metaindex, where it lies, and what fills the footer.
    needless = start <= where < start + length + 5 or where >= len(whole) - 48
    assert (after == before and needless) or str(index) in message


@pytest.mark.parametrize(
    ("array", "changes", "message"),
    [
        (np.zeros(3, np.float32), {"kind": 7}, "is of TensorFlow's data type 7; only whole tensors of numbers"),
        (np.zeros(3, np.float32), {"kind": 2}, "contradicts itself about name"),
        (np.zeros(3, np.float32), {"extra": tensor_bundle.message(7, b"")}, "is stored in parts"),
        (np.zeros(3, np.float32), {"extra": tensor_bundle.number(3, 4)}, "contradicts itself about name"),
        (np.zeros(3, np.float32), {"extra": tensor_bundle.number(4, 1 << 60)}, "is cut off"),
        (np.zeros(3, np.float32), {"extra": tensor_bundle.message(2, b"\xff")}, "a number has no end"),
        (np.zeros(3, np.float32), {"extra": b"\x0b"}, "a field of an unknown kind"),
        (np.zeros(3, np.float32), {"extra": tensor_bundle.message(2, tensor_bundle.message(2, LARGEST))},
         "the shape of a tensor"),
    ],
)  # fmt: skip
def test_a_hostile_entry_is_refused(tmp_path: Path, array: np.ndarray, changes: dict, message: str) -> None:
    entries = [(b"", tensor_bundle.number(1, 1)), (b"name", tensor_bundle.entry(array, 0, 0, **changes))]
    (tmp_path / "bad.index").write_bytes(tensor_bundle.table(entries))
    (tmp_path / "bad.data-00000-of-00001").write_bytes(array.tobytes())
    with pytest.raises(UserError, match=message):
        TensorFlowCheckpoint(tmp_path / "bad")["name"]


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    """As protocol buffers do: a field that the reader does not know changes nothing, whatever its type."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    later = tensor_bundle.number(9, 5) + tensor_bundle.message(10, b"text")
    later += tensor_bundle.varint(11 << 3 | 1) + bytes(8) + tensor_bundle.varint(12 << 3 | 5) + bytes(4)
    entries = [(b"", tensor_bundle.number(1, 1) + later), (b"name", tensor_bundle.entry(array, 0, 0, extra=later))]
    (tmp_path / "new.index").write_bytes(tensor_bundle.table(entries))
    (tmp_path / "new.data-00000-of-00001").write_bytes(array.tobytes())
    assert (TensorFlowCheckpoint(tmp_path / "new")["name"] == array).all()


def damaged_table(how: str) -> bytes:
    """A table that is wrong in one place and whose checksums are right."""
    block = tensor_bundle.block([(b"", tensor_bundle.number(1, 1))])
    if how == "compressed":
        block = block[:-5] + b"\x01"
        block += struct.pack("<I", tensor_bundle.masked(block))
    if how == "entry":  # its value should have 100 bytes
        block = tensor_bundle.varint(0) * 2 + tensor_bundle.varint(100) + struct.pack("<2I", 0, 1) + b"\0"
        block += struct.pack("<I", tensor_bundle.masked(block))
    size = 10**6 if how == "beyond" else len(block) - 5
    index = tensor_bundle.block([(b"", tensor_bundle.varint(0) + tensor_bundle.varint(size))])
    handles = [0, 0, len(block), len(index) - 5]
    footer = b"\xff" * 40 if how == "number" else b"".join(map(tensor_bundle.varint, handles)).ljust(40, b"\0")
    return block + index + footer + struct.pack("<Q", 0xDB4775248B80FB57)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("beyond", "a block lies beyond its end"),
        ("compressed", "a block is compressed"),
        ("entry", "an entry has no end"),
        ("number", "a number has no end"),
    ],
)
def test_a_hostile_table_is_refused(tmp_path: Path, how: str, message: str) -> None:
    (tmp_path / "bad.data-00000-of-00001").write_bytes(b"")
    (tmp_path / "bad.index").write_bytes(damaged_table("nothing"))
    assert len(TensorFlowCheckpoint(tmp_path / "bad")) == 0
    (tmp_path / "bad.index").write_bytes(damaged_table(how))
    assert message in complaint(tmp_path / "bad")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([(b"", tensor_bundle.number(1, 1) + tensor_bundle.number(2, 1))], "big-endian"),
        ([(b"", b"")], "it names no data file"),
        ([(b"name", b"")], "damaged or no index"),
        ([(b"", tensor_bundle.number(1, 1)), (b"\xff\xfe", b"")], "damaged or no index"),
    ],
)
def test_a_hostile_header_is_refused(tmp_path: Path, entries: list[tuple[bytes, bytes]], message: str) -> None:
    (tmp_path / "bad.index").write_bytes(tensor_bundle.table(entries))
    with pytest.raises(UserError, match=message):
        TensorFlowCheckpoint(tmp_path / "bad")
