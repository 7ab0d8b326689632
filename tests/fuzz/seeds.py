"""Seeds for the fuzz targets: what they take, what they must refuse, and what only just counts."""

import json
import random
import struct
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/python"))

from fusion_models import FEATURES, mlp  # noqa: E402
from fusion_rules import ALLOWED, FORBIDDEN, raw  # noqa: E402

LARGEST = 6000  # bytes of a seed: mutation of more hits weights only
ROW = {"id": "a", "kind": "fr", "onnx": "m.onnx", "sha256": "0" * 64}
REGISTRIES = [
    {"models": []},
    {"schema_version": 1, "models": [ROW]},
    {
        "$schema": "./registry.schema.json",
        "schema_version": 1,
        "models": [
            ROW | {"smoke": True, "license": "BSD", "description": '\u00e4 \U0001f600 \n"'},
            ROW | {"id": "b-2_x", "kind": "filter", "onnx": "x/y/z.onnx", "teacher": "v0.6.1"},
        ],
    },
    {"models": [ROW, ROW]},
    {"models": [ROW | {"onnx": "../m.onnx"}]},
    {"models": [ROW | {"id": "A/" + "x" * 70}]},
    {"schema_version": 2, "models": [{}]},
]
SIDECARS = [
    {},
    {"features": FEATURES, "teacher": "vmaf_v0.6.1", "sha256": "0" * 64},
    {"feature_mean": [0.5] * 6, "feature_std": [1e-3] * 6, "input_name": "features"},
    {"feature_order": FEATURES, "input_mean": [1] * 6, "onnx_has_scaler": True},
    {"features": FEATURES[::-1], "output_names": ["score"]},
    {"feature_mean": [1e308] * 6, "feature_std": [1e-320] * 6},
]
TEXTS = [
    "null",
    "[]",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    '"\\ud83d\\ude00 \\u00e4 \\\\ \\/ \\b\\f\\n\\r\\t"',
    '{"a": -0.0e-10, "b": [1, 2.5E+3, true, false, null], "c": {"": ""}}',
    "1e400",
    '"\\u0000"',
    '{"a": 1, "a": 2}',
    '"\\ud800"',
]


def model_input(onnx: bytes, sidecar: object, registry: object) -> bytes:
    """Return an input of fuzz_model."""
    side = json.dumps(sidecar).encode()
    head = struct.pack(">HH", len(onnx), len(side))
    return head + onnx + side + json.dumps(registry).encode()


def onnx_seeds() -> list[bytes]:
    protos = [*(make() for make in ALLOWED.values()), *(rule[0]() for rule in FORBIDDEN.values())]
    return [data for proto in protos if len(data := raw(proto)) <= LARGEST]


def model_seeds() -> Iterator[bytes]:
    for data in (raw(mlp()), raw(ALLOWED["columns"]()), raw(ALLOWED["svm"]())):
        yield model_input(data, {}, {"models": []})
        row = ROW | {"sha256": sha256(data).hexdigest()}
        for sidecar in SIDECARS:
            yield model_input(data, sidecar, {"models": [row]})
        yield model_input(data, {}, {"models": [row | {"sha256": "1" * 64}]})


def noise(count: int, size: int) -> list[bytes]:
    rng = random.Random(7)
    return [rng.randbytes(rng.randrange(size)) for _ in range(count)]


def picture_seeds() -> Iterator[bytes]:
    """Common sizes and depths, then noise: odd byte, width, height, bits, renditions and so on."""
    rng = random.Random(1)
    for width, height in ((33, 33), (34, 160), (64, 48), (160, 33), (127, 65), (32, 33)):
        for bits in (0, 1, 2, 4, 8):
            yield bytes([0, width, height, bits, 1, 0, 0, 100, 1]) + rng.randbytes(48)


def log_seeds() -> Iterator[bytes]:
    texts = ("a", "<&\">'", "\u00e4\u20ac\U0001f600\ufffe", "\x1b[0m\n\t\x7f", '\\u0000"}')
    for text in texts:
        data = text.encode()
        yield (bytes([len(data)]) + data) * 8 + bytes([1, 1, 2]) + noise(1, 200)[0].ljust(200)
    yield bytes([3]) + b"\xff\xc0\x80" * 20


CORPORA = {
    "json": lambda: (
        [t.encode() for t in TEXTS] + [json.dumps(content).encode() for content in REGISTRIES]
    ),
    "log": lambda: [*log_seeds(), *noise(20, 600)],
    "model": model_seeds,
    "onnx": onnx_seeds,
    "picture": lambda: [*picture_seeds(), *noise(20, 60)],
    "registry": lambda: [json.dumps(content).encode() for content in REGISTRIES],
    "sidecar": lambda: [json.dumps(content).encode() for content in SIDECARS],
}


def write(folder: Path) -> None:
    """Write the seeds of every target into a folder of its name."""
    for target, seeds in CORPORA.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for seed in seeds():
            (folder / target / sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
