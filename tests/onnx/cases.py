# SPDX-License-Identifier: Apache-2.0
"""ONNX's node tests of the operators that fovea has: as the `onnx` package
generates them, or from a file of them, which needs NumPy alone.

    python cases.py FILE    writes that file, tests/onnx/vectors.npz

The tests and their data are onnx's (https://github.com/onnx/onnx, Apache-2.0).
"""

import json
import sys
import warnings
from typing import NamedTuple, Optional

import numpy as np

OPERATORS = ("Attention", "RotaryEmbedding", "RMSNormalization")


class Case(NamedTuple):
    """Arrays stand by their position, None where the node has no such; those of
    bfloat16 are of float32, which holds their values."""

    name: str
    operator: str
    opset: int
    attributes: dict
    inputs: list
    outputs: list  # expected
    types: list  # of the outputs
    rtol: float
    atol: float
    # Of bfloat16: the first output as onnx's reference computes it in float64.
    exact: Optional[np.ndarray]


def round_to(array, dtype):
    """The array with the values that the type has."""
    if dtype != "bfloat16":
        return array.astype(dtype)
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    even = (bits >> 16) & 1
    return ((bits + 0x7FFF + even) & 0xFFFF0000).astype(np.uint32).view(np.float32)


# ------------------------------------------------------------- of the package


def widened(array):
    is_bfloat16 = array is not None and array.dtype.name == "bfloat16"
    return array.astype(np.float32) if is_bfloat16 else array


def named(names, arrays):
    """The arrays by the position of their name; absent ones have no name."""
    arrays = iter(arrays)
    return [next(arrays) if name else None for name in names]


def in_float64(case, node, inputs):
    from onnx.reference import ReferenceEvaluator

    given = zip(node.input, named(node.input, inputs))
    wide = {
        name: array.astype(np.float64) if array.dtype.name == "bfloat16" else array
        for name, array in given
        if array is not None
    }
    return ReferenceEvaluator(case.model).run(None, wide)[0]


def from_package():
    """(the package's version, its cases)"""
    import onnx
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collected = collect_testcases(None)
    cases = []
    for case in collected:
        nodes = case.model.graph.node
        # The expanded ones are the same cases in other operators.
        if len(nodes) != 1 or nodes[0].op_type not in OPERATORS:
            continue
        (node,), ((inputs, outputs),) = nodes, case.data_sets
        expected = named(node.output, outputs)
        types = [None if x is None else x.dtype.name for x in expected]
        cases.append(
            Case(
                case.name,
                node.op_type,
                case.model.opset_import[0].version,
                {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
                [widened(x) for x in named(node.input, inputs)],
                [widened(x) for x in expected],
                types,
                case.rtol,
                case.atol,
                in_float64(case, node, inputs) if "bfloat16" in types else None,
            )
        )
    return onnx.__version__, cases


# ---------------------------------------------------------------- of the file


class Store:
    """Arrays one after another, each of them once."""

    def __init__(self):
        self.data, self.places = bytearray(), {}

    def put(self, array):
        """What `get` takes for it, as JSON."""
        if array is None:
            return None
        raw = np.ascontiguousarray(array).tobytes()
        if raw not in self.places:
            self.places[raw] = len(self.data)
            self.data += raw
        return [self.places[raw], array.dtype.name, list(array.shape)]


def get(data, place):
    if place is None:
        return None
    first, dtype, shape = place
    count = int(np.prod(shape))
    return np.frombuffer(data, dtype, count, first).reshape(shape).copy()  # aligned


ARRAYS = ("inputs", "outputs")


def write(path):
    store = Store()
    version, cases = from_package()
    entries = []
    for case in cases:
        entry = case._asdict()
        entry.update({n: [store.put(x) for x in entry[n]] for n in ARRAYS})
        entry["exact"] = store.put(case.exact)
        entries.append(entry)
    index = json.dumps({"version": version, "cases": entries}).encode()
    parts = {"index": index, "data": bytes(store.data)}
    np.savez_compressed(path, **{n: np.frombuffer(b, np.uint8) for n, b in parts.items()})


def from_file(path):
    """(the package's version, its cases)"""
    with np.load(path) as file:
        index, data = json.loads(file["index"].tobytes()), file["data"].tobytes()
    cases = []
    for entry in index["cases"]:
        entry.update({n: [get(data, x) for x in entry[n]] for n in ARRAYS})
        entry["exact"] = get(data, entry["exact"])
        cases.append(Case(**entry))
    return index["version"], cases


def close(array, other, rtol, atol=0.0):
    if array is None or other is None:
        return array is other
    return array.dtype == other.dtype and np.allclose(array, other, rtol, atol, True)


def equal(case, other):
    """Their results come from other processors, and may be rounded otherwise."""
    arrays = dict(inputs=None, outputs=None, exact=None)
    return (
        case._replace(**arrays) == other._replace(**arrays)
        and len(case.inputs) == len(other.inputs)
        and all(close(a, b, 0) for a, b in zip(case.inputs, other.inputs))
        and all(
            close(a, b, case.rtol, case.atol) for a, b in zip(case.outputs, other.outputs)
        )
        and close(case.exact, other.exact, 1e-12)
    )


def same(suite, other):
    return len(suite) == len(other) and all(map(equal, suite, other))


if __name__ == "__main__":
    write(sys.argv[1])
