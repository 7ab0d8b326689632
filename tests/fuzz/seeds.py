"""Seeds for the fuzz targets: what they take, what they must refuse, and what only just counts."""

import json
import random
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/python"))

from onnx import TensorProto  # noqa: E402

from fusion_models import FEATURES, mlp, total, value  # noqa: E402
from fusion_rules import ALLOWED, FORBIDDEN, raw  # noqa: E402

SHIPPED = ROOT / "model/tiny"
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
    {"models": [ROW | {"quant_mode": "dynamic", "int8_sha256": "1" * 64, "opset": 17}]},
    {"models": [ROW | {"quant_mode": "fp32", "int8_sha256": "1" * 64, "opset": "17"}]},
    {"schema_version": 2, "models": [{}]},
]
SIDECARS = [
    {},
    {"features": FEATURES, "teacher": "vmaf_v0.6.1", "sha256": "0" * 64},
    {"feature_mean": [0.5] * 6, "feature_std": [1e-3] * 6, "input_name": "features"},
    {"feature_order": FEATURES, "input_mean": [1] * 6, "onnx_has_scaler": True},
    {"features": FEATURES[::-1], "output_names": ["score"]},
    {"feature_mean": [1e308] * 6, "feature_std": [1e-320] * 6},
    {"score_clip": None, "vif_gain_limit": 1, "adm_gain_limit": 1.2, "output_name": "score"},
    {"score_clip": [1, 0], "vif_gain_limit": 0},
    {"input_names": ["ref", "dist"], "output_name": "score", "feature": "dists_sq"},
]
# How models are told of the encoder: all of it, part of it, and parts that do not go together.
CONDITIONS: list[dict[str, object]] = [
    {
        "input_names": ["features", "codec"],
        "encoder_vocab": ["libx264", "libx265", "other"],
        "encoder_aliases": {"h264": "libx264", "lost": "nowhere"},
        "encoder_presets": {"libx264": {"fast": 2, "slow": 4}},
        "preset_max": 8,
        "preset_unknown": 3,
        "crf_range": [1, 51],
        "codec_blind": [0.25, 0.25, 0.5, 0.125, 0.75],
    },
    {"encoder_vocab": ["libx264", "unknown", "libx265"]},
    {"encoder_vocab": ["a", "a", "a"], "preset_max": 0, "crf_range": [63, 0]},
    {"encoder_vocab": ["libx264"] * 3, "encoder_aliases": [], "codec_blind": [1]},
    {"encoder_vocab": ["libx264", 1, None], "encoder_presets": {"libx264": 1}},
    {"encoder_vocab": []},
]
OPTIONS: list[tuple[str | None, str | None, str | None]] = [
    ("libx264", "slow", "26"),
    ("h264", None, "1.5e1"),
    ("blind", None, None),
    ("blind", "fast", "20"),
    ("lost", "fast", "1"),
    ("libx265", "x", "-1"),
    (None, None, "26"),
    ("", "", ""),
    ("x" * 70, "p" * 40, "0" * 33),
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


def texts_of(texts: Iterable[str | None]) -> bytes:
    """Return which of them are given, as bits of a byte, and those, each after its length."""
    given = sum(1 << i for i, text in enumerate(texts) if text is not None)
    parts = (text.encode() for text in texts if text is not None)
    return bytes([given]) + b"".join(bytes([len(part)]) + part for part in parts)


def model_input(
    onnx: bytes,
    sidecar: object,
    registry: object,
    told: tuple[str | None, str | None, str | None] = (None, None, None),
) -> bytes:
    """Return an input of fuzz_model."""
    side = json.dumps(sidecar).encode()
    head = struct.pack(">HH", len(onnx), len(side)) + texts_of(told)
    return head + onnx + side + json.dumps(registry).encode()


def conditioned(kind: int = TensorProto.FLOAT) -> bytes:
    """Return a model that takes a codec block of 5 values."""
    inputs = [value("features", ["N", 6], kind), value("codec", ["N", 5], kind)]
    return raw(total(inputs=inputs, outputs=[value("score", ["N", 1], kind)]))


def looking(count: int, output: str, shape: list[object]) -> bytes:
    """Return a model that looks at pictures."""
    inputs = [value(name, [1, 3, "H", "W"]) for name in ("ref", "dist")[:count]]
    return raw(total(inputs=inputs, outputs=[value(output, shape)]))


PICTURES = (
    (1, "score", []),
    (2, "score", [1, 1]),
    (1, "saliency_map", [1, 1, "H", "W"]),
    (2, "saliency_map", [1, 1, "H", "W"]),
)


def shipped(pattern: str) -> list[bytes]:
    """Return what the repository has of a kind and is small enough."""
    files = (path.read_bytes() for path in sorted(SHIPPED.glob(pattern)))
    return [data for data in files if len(data) <= LARGEST]


def onnx_seeds() -> list[bytes]:
    protos = [*(make() for make in ALLOWED.values()), *(rule[0]() for rule in FORBIDDEN.values())]
    made = [data for proto in protos if len(data := raw(proto)) <= LARGEST]
    looks = [looking(*kind) for kind in PICTURES]
    return [*made, conditioned(), conditioned(TensorProto.DOUBLE), *looks, *shipped("*.onnx")]


def model_seeds() -> Iterator[bytes]:
    kinds = ("columns", "svm", "doubles", "quantized")
    for data in (raw(mlp()), *(raw(ALLOWED[kind]()) for kind in kinds)):
        yield model_input(data, {}, {"models": []})
        row = ROW | {"sha256": sha256(data).hexdigest()}
        for sidecar in SIDECARS:
            yield model_input(data, sidecar, {"models": [row]})
        yield model_input(data, {}, {"models": [row | {"sha256": "1" * 64}]})
        yield model_input(data, {}, {"models": [row]}, ("libx264", None, "26"))
    for data in (conditioned(), conditioned(TensorProto.DOUBLE)):
        registry = {"models": [ROW | {"sha256": sha256(data).hexdigest()}]}
        for told in OPTIONS:
            yield model_input(data, CONDITIONS[0], registry, told)
        for sidecar in CONDITIONS:
            for told in OPTIONS[:3]:
                yield model_input(data, sidecar, registry, told)
    for kind in PICTURES:
        data = looking(*kind)
        row = ROW | {"sha256": sha256(data).hexdigest(), "smoke": True}
        names = {"input_names": ["ref", "dist"][: kind[0]], "output_name": kind[1]}
        yield model_input(data, names | {"feature": "f"}, {"models": [row]})
        yield model_input(data, {}, {"models": []})
    for path in sorted(SHIPPED.glob("*.onnx")):
        if path.stat().st_size <= LARGEST:
            sidecar = json.loads(path.with_suffix(".json").read_text())
            row = ROW | {"sha256": sha256(path.read_bytes()).hexdigest()}
            yield model_input(path.read_bytes(), sidecar, {"models": [row]})


NAMES = ["vmaf_tiny_v2", "vmaf_tiny_v3", "fr_regressor_v2", "fr_regressor_v3", "nobody", "../x"]
KNOWN = ["min", "harmonic_mean", "json", "sub", "best", "c", "avx2", "exact", "fast", "median"]


def option_seeds() -> Iterator[bytes]:
    """Model, device, codec, preset, crf, and a name of something; see tests/fuzz/options.c."""
    for name in [None, *NAMES]:
        for told in [(None, None, None), *OPTIONS]:
            yield texts_of((name, None, *told, None))
        for device in ("auto", "cpu", "cuda", "abacus", ""):
            yield texts_of((name, device, None, None, None, None))
    for known in KNOWN:
        yield texts_of((None, None, None, None, None, known))


FILTERED = [
    {},
    {"model": "vmaf_tiny_v2", "pool": "harmonic_mean", "log_fmt": "json", "log_path": "a.json"},
    {"model": "fr_regressor_v3", "codec": "libx264", "preset": "slow", "crf": "26"},
    {"model": "fr_regressor_v2", "codec": "blind", "renditions": "64", "stats": "1.5"},
    {"model": "dists_sq_placeholder_v0", "stats": "00:00:10.5", "n_threads": "3"},
    {"model": "a\nb\x1b[0m.onnx", "pool": "me\ndian", "eof_action": "pass"},
    {"device": "cuda", "cpu": "c", "mode": "fast", "n_subsample": "2147483647"},
    {"disable_clip": "1", "allow_range": "true", "allow_hdr": "auto", "shortest": "-1"},
    {"log_fmt": "y\taml"},
    {"cpu": "%n%s%1000000d"},
    {"stats": "-1", "repeatlast": "0", "model_dir": "/nowhere"},
    {"mode": "\x7f"},
]
# What the bytes in front of the texts stand for.
LISTED = (ROOT / "tests/fuzz/filter.c").read_text().partition("options[] = {")[2].partition("}")[0]
ORDER = re.findall(r'"(\w+)"', LISTED)


def filter_seeds() -> Iterator[bytes]:
    """Options of the filter, one by one and as one text."""
    for options in FILTERED:
        parts = (
            bytes([ORDER.index(name), len(text)]) + text.encode() for name, text in options.items()
        )
        yield b"\0" + b"".join(parts)
        yield b"\1" + ":".join(f"{name}={text}" for name, text in options.items()).encode()
    for text in ("a=b", "model='x", "model=a\\:b", "=", ":::", "vmaf_tiny_v2:/x:2", "stats=nan"):
        yield b"\1" + text.encode()


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


def encoded(content: object) -> bytes:
    return json.dumps(content).encode()


CORPORA = {
    "json": lambda: [
        *(t.encode() for t in TEXTS),
        *map(encoded, REGISTRIES),
        *map(encoded, CONDITIONS),
    ],
    "filter": filter_seeds,
    "log": lambda: [*log_seeds(), *noise(20, 600)],
    "model": model_seeds,
    "onnx": onnx_seeds,
    "options": option_seeds,
    "picture": lambda: [*picture_seeds(), *noise(20, 60)],
    "registry": lambda: [*map(encoded, REGISTRIES), *shipped("registry.json")],
    "sidecar": lambda: [*map(encoded, [*SIDECARS, *CONDITIONS]), *shipped("*_*.json")],
}


def write(folder: Path) -> None:
    """Write the seeds of every target into a folder of its name."""
    for target, seeds in CORPORA.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for seed in seeds():
            (folder / target / sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
