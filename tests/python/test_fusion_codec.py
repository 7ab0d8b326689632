"""Models that are conditioned on the encoder: how codec, preset and CRF reach them."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto as T

import vmaf_tiny
from fusion_models import CONDITIONED, ROWS, Answer, Probe, conditioned, refused, register, runtime
from fusion_rules import raw
from vmaf_tiny._core import ROW, Model
from vmaf_train.codecs import CODECS_12

SHARED = Path(__file__).resolve().parents[3] / "shared/data/models"
EINVAL, EBADMSG = -22, -74


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", runtime())


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a conditioned model "c"."""
    register(tmp_path, "c", conditioned(), sidecar=CONDITIONED)
    return tmp_path


def ask(probe: Probe, folder: Path, *options: str, name: str = "c", rows=ROWS) -> Answer:
    return probe.open(name, f"model_dir={folder}", "disable_clip=1", *options, rows=rows)


def block_of(answer: Answer) -> float:
    """The codec block that a model of zeros has seen, as digits."""
    assert answer.rc == 0, answer.error
    return answer.scores[2]  # its features are zeros


@pytest.mark.parametrize(
    ("options", "block", "said"),
    [
        (["codec=libx264", "preset=slow", "crf=26"], [1, 0, 0, 0.5, 0.5], "libx264 slow 26"),
        (["codec=h264", "preset=fast", "crf=1"], [1, 0, 0, 0.25, 0], "libx264 fast 1"),
        (["codec=libx265", "crf=51"], [0, 1, 0, 0.375, 1], "libx265  51"),
        (["codec=other", "crf=1.5e1"], [0, 0, 1, 0.375, 0.28], "other  1.5e1"),
        (["codec=blind"], CONDITIONED["codec_blind"], "blind  "),
    ],
)
@pytest.mark.parametrize("kind", [T.FLOAT, T.DOUBLE], ids=["float", "double"])
def test_the_block_is_made_as_the_sidecar_says(
    probe: Probe, tmp_path: Path, kind: int, options: list[str], block: list[float], said: str
) -> None:
    register(tmp_path, "c", conditioned(kind), sidecar=CONDITIONED)
    answer = ask(probe, tmp_path, *options)
    expected = sum(digit * 10.0**i for i, digit in enumerate(block))
    assert block_of(answer) == pytest.approx(expected, rel=1e-6)
    assert " ".join(answer.values[k] for k in ("codec", "preset", "crf")) == said
    assert answer.scores[0] == pytest.approx(5 + expected, rel=1e-6)


def test_the_order_of_the_inputs_in_the_file_does_not_matter(probe: Probe, models: Path) -> None:
    names = {"input_names": ["features", "codec"]}
    register(models, "swapped", conditioned(swapped=True), sidecar=CONDITIONED | names)
    answers = [ask(probe, models, "codec=h264", "crf=20", name=name) for name in ("c", "swapped")]
    assert answers[0].scores == answers[1].scores


def test_many_rows_get_the_same_block(probe: Probe, models: Path) -> None:
    rows = [(0, 0, 0, 0, 0, i) for i in range(3000)]
    answer = ask(probe, models, "codec=h264", "crf=26", rows=rows)
    base = answer.scores[0]
    assert answer.scores == pytest.approx([base + i for i in range(3000)], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], ["conditioned on the encoder", "libx264, libx265, other", "blind"]),
        (["codec="], ["which '' is not", "libx264, libx265, other"]),
        (["codec=av2"], ["'av2'", "libx264, libx265, other", "blind"]),
        (["codec=lost", "crf=20"], ["'nowhere'", "libx264, libx265, other"]),
        (["codec=h264"], ["CRF that libx264 encoded with, 1 to 51", "codec blind"]),
        (["codec=h264", "crf=0.5"], ["1 to 51, not '0.5'"]),
        (["codec=h264", "crf=52"], ["1 to 51, not '52'"]),
        (["codec=h264", "crf=x"], ["not 'x'"]),
        (["codec=h264", "crf="], ["not ''"]),
        (["codec=h264", "crf=nan"], ["not 'nan'"]),
        (["codec=h264", "crf=20", "preset=placebo"], ["'placebo' of libx264", "fast, slow"]),
        (["codec=other", "crf=20", "preset=fast"], ["no presets of other"]),
        (["codec=blind", "crf=20"], ["no preset and no crf"]),
        (["codec=blind", "preset=fast"], ["no preset and no crf"]),
        (["crf=20"], ["conditioned on the encoder"]),
        (["codec=" + "x" * 5000, "crf=20"], ["'" + "x" * 40 + "'"]),
    ],
)
def test_what_the_model_does_not_know_is_refused(
    probe: Probe, models: Path, options: list[str], words: list[str]
) -> None:
    refused(ask(probe, models, *options), EINVAL, *words)


