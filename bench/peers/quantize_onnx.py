#!/usr/bin/python3
"""Quantises the weights of an ONNX model's matrix products as onnxruntime.quantization.quantize_dynamic does by
default: int8 weights, symmetric, one scale a tensor; activations to uint8 as they come (DynamicQuantizeLinear), the
product by MatMulInteger. ONNX Runtime's own Python package is not among Debian's, so that the recipe stands here.

    quantize_onnx.py IN.onnx OUT.onnx
"""
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper


def quantized(weight):
    scale = np.float32(np.abs(weight).max() / 127)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def main(source, target):
    model = onnx.load(source)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes, used, count = [], set(), 0
    for node in graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        plain_gemm = node.op_type == "Gemm" and attributes.get("alpha", 1) == 1 and not attributes.get("transA", 0)
        if not (node.op_type == "MatMul" or plain_gemm) or node.input[1] not in weights:
            nodes.append(node)
            continue
        a, b = node.input[:2]
        weight = numpy_helper.to_array(weights[b])
        if node.op_type == "Gemm" and attributes.get("transB", 0):
            weight = np.ascontiguousarray(weight.T)
        name = f"quantized_{count}"
        count += 1
        used.add(b)
        values, scale = quantized(weight)
        graph.initializer.extend([
            numpy_helper.from_array(values, name + "_b"),
            numpy_helper.from_array(np.array(scale), name + "_b_scale"),
            numpy_helper.from_array(np.array(0, np.int8), name + "_b_zero"),
        ])
        bias = node.input[2] if len(node.input) > 2 else None
        product = node.output[0] if bias is None else name + "_product"
        nodes += [
            helper.make_node("DynamicQuantizeLinear", [a], [name + "_a", name + "_a_scale", name + "_a_zero"]),
            helper.make_node("MatMulInteger", [name + "_a", name + "_b", name + "_a_zero", name + "_b_zero"],
                             [name + "_sum"]),
            helper.make_node("Cast", [name + "_sum"], [name + "_sum_f32"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [name + "_a_scale", name + "_b_scale"], [name + "_scale"]),
            helper.make_node("Mul", [name + "_sum_f32", name + "_scale"], [product]),
        ]
        if bias is not None:
            nodes.append(helper.make_node("Add", [product, bias], [node.output[0]]))
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [tensor for tensor in graph.initializer if tensor.name not in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    print(f"{target}: {count} products quantised", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
