# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime: each of its operators that can compute a case."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import cases

MICROSOFT = "com.microsoft"
OPSETS = [helper.make_opsetid("", 23), helper.make_opsetid(MICROSOFT, 1)]
TYPES = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("int32"): TensorProto.INT32}


def packed_heads(x):
    """[1][head][token][dim] as [1][token][head * dim]."""
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(1, x.shape[2], -1)


def unpacked_heads(x, heads):
    return x.reshape(1, x.shape[1], heads, -1).transpose(0, 2, 1, 3)


def info(name, array):
    return helper.make_tensor_value_info(name, TYPES[array.dtype], array.shape)


class Graph:
    """Nodes as a session of one thread, bound to inputs and outputs.

    Constants are weights, which it may lay out for itself; shared outputs are
    written where an input lies.
    """

    def __init__(self, nodes, inputs, outputs, constants=None, shared=()):
        graph = helper.make_graph(
            nodes,
            "peer",
            [info(n, a) for n, a in inputs.items()],
            [info(n, a) for n, a in outputs.items()],
            [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.binding = self.session.io_binding()
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self.values = {n: value(a) for n, a in {**outputs, **inputs}.items()}
        for name in inputs:
            self.binding.bind_ortvalue_input(name, self.values[name])
        for name in outputs:
            bound = self.values[dict(shared).get(name, name)]
            self.binding.bind_ortvalue_output(name, bound)

    def call(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.values["y"].numpy()


class Peer:
    name = "ONNX Runtime"

    def version(self):
        return onnxruntime.__version__

    def calls(self, case, given):
        """(form, call, the result after it) of each way to compute the case."""
        if isinstance(case, cases.Module):
            if not case.int8:
                yield self.module(case, given)
            return
        yield self.standard(case, given)
        if case.heads == case.kv_heads:
            yield self.multi_head(case, given)
        if case.causal or case.queries == 1:
            yield self.grouped(case, given)

    def standard(self, case, given):
        node = helper.make_node(
            "Attention", ["q", "k", "v"], ["y"], is_causal=int(case.causal)
        )
        graph = Graph([node], given._asdict(), {"y": np.empty_like(given.q)})
        return "Attention", graph.call, graph.result

    def multi_head(self, case, given):
        """With keys and values in heads where they are a decoder's cache."""
        node = helper.make_node(
            "MultiHeadAttention",
            ["q", "k", "v"],
            ["y"],
            domain=MICROSOFT,
            num_heads=case.heads,
            unidirectional=int(case.causal),
        )
        q = packed_heads(given.q)
        k, v = given.k, given.v
        if case.queries > 1:
            k, v = packed_heads(k), packed_heads(v)
        graph = Graph([node], {"q": q, "k": k, "v": v}, {"y": np.empty_like(q)})

        def result():
            return unpacked_heads(graph.result(), case.heads)

        return "MultiHeadAttention", graph.call, result

    def grouped(self, case, given):
        """A query appends its key to the cache, in place, and attends to it."""
        node = helper.make_node(
            "GroupQueryAttention",
            ["q", "k", "v", "past_k", "past_v", "last", "total"],
            ["y", "present_k", "present_v"],
            domain=MICROSOFT,
            num_heads=case.heads,
            kv_num_heads=case.kv_heads,
        )
        tokens = case.queries
        inputs = {
            "q": packed_heads(given.q),
            "k": packed_heads(given.k[:, :, -tokens:]),
            "v": packed_heads(given.v[:, :, -tokens:]),
            "past_k": given.k.copy(),
            "past_v": given.v.copy(),
            "last": np.array([case.keys - 1], np.int32),
            "total": np.array([case.keys], np.int32),
        }
        shared = {"present_k": "past_k", "present_v": "past_v"}
        outputs = {"y": np.empty_like(inputs["q"])}
        outputs.update({n: inputs[past] for n, past in shared.items()})
        graph = Graph([node], inputs, outputs, shared=shared)

        def result():
            return unpacked_heads(graph.result(), case.heads)

        return "GroupQueryAttention", graph.call, result

    def module(self, case, given):
        attention = helper.make_node(
            "Attention",
            ["x", "in_weight", "in_bias"],
            ["heads"],
            domain=MICROSOFT,
            num_heads=case.heads,
        )
        product = helper.make_node("MatMul", ["heads", "out_weight"], ["product"])
        add = helper.make_node("Add", ["product", "out_bias"], ["y"])
        constants = {
            "in_weight": np.ascontiguousarray(given.in_proj_weight.T),
            "in_bias": given.in_proj_bias,
            "out_weight": np.ascontiguousarray(given.out_proj_weight.T),
            "out_bias": given.out_proj_bias,
        }
        outputs = {"y": np.empty_like(given.x)}
        nodes = [attention, product, add]
        graph = Graph(nodes, {"x": given.x}, outputs, constants)
        return "Attention (com.microsoft)", graph.call, graph.result
