"""Models that break one rule each, and models that come close and keep them."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import AttributeProto, helper, numpy_helper
from onnx import TensorProto as T

from fusion_models import (
    NUMBER,
    YES,
    body,
    branches,
    constant,
    loop,
    mlp,
    model,
    nested_ifs,
    total,
    trips,
    value,
)

node = helper.make_node
Make = Callable[[], onnx.ModelProto | bytes]


def raw(proto: onnx.ModelProto | bytes) -> bytes:
    """Return what is in the file."""
    return proto if isinstance(proto, bytes) else proto.SerializeToString()


def tensor(kind: int, dims: list[int], **data: object) -> onnx.TensorProto:
    """Return a tensor as its fields say, true or not."""
    result = T(name="t", data_type=kind, dims=dims)
    for key, content in data.items():
        if key in ("raw_data", "data_location"):
            setattr(result, key, content)
        else:
            getattr(result, key).extend(content)
    return result


def with_tensor(kind: int, dims: list[int], **data: object) -> onnx.ModelProto:
    return total([], tensor(kind, dims, **data))


def with_attribute(attribute: AttributeProto, operator: str = "Selu") -> onnx.ModelProto:
    extra = node(operator, ["features"], ["aside"])
    extra.attribute.append(attribute)
    return total([extra])


def of_size(operator: str, *inputs: str, **attributes: object) -> onnx.NodeProto:
    return node(operator, list(inputs), ["aside"], **attributes)


def external(location: str) -> onnx.ModelProto:
    proto = mlp()
    onnx.external_data_helper.set_external_data(proto.graph.initializer[2], location)
    proto.graph.initializer[2].ClearField("raw_data")
    return proto


def edited(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    proto = mlp()
    change(proto)
    return proto


def ints(name: str, *shape: int) -> onnx.TensorProto:
    return constant(name, shape, np.int64)


def function_model() -> onnx.ModelProto:
    proto = total([node("Twice", ["features"], ["aside"], domain="own")])
    twice = node("Add", ["x", "x"], ["y"])
    imports = [helper.make_opsetid("", 17)]
    proto.functions.append(helper.make_function("own", "Twice", ["x"], ["y"], [twice], imports))
    proto.opset_import.append(helper.make_opsetid("own", 1))
    return proto


def nested_loops(depth: int) -> onnx.NodeProto:
    result = loop("trips", "l0")
    for i in range(1, depth):
        result = loop("trips", f"l{i}", [result])
    return result


def scan_model() -> onnx.ModelProto:
    inner = helper.make_graph(
        [node("Identity", ["a"], ["b"])], "g", [value("a", [6])], [value("b", [6])]
    )
    return total([node("Scan", ["features"], ["aside"], body=inner, num_scan_inputs=1)])


NAN, INF = float("nan"), float("inf")

FORBIDDEN: dict[str, tuple[Make, str]] = {
    # what is no model
    "empty": (lambda: b"", "empty"),
    "text": (lambda: b"<!DOCTYPE html><title>404</title>", "no ONNX model"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(64), "no ONNX model"),
    "zeros": (lambda: bytes(1000), "no ONNX model"),
    "cut short": (lambda: raw(mlp())[:-7], "no ONNX model"),
    "something behind": (lambda: raw(mlp()) + b"\xff", "no ONNX model"),
    "field of the future": (lambda: raw(mlp()) + b"\xe2\x01\x00", "no ONNX model"),
    "two graphs": (lambda: raw(mlp()) + raw(onnx.ModelProto(graph=mlp().graph)), "no ONNX model"),
    "no graph": (lambda: raw(onnx.ModelProto(ir_version=8)), "no ONNX model"),
    "no version": (lambda: edited(lambda m: m.ClearField("ir_version")), "no ONNX model"),
    "ORT format": (
        lambda: b"\x12\x06xyORTM" + raw(edited(lambda m: m.ClearField("producer_name"))),
        "ORT format",
    ),
    # versions
    "opset 6": (lambda: mlp(opset=6), "operator set 6"),
    "opset 22": (lambda: mlp(opset=22), "operator set 22"),
    "no opset": (lambda: edited(lambda m: m.ClearField("opset_import")), "operator set 0"),
    "two opsets": (lambda: total(opsets=[("", 17), ("ai.onnx", 13)]), "twice"),
    "ml opset": (lambda: total(opsets=[("", 17), ("ai.onnx.ml", 6)]), "ai.onnx.ml 6"),
    # operators
    "unknown": (lambda: total([of_size("Backdoor", "features")]), "'Backdoor' of domain 'ai.onnx'"),
    "no name": (lambda: total([of_size("", "features")]), "operator ''"),
    "prefix": (lambda: total([of_size("Rel", "features")]), "'Rel'"),
    "longer": (lambda: total([of_size("Relu6", "features")]), "'Relu6'"),
    "case": (lambda: total([of_size("relu", "features")]), "'relu'"),
    "scan": (scan_model, "'Scan'"),
    "random": (lambda: total([node("RandomNormal", [], ["aside"], shape=[6])]), "'RandomNormal'"),
    "domain": (
        lambda: total(
            [node("Gelu", ["features"], ["aside"], domain="com.microsoft")],
            opsets=[("", 17), ("com.microsoft", 1)],
        ),
        "'Gelu' of domain 'com.microsoft'",
    ),
    "own domain": (lambda: total([node("Relu", ["features"], ["aside"], domain="evil")]), "'evil'"),
    "ml": (
        lambda: total(
            [node("TreeEnsembleRegressor", ["features"], ["aside"], domain="ai.onnx.ml")],
            opsets=[("", 17), ("ai.onnx.ml", 3)],
        ),
        "'TreeEnsembleRegressor'",
    ),
    "in a branch": (lambda: total([nested_ifs(1, "Evil")], YES), "'Evil'"),
    "deep in branches": (lambda: total([nested_ifs(8, "Evil")], YES), "'Evil'"),
    "in a loop": (
        lambda: total([loop("trips", "l", [node("Evil", [], ["e"])])], YES, NUMBER, trips(1)),
        "'Evil'",
    ),
    "domain in a loop": (
        lambda: total(
            [loop("trips", "l", [node("Relu", [], ["e"], domain="x")])], YES, NUMBER, trips(1)
        ),
        "'x'",
    ),
    "too deep": (lambda: total([nested_ifs(9)], YES), "8 deep"),
    "too many loops": (
        lambda: total([loop("trips", f"l{i}") for i in range(17)], YES, NUMBER, trips(1)),
        "16 loops",
    ),
    "endless loop": (lambda: total([loop("", "l")], YES, NUMBER), "trip count"),
    "long loop": (lambda: total([loop("trips", "l")], YES, NUMBER, trips(1 << 40)), "trip count"),
    "loop of negative trips": (
        lambda: total([loop("trips", "l")], YES, NUMBER, trips(-(1 << 63))),
        "trip count",
    ),
    "long loops together": (
        lambda: total([nested_loops(3)], YES, NUMBER, trips(100)),
        "trip count",
    ),
    "trips that are computed": (
        lambda: total([node("Size", ["features"], ["trips"]), loop("trips", "l")], YES, NUMBER),
        "trip count",
    ),
    "trips of two constants": (
        lambda: total(
            [node("Constant", [], ["trips"], value_int=2), loop("trips", "l")],
            YES,
            NUMBER,
            trips(1),
        ),
        "trip count",
    ),
    "trips of two meanings": (
        lambda: total(
            [loop("l_i", "l", [loop("trips", "k")]), node("Size", ["features"], ["trips"])],
            YES,
            NUMBER,
            trips(1),
        ),
        "trip count",
    ),
    "graph in the wrong place": (
        lambda: total([of_size("Relu", "features", body=body([], "b"))]),
        "graph inside",
    ),
    "graphs": (lambda: with_attribute(helper.make_attribute("g", [body([], "b")])), "not allowed"),
    "function": (function_model, "functions"),
    "reference of a function": (
        lambda: with_attribute(AttributeProto(name="a", ref_attr_name="b")),
        "not allowed",
    ),
    "training": (lambda: edited(lambda m: m.training_info.add()), "training"),
    "too many operators": (
        lambda: total([node("Identity", ["features"], [f"i{i}"]) for i in range(4096)]),
        "4096 operators",
    ),
    "too many outputs": (
        lambda: total([node("Split", ["features"], [f"s{i}" for i in range(40000)])]),
        "too many names",
    ),
    "too many inputs": (lambda: total([node("Sum", [""] * 1100000, ["aside"])]), "too many parts"),
    "too many numbers": (
        lambda: with_attribute(helper.make_attribute("x", [1] * 1100000)),
        "too many",
    ),
    # tensors
    "external data": (lambda: external("weights.bin"), "another file"),
    "external data outside": (lambda: external("../../../../etc/passwd"), "another file"),
    "external data by location only": (
        lambda: with_tensor(T.FLOAT, [1], data_location=T.EXTERNAL),
        "another file",
    ),
    "external data by entry only": (
        lambda: with_tensor(
            T.FLOAT,
            [1],
            raw_data=bytes(4),
            external_data=[onnx.StringStringEntryProto(key="location", value="/etc/passwd")],
        ),
        "another file",
    ),
    "external data in a constant": (
        lambda: total(
            [node("Constant", [], ["c"], value=tensor(T.FLOAT, [1], data_location=T.EXTERNAL))]
        ),
        "another file",
    ),
    "sparse": (lambda: edited(lambda m: m.graph.sparse_initializer.add()), "sparse"),
    "sparse attribute": (
        lambda: with_attribute(AttributeProto(name="a", sparse_tensor=onnx.SparseTensorProto())),
        "not allowed",
    ),
    "strings": (lambda: with_tensor(T.STRING, [1], string_data=[b"a"]), "strings"),
    "complex": (lambda: with_tensor(T.COMPLEX64, [1], raw_data=bytes(8)), "element type"),
    "int4": (lambda: with_tensor(T.INT4, [2], raw_data=bytes(1)), "element type"),
    "type of the future": (lambda: with_tensor(99, [1], raw_data=bytes(4)), "element type"),
    "no type": (lambda: with_tensor(0, [1], raw_data=bytes(4)), "element type"),
    "segment": (lambda: edited(lambda m: m.graph.initializer[0].segment.SetInParent()), "segments"),
    "nan": (
        lambda: edited(
            lambda m: m.graph.initializer[2].CopyFrom(
                numpy_helper.from_array(np.full((16, 6), NAN, np.float32), "w0")
            )
        ),
        "'w0' holds an inf",
    ),
    "infinity": (lambda: with_tensor(T.FLOAT, [2], float_data=[1, -INF]), "infinity"),
    "infinity of doubles": (lambda: with_tensor(T.DOUBLE, [1], double_data=[INF]), "infinity"),
    "raw nan of doubles": (
        lambda: with_tensor(T.DOUBLE, [1], raw_data=b"\1\0\0\0\0\0\xf0\x7f"),
        "infinity",
    ),
    "infinity of halves": (lambda: with_tensor(T.FLOAT16, [2], raw_data=b"\0\0\0\x7c"), "infinity"),
    "nan of halves": (lambda: with_tensor(T.FLOAT16, [1], int32_data=[0xFE00]), "infinity"),
    "nan of bfloat16": (lambda: with_tensor(T.BFLOAT16, [1], raw_data=b"\xc0\x7f"), "infinity"),
    "nan in a constant": (
        lambda: total([node("Constant", [], ["c"], value=constant("v", NAN))]),
        "infinity",
    ),
    "nan in an attribute": (lambda: total([of_size("Elu", "features", alpha=NAN)]), "not finite"),
    "infinity in a list": (
        lambda: total([node("Constant", [], ["c"], value_floats=[1.0, INF])]),
        "not finite",
    ),
    "more than is there": (
        lambda: with_tensor(T.FLOAT, [1 << 20, 1 << 20], raw_data=bytes(64)),
        "more elements",
    ),
    "overflow": (
        lambda: with_tensor(T.INT8, [1 << 32, 1 << 32], raw_data=bytes(64)),
        "more elements",
    ),
    "negative": (lambda: with_tensor(T.FLOAT, [-1], raw_data=bytes(4)), "more elements"),
    "less data": (lambda: with_tensor(T.FLOAT, [4], raw_data=bytes(12)), "as much data"),
    "more data": (lambda: with_tensor(T.FLOAT, [2], raw_data=bytes(12)), "as much data"),
    "less numbers": (lambda: with_tensor(T.INT64, [3], int64_data=[300, 1]), "less data"),
    "more numbers": (lambda: with_tensor(T.INT32, [1], int32_data=[1, 2]), "more data"),
    "no data": (lambda: with_tensor(T.FLOAT, [4]), "more elements"),
    "data of another type": (lambda: with_tensor(T.FLOAT, [1], int64_data=[1]), "another type"),
    "data twice": (lambda: with_tensor(T.FLOAT, [1], float_data=[1], raw_data=bytes(4)), "twice"),
    "rank 9": (lambda: with_tensor(T.FLOAT, [1] * 9, raw_data=bytes(4)), "too many dim"),
    "large and not raw": (
        lambda: with_tensor(T.INT32, [1100000], int32_data=[1] * 1100000),
        "raw data",
    ),
    "too many tensors": (
        lambda: total([], *[constant(f"t{i}", 1) for i in range(4096)]),
        "4096 tensors",
    ),
    # sizes
    "shape of terabytes": (
        lambda: total([of_size("ConstantOfShape", "s")], ints("s", 1000000, 1000000)),
        "absurd",
    ),
    "shape of 64 bits": (
        lambda: total([of_size("ConstantOfShape", "s")], ints("s", 1 << 62)),
        "absurd",
    ),
    "expansion": (
        lambda: total([of_size("Expand", "features", "s")], ints("s", 1 << 30, 1, 1)),
        "absurd",
    ),
    "tiles": (
        lambda: total([of_size("Tile", "features", "s")], ints("s", 1 << 20, 1 << 20)),
        "absurd",
    ),
    "shape that is computed": (
        lambda: total(
            [node("Mul", ["s", "s"], ["s2"]), of_size("ConstantOfShape", "s2")], ints("s", 1 << 20)
        ),
        "no constant",
    ),
    "shape from nowhere": (lambda: total([of_size("ConstantOfShape", "nowhere")]), "no constant"),
    "shape from the features": (
        lambda: total([of_size("Expand", "features", "features")]),
        "no constant",
    ),
    "shape in a constant": (
        lambda: total(
            [
                node("Constant", [], ["s"], value_ints=[1 << 20, 1 << 20]),
                of_size("ConstantOfShape", "s"),
            ]
        ),
        "absurd",
    ),
    "shape in a constant of 2 values": (
        lambda: total(
            [
                node("Constant", [], ["s"], value_ints=[1], value=ints("v", 1 << 40)),
                of_size("ConstantOfShape", "s"),
            ]
        ),
        "not one value",
    ),
    "shape in a branch": (
        lambda: total(
            [branches([of_size("ConstantOfShape", "s")], "aside", "r")], YES, ints("s", 1 << 40)
        ),
        "absurd",
    ),
    "padding": (
        lambda: total([of_size("Pad", "features", "s")], ints("s", 0, 0, 1 << 40, 0)),
        "absurd",
    ),
    "old padding": (lambda: total([of_size("Pad", "features", pads=[0, 0, 1 << 40, 0])]), "absurd"),
    "scale": (
        lambda: total([of_size("Resize", "features", "", "s")], constant("s", [1e9, 1e9])),
        "absurd",
    ),
    "stride": (
        lambda: total(
            [of_size("ConvTranspose", "features", "w", strides=[1 << 20, 1 << 20])],
            constant("w", [1]),
        ),
        "absurd",
    ),
    "declared shape": (
        lambda: edited(lambda m: m.graph.value_info.append(value("centred", [1 << 20, 1 << 20]))),
        "absurd",
    ),
    "declared dimension": (
        lambda: edited(lambda m: m.graph.value_info.append(value("centred", [1 << 40]))),
        "absurd",
    ),
    "negative dimension": (
        lambda: edited(lambda m: m.graph.value_info.append(value("centred", [-5]))),
        "absurd",
    ),
    "declared rank": (
        lambda: edited(lambda m: m.graph.value_info.append(value("centred", [1] * 9))),
        "dimensions",
    ),
    # inputs
    "no input": (lambda: total(inputs=[]), "no input"),
    "three inputs": (
        lambda: total(inputs=[value(name, ["N", 6]) for name in ("features", "codec", "more")]),
        "features[?,6] codec[?,6] more[?,6]",
    ),
    "codec of any width": (
        lambda: total(inputs=[value("features", ["N", 6]), value("codec", ["N", None])]),
        "features[?,6] codec[?,?]",
    ),
    "codec of one value": (
        lambda: total(inputs=[value("features", ["N", 6]), value("codec", ["N", 2])]),
        "C from 3 to 64",
    ),
    "codec of 65 values": (
        lambda: total(inputs=[value("features", ["N", 6]), value("codec", ["N", 65])]),
        "C from 3 to 64",
    ),
    "codec of another type": (
        lambda: total(inputs=[value("features", ["N", 6]), value("codec", ["N", 14], T.DOUBLE)]),
        "same type",
    ),
    "codec of one row": (
        lambda: total(inputs=[value("features", ["N", 6]), value("codec", [1, 14])]),
        "a codec block [N,C]",
    ),
    "codec alone": (lambda: total(inputs=[value("codec", ["N", 14])]), "codec[?,14]"),
    "pictures and scores": (
        lambda: total(inputs=[value("ref", [1, 3, "H", "W"])]),
        "neither a number nor a map",
    ),
    "picture and features": (
        lambda: total(inputs=[value("ref", [1, 3, "H", "W"]), value("features", ["N", 6])]),
        "not pictures",
    ),
    "pictures of one size": (
        lambda: total(inputs=[value("ref", [1, 3, 64, 64])], outputs=[value("score", [])]),
        "dynamic height",
    ),
    "pictures of one channel": (
        lambda: total(inputs=[value("ref", [1, 1, "H", "W"])], outputs=[value("score", [])]),
        "ref[1,1,?,?]",
    ),
    "double pictures": (
        lambda: total(
            inputs=[value("ref", [1, 3, "H", "W"], T.DOUBLE)], outputs=[value("score", [])]
        ),
        "float32 [1,3,H,W]",
    ),
    "map of colours": (
        lambda: total(
            inputs=[value("ref", [1, 3, "H", "W"])], outputs=[value("score", [1, 3, "H", "W"])]
        ),
        "neither a number nor a map",
    ),
    "int input": (lambda: total(inputs=[value("features", ["N", 6], T.INT64)]), "not float32"),
    "22 features": (lambda: total(inputs=[value("features", ["N", 22])]), "features[?,22]"),
    "any number of features": (lambda: total(inputs=[value("features", ["N", None])]), "[?,?]"),
    "one row": (lambda: total(inputs=[value("features", [1, 6])]), "dynamic"),
    "a vector": (lambda: total(inputs=[value("features", [6])]), "not [N,6]"),
    "no input shape": (lambda: total(inputs=[value("features", None)]), "not [N,6]"),
    "no input type": (lambda: total(inputs=[onnx.ValueInfoProto(name="features")]), "not float32"),
    "sequence": (
        lambda: total(
            inputs=[helper.make_tensor_sequence_value_info("features", T.FLOAT, ["N", 6])]
        ),
        "not known",
    ),
    "no input name": (lambda: total(inputs=[value("", ["N", 6])]), "usable name"),
    "long input name": (lambda: total(inputs=[value("f" * 300, ["N", 6])]), "usable name"),
    "input name with a zero": (lambda: total(inputs=[value("f\0g", ["N", 6])]), "usable name"),
    # outputs
    "no output": (lambda: total(outputs=[]), "0 outputs"),
    "two outputs": (
        lambda: total(outputs=[value("score", ["N"]), value("more", ["N"])]),
        "2 outputs ( score[?] more[?] )",
    ),
    "int output": (lambda: total(outputs=[value("score", ["N"], T.INT64)]), "not float32"),
    "two columns": (lambda: total(outputs=[value("score", ["N", 2])]), "one score per row"),
    "a single score": (lambda: total(outputs=[value("score", [])]), "one score per row"),
    "a fixed number of scores": (lambda: total(outputs=[value("score", [1])]), "dynamic"),
    "a map": (lambda: total(outputs=[value("score", ["N", 1, "H", "W"])]), "one score per row"),
    "no output shape": (lambda: total(outputs=[value("score", None)]), "one score per row"),
}


def old_style() -> onnx.ModelProto:
    """Return a model that lists its weights among its inputs, as files did once."""
    proto = mlp(opset=11)
    proto.ir_version = 3
    for t in proto.graph.initializer:
        proto.graph.input.append(value(t.name, list(t.dims), t.data_type))
    return proto


def typed_data() -> onnx.ModelProto:
    """Return a model whose weights are not raw data."""
    proto = mlp()
    for t in proto.graph.initializer:
        flat = numpy_helper.to_array(t).ravel().tolist()
        t.CopyFrom(helper.make_tensor(t.name, t.data_type, list(t.dims), flat))
    return proto


def svm() -> onnx.ModelProto:
    """Return a support vector machine, as libvmaf's models are."""
    return model(
        [
            node(
                "SVMRegressor",
                ["features"],
                ["score"],
                domain="ai.onnx.ml",
                kernel_type="RBF",
                n_supports=2,
                coefficients=[3.0, 40.0],
                kernel_params=[0.05, 0.0, 0.0],
                rho=[20.0],
                support_vectors=[0.9, 0.5, 0.7, 0.8, 0.9, 4, 0.1, 0.2, 0.3, 0.4, 0.5, 1],
            )
        ],
        outputs=[value("score", ["N", 1])],
        opsets=[("", 17), ("ai.onnx.ml", 3)],
    )