@pytest.mark.parametrize("option", ["codec=libx264", "codec=blind", "preset=slow", "crf=20"])
def test_a_model_that_takes_no_codec_refuses_one(probe: Probe, option: str) -> None:
    folder = Path(__file__).resolve().parents[2] / "model/tiny"
    answer = probe.open("vmaf_tiny_v2", f"model_dir={folder}", option)
    refused(answer, EINVAL, "vmaf_tiny_v2' is not conditioned on the encoder", "leave codec")


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"encoder_vocab": None}, "encoder_vocab"),
        ({"encoder_vocab": ["libx264"]}, "encoder_vocab"),
        ({"encoder_vocab": ["libx264", 1, 2]}, "encoder_vocab"),
        ({"encoder_vocab": ["libx264", "b", "c" * 65]}, "encoder_vocab"),
        ({"crf_range": [51, 1]}, "crf_range"),
        ({"crf_range": 51}, "crf_range"),
        ({"crf_range": [1, "51"]}, "crf_range"),
        ({"preset_max": 0}, "preset_max"),
        ({"preset_unknown": "slow"}, "preset_max"),
    ],
)
def test_a_sidecar_that_does_not_say_how_is_refused(
    probe: Probe, tmp_path: Path, change: dict[str, object], member: str
) -> None:
    sidecar = {k: v for k, v in (CONDITIONED | change).items() if v is not None}
    register(tmp_path, "c", conditioned(), sidecar=sidecar)
    refused(ask(probe, tmp_path, "codec=libx264", "crf=20"), EBADMSG, "codec block", member)


def test_a_blind_block_of_another_width_is_refused(probe: Probe, tmp_path: Path) -> None:
    for blind in ([0.5] * 4, [0.5] * 4 + ["a"], 0.5):
        path = register(tmp_path, "c", conditioned(), sidecar=CONDITIONED | {"codec_blind": blind})
        refused(ask(probe, tmp_path, "codec=blind"), EBADMSG, "codec_blind")
        (tmp_path / "registry.json").unlink()
        path.unlink()


