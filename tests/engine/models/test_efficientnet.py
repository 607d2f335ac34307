"""Torch's old checkpoints without torch, and the graph made of them."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import types
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from core.engine.models.efficientnet import TORCH_MAGIC, read_checkpoint

Array = np.ndarray[Any, np.dtype[np.float32]]


class Storage:
    """What a tensor's numbers lie in."""

    def __init__(self, key: str, size: int) -> None:
        self.key, self.size = key, size


class Tensor:
    """Pickles as a tensor of torch 1.5 does."""

    def __init__(self, key: str, size: int, shape: Any, stride: Any, offset: int = 0) -> None:
        self.storage, self.layout = Storage(key, size), (offset, shape, stride)

    def __reduce__(self) -> Any:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, *self.layout, False, OrderedDict())


class Writer(pickle.Pickler):
    def persistent_id(self, item: Any) -> Any:
        if not isinstance(item, Storage):
            return None
        kind = sys.modules["torch"].FloatStorage
        return ("storage", kind, item.key, "cpu", item.size, None)


@pytest.fixture(autouse=True)
def _torch_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Just enough of torch for pickle to write its names."""
    torch: Any = types.ModuleType("torch")
    utils: Any = types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2(*parts: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
        utils.__name__,
        "_rebuild_tensor_v2",
    )
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def checkpoint(tensors: dict[str, Any], storages: dict[str, Array]) -> bytes:
    """A file in the format that torch wrote before 1.6."""
    file = io.BytesIO()
    for part in (TORCH_MAGIC, 1001, {"little_endian": True}):
        pickle.dump(part, file, 2)
    Writer(file, 2).dump(OrderedDict(tensors))
    pickle.dump(list(storages), file, 2)
    for numbers in storages.values():
        file.write(struct.pack("<q", numbers.size) + numbers.astype("<f4").tobytes())
    return file.getvalue()


NUMBERS = np.arange(6, dtype=np.float32)


def test_strides_and_offsets_are_honoured() -> None:
    data = checkpoint(
        {
            "plain": Tensor("a", 6, (2, 3), (3, 1)),
            "turned": Tensor("a", 6, (3, 2), (1, 3)),
            "tail": Tensor("a", 6, (2,), (1,), 4),
            "scalar": Tensor("a", 6, (), (), 5),
        },
        {"a": NUMBERS},
    )
    read = read_checkpoint(data)
    np.testing.assert_array_equal(read["plain"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(read["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(read["tail"], [4, 5])
    assert read["scalar"].shape == () and read["scalar"] == 5


@pytest.mark.parametrize(
    "tensor",
    [Tensor("a", 6, (2, 4), (3, 1)), Tensor("a", 6, (2,), (9,)), Tensor("a", 6, (2,), (-1,), 3)],
)
def test_a_tensor_may_not_reach_out_of_its_storage(tensor: Tensor) -> None:
    with pytest.raises(ValueError, match="out of its storage"):
        read_checkpoint(checkpoint({"bad": tensor}, {"a": NUMBERS}))


def test_a_file_that_names_other_code_is_refused() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("echo got in",)

    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        read_checkpoint(checkpoint({"bad": Evil()}, {}))


def test_a_file_cut_short_is_refused() -> None:
    data = checkpoint({"plain": Tensor("a", 6, (6,), (1,))}, {"a": NUMBERS})
    with pytest.raises(ValueError, match="cut short"):
        read_checkpoint(data[:-4])


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="old format"):
        read_checkpoint(pickle.dumps("something else"))