def doubles() -> onnx.ModelProto:
    """Return a model that reckons in double precision."""
    proto = total(inputs=[value("features", ["N", 6], T.DOUBLE)])
    proto.graph.output[0].type.tensor_type.elem_type = T.DOUBLE
    return proto


def quantized() -> onnx.ModelProto:
    """Return what dynamic quantisation makes of a layer."""
    weights = np.arange(6, dtype=np.int8).reshape(6, 1)
    return model(
        [
            node("DynamicQuantizeLinear", ["features"], ["q", "scale", "zero"]),
            node("MatMulInteger", ["q", "w", "zero"], ["i"]),
            node("Cast", ["i"], ["f"], to=T.FLOAT),
            node("Mul", ["f", "scale"], ["score"]),
        ],
        [constant("w", weights, np.int8)],
        outputs=[value("score", ["N", 1])],
    )


def gelu() -> onnx.ModelProto:
    """Return a GELU spelled out, with constants of every kind in nodes."""
    return total(
        [
            node("Constant", [], ["root"], value_float=1.4142135),
            node("Div", ["features", "root"], ["d"]),
            node("Erf", ["d"], ["e"]),
            node("Constant", [], ["c"], value_floats=[1.0]),
            node("Add", ["e", "c"], ["aside"]),
            node("Constant", [], ["s"], value_ints=[2, 3]),
            node("ConstantOfShape", ["s"], ["shaped"]),
            node("Constant", [], ["n"], value_int=2),
            node("Constant", [], ["k"], value=constant("v", [1, 2, 3])),
        ]
    )


