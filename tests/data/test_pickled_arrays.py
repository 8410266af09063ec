"""Arrays are read out of pickles, and nothing that a pickle asks for is done."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as array_strategies

from vatt_edu.data.text.safe_pickle import pickled_arrays

NUMBERS = array_strategies.arrays(
    st.sampled_from(["<f4", "<f8", ">f4", "<i4", "<i8", "u1"]),
    array_strategies.array_shapes(max_dims=3, max_side=5),
    elements=st.integers(0, 100),
)

# A damaged byte may be an invalid escape: Python says so, and we answer.
pytestmark = pytest.mark.filterwarnings("ignore:.*invalid escape")


@given(table=NUMBERS, protocol=st.integers(0, 4), alone=st.booleans(), turned=st.booleans())
@settings(max_examples=120, deadline=None)
def test_arrays_come_back(table: np.ndarray, protocol: int, alone: bool, turned: bool) -> None:
    table = np.asfortranarray(table) if turned else table
    data = pickle.dumps(table if alone else {"word_embeddings": table, "size": 3}, protocol)
    arrays = pickled_arrays(data)
    (name,) = arrays
    assert name == ("" if alone else "word_embeddings")
    assert arrays[name].dtype == table.dtype
    assert arrays[name].shape == table.shape
    assert (arrays[name] == table).all()


def test_python_2_wrote_other_instructions() -> None:
    """What Python 2 writes for {'word_embeddings': array([[1., 2.]], float32)}: names and bytes as strings."""
    data = (
        b"\x80\x02}q\x01U\x0fword_embeddingsq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00"
        b"\x85U\x01b\x87Rq\x05(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x06U\x02f4K\x00K\x01\x87Rq\x07(K\x03U\x01<NNNJ\xff"
        b"\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00@tbs."
    )
    arrays = pickled_arrays(data)["word_embeddings"]
    assert arrays.dtype == np.float32
    assert arrays.tolist() == [[1.0, 2.0]]


class Trap:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call[0], tuple(self.call[1:])


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_trap_is_not_sprung(tmp_path: Path, protocol: int) -> None:
    sprung = tmp_path / "sprung"
    for value in (Trap(os.mkdir, str(sprung)), {"word_embeddings": Trap(os.mkdir, str(sprung))},
                  {"word_embeddings": np.zeros(2), "more": Trap(os.mkdir, str(sprung))}):  # fmt: skip
        data = pickle.dumps(value, protocol)
        with pytest.raises(ValueError, match="mkdir, not for a numpy array"):
            pickled_arrays(data)
        assert not sprung.exists()
        pickle.loads(data)
        assert sprung.exists()  # so it would have
        sprung.rmdir()


@pytest.mark.parametrize(
    "value", [{"word_embeddings": np.array(["a"])}, np.array([None]), [1, 2], {"a": [np.zeros(2)]}, "text", {1, 2}]
)
def test_what_is_no_array_of_numbers_is_refused(value: Any) -> None:
    try:
        arrays = pickled_arrays(pickle.dumps(value, 2))
    except ValueError:
        return
    assert arrays == {}


@given(data=st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_answered(data: bytes) -> None:
    for start in (b"", b"\x80\x02", b"\x80\x02}(U\x01a"):
        try:
            arrays = pickled_arrays(start + data)
        except ValueError:
            continue
        assert all(isinstance(value, np.ndarray) for value in arrays.values())


@given(place=st.integers(0, 500), octet=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_answered(place: int, octet: int) -> None:
    data = bytearray(pickle.dumps({"word_embeddings": np.arange(12, dtype=np.float32).reshape(3, 4)}, 2))
    data[place % len(data)] = octet
    try:
        arrays = pickled_arrays(bytes(data))
    except ValueError:
        return
    assert all(isinstance(value, np.ndarray) for value in arrays.values())


def test_it_reads_what_numpy_saves() -> None:
    file = io.BytesIO()
    np.save(file, np.arange(3), allow_pickle=False)
    with pytest.raises(ValueError, match="its instructions make no sense"):
        pickled_arrays(file.getvalue())