def test_a_conditioned_model_without_sidecar_is_refused(probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "c.onnx"
    path.write_bytes(raw(conditioned()))
    refused(probe.open(path, f"model_dir={tmp_path}", "codec=h264"), EBADMSG, "encoder_vocab")


def test_a_sidecar_of_another_second_input_is_refused(probe: Probe, tmp_path: Path) -> None:
    sidecar = CONDITIONED | {"input_names": ["features", "encoder"]}
    register(tmp_path, "c", conditioned(), sidecar=sidecar)
    refused(ask(probe, tmp_path, "codec=h264", "crf=20"), EBADMSG, "input or output differs")


# --------------------------------------------------------------------------- the usual encoding

USUAL = ("libx264", "libx265", "libsvtav1", "libvvenc", "libvpx-vp9", "h264_nvenc", "av1_qsv")


@pytest.mark.parametrize(
    ("codec", "encoder", "preset", "ordinal"),
    [
        ("x264", "libx264", "ultrafast", 0),
        ("libx264", "libx264", "placebo", 9),
        ("hevc", "libx265", "medium", 5),
        ("av1", "libsvtav1", "4", 4),
        ("libsvtav1", "libsvtav1", "13", 9),
        ("vvc", "libvvenc", "slower", 8),
        ("vp9", "libvpx-vp9", "good", 5),
        ("h264_nvenc", "h264_nvenc", "p4", 5),
        ("av1_qsv", "av1_qsv", "veryfast", 2),
        ("libx264", "libx264", None, 5),
    ],
)
def test_a_sidecar_with_a_vocabulary_alone_is_encoded_as_usual(
    probe: Probe, tmp_path: Path, codec: str, encoder: str, preset: str | None, ordinal: float
) -> None:
    width = len(USUAL) + 2
    sidecar = {"encoder_vocab": USUAL, "input_names": ["features", "codec"]}
    register(tmp_path, "c", conditioned(T.DOUBLE, width=width), sidecar=sidecar)
    options = [f"codec={codec}", "crf=21", *([f"preset={preset}"] if preset else [])]
    block = [float(name == encoder) for name in USUAL] + [ordinal / 9, 21 / 63]
    expected = sum(digit * 10.0**i for i, digit in enumerate(block))
    assert block_of(ask(probe, tmp_path, *options)) == pytest.approx(expected, rel=1e-12)


def one_hot(vocabulary: list[str], encoder: str, preset: float, crf: float) -> np.ndarray:
    block = [float(name == encoder) for name in vocabulary]
    return np.array([[*block, preset, crf]], np.float32)


@pytest.mark.skipif(not SHARED.is_dir(), reason="there is no ../shared/data")
@pytest.mark.parametrize("name", ["fr_regressor_v2", "fr_regressor_v3"])
def test_conditioned_models_of_others_answer_as_in_python(probe: Probe, name: str) -> None:
    sidecar = json.loads((SHARED / f"{name}.json").read_text())
    vocabulary = sidecar["encoder_vocab"]
    session = onnxruntime.InferenceSession(SHARED / f"{name}.onnx")
    features, codec = session.get_inputs()
    rows = (np.array(ROWS) - sidecar["feature_mean"]) / sidecar["feature_std"]
    blind = "unknown" if "unknown" in vocabulary else vocabulary[0]
    for options, block in (
        (["codec=h264", "preset=slow", "crf=28"], one_hot(vocabulary, "libx264", 6 / 9, 28 / 63)),
        (["codec=libsvtav1", "preset=10", "crf=35"], one_hot(vocabulary, "libsvtav1", 1, 35 / 63)),
        (["codec=blind"], one_hot(vocabulary, blind, 0.5, 0.5)),
    ):
        feed = {features.name: rows.astype(np.float32), codec.name: block.repeat(len(rows), 0)}
        answer = ask(probe, SHARED, *options, name=name)
        assert answer.scores == pytest.approx(session.run(None, feed)[0].ravel(), abs=1e-4)


@pytest.mark.skipif(not SHARED.is_dir(), reason="there is no ../shared/data")
def test_a_model_of_others_is_standardized_for(probe: Probe, tmp_path: Path) -> None:
    """Its weights lie in a file of their own, which is refused; put into one, they are taken."""
    name = "fr_regressor_v1"
    refused(probe.open(name, f"model_dir={SHARED}"), EBADMSG, "another file")
    path = tmp_path / f"{name}.onnx"
    onnx.save(onnx.load(SHARED / f"{name}.onnx"), path)
    sidecar = json.loads((SHARED / f"{name}.json").read_text())
    del sidecar["sha256"]
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    rows = (np.array(ROWS) - sidecar["feature_mean"]) / sidecar["feature_std"]
    (expected,) = onnxruntime.InferenceSession(path).run(None, {"features": rows.astype("f4")})
    answer = probe.open(path, f"model_dir={tmp_path}", "disable_clip=1")
    assert answer.scores == pytest.approx(expected.ravel(), abs=1e-4)


# ---------------------------------------------------------------------------------- in Python


def test_python_conditions_and_says_so(models: Path) -> None:
    rows = np.zeros(1, ROW)
    options = {"codec": "x264", "preset": "fast", "crf": 26}
    sidecar = CONDITIONED | {"encoder_aliases": {"x264": "libx264"}}
    register(models, "p", conditioned(), sidecar=sidecar)
    with Model("p", model_dir=models, clip=False, **options) as opened:
        assert opened.score(rows)[0] == pytest.approx(1 + 250 + 5000)
        info = opened.info
    assert (info.codec, info.preset, info.crf) == ("libx264", "fast", "26")
    pictures = np.zeros((2, 64, 64), np.uint8)
    result = vmaf_tiny.score(pictures, pictures, "p", model_dir=models, **options)
    assert result.provenance.model == info.__class__(**(vars(info) | {"clipped": True}))
    log = models / "log.json"
    result.write(log, "json")
    text = log.read_text()
    assert '"codec": "libx264"' in text and '"preset": "fast"' in text and '"crf": "26"' in text
    with pytest.raises(vmaf_tiny.ModelError, match="libx264, libx265, other"):
        vmaf_tiny.score(pictures, pictures, "p", model_dir=models, codec="av2")
    with pytest.raises(vmaf_tiny.ModelError, match="not conditioned"):
        vmaf_tiny.score(pictures, pictures, codec="libx264")


def test_the_usual_encoding_is_that_of_the_factory(tmp_path: Path) -> None:
    """A sidecar with a vocabulary alone and one that says everything come to the same."""
    width, said = CODECS_12.width, dict(CODECS_12.sidecar())
    names = {"input_names": ["features", "codec"]}
    bare = {"encoder_vocab": said["encoder_vocab"]}
    register(tmp_path, "said", conditioned(T.DOUBLE, width=width), sidecar=said | names)
    register(tmp_path, "bare", conditioned(T.DOUBLE, width=width), sidecar=bare | names)
    rows = np.zeros(1, ROW)
    asked = [{"codec": "blind"}]
    for encoder in said["encoder_vocab"]:
        presets = [*said["encoder_presets"].get(encoder, {}), None]
        asked += [{"codec": encoder, "preset": preset, "crf": "21"} for preset in presets]
    asked += [{"codec": alias, "crf": "35"} for alias in said["encoder_aliases"]]
    for options in asked:
        scores = []
        for name in ("said", "bare"):
            with Model(name, model_dir=tmp_path, clip=False, **options) as opened:
                scores.append(opened.score(rows)[0])
        assert scores[0] == scores[1], options