def bounded() -> onnx.ModelProto:
    """Return operators that ask for sizes and get them."""
    return total(
        [
            node("Tile", ["features", "two"], ["tiled"]),
            node("Expand", ["features", "e"], ["x"]),
            node("Pad", ["features", "p"], ["padded"]),
            node("Slice", ["features", "a", "z"], ["sliced"]),
            node("Resize", ["features", "", "f"], ["resized"]),
        ],
        ints("two", 2, 1),
        ints("e", 1, 1, 6),
        ints("p", 0, 1, 0, 1),
        ints("a", 0),
        ints("z", (1 << 63) - 1),
        constant("f", [1, 2]),
    )


ALLOWED: dict[str, Make] = {
    "mlp": mlp,
    "columns": lambda: mlp(columns=True),
    **{f"opset {n}": lambda n=n: mlp(opset=n) for n in (7, 9, 11, 13, 15, 19, 21)},
    "old style": old_style,
    "typed data": typed_data,
    "svm": svm,
    "doubles": doubles,
    "quantized": quantized,
    "gelu": gelu,
    "sizes": bounded,
    "other opsets": lambda: total(opsets=[("", 17), ("com.microsoft", 1), ("ai.onnx.ml", 3)]),
    "default domain by name": lambda: total([node("Relu", ["features"], ["a"], domain="ai.onnx")]),
    "nested 8 deep": lambda: total([nested_ifs(8)], YES),
    "16 loops": lambda: total([loop("trips", f"l{i}") for i in range(16)], YES, NUMBER, trips(3)),
    "loops in loops": lambda: total([nested_loops(5)], YES, NUMBER, trips(4)),
    "sibling names": lambda: total(
        [branches([node("Relu", ["features"], ["v"])], "v", f"r{i}") for i in range(3)], YES
    ),
    "4000 operators": lambda: total(
        [node("Identity", ["features"], [f"i{i}"]) for i in range(4000)]
    ),
    "empty tensor": lambda: total([], tensor(T.FLOAT, [0], raw_data=b"")),
    "metadata": lambda: edited(lambda m: helper.set_model_props(m, {"trained": "yes"})),
    "8 dimensions": lambda: total([], constant("t", np.zeros([1] * 8))),
}
