"""libvmaf's models in our pipe: scores are those of libvmaf, of the live one of a real ffmpeg.

The models are made here and given to libvmaf and to us; libvmaf's own are tried where they are.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from jsonschema import Draft202012Validator

import train_support as support
import vmaf_tiny
from vmaf_tiny._core import FEATURES, Model
from vmaf_tiny.errors import InputError
from vmaf_tiny.logs import read_log
from vmaf_tiny.rescore import rescore
from vmaf_train.cli import main
from vmaf_train.errors import TrainError
from vmaf_train.import_svm import read_svm, to_onnx
from vmaf_train.libvmaf import ffmpeg

SHARED = Path(__file__).resolve().parents[3] / "shared/data"
SCHEMA = json.loads((support.MODELS / "sidecar.schema.json").read_text())
WIDTH, HEIGHT, PICTURES = 192, 144, 6
ORDER = ("adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3")  # libvmaf's
CLOSE = 1e-6 * 1.01  # libvmaf prints six decimals


def svm(seed: int = 3, *, neg: bool = False, **change: object) -> dict:
    """Return a model file of libvmaf with made-up vectors, whose scores go below 0."""
    rng = np.random.default_rng(seed)
    lines = [
        f"{weight:.6g} " + " ".join(f"{i + 1}:{v:.8g}" for i, v in enumerate(vector) if v > 0.05)
        for weight, vector in zip(rng.choice([-4, 4], 40), rng.random((40, 6)), strict=True)
    ]
    header = f"svm_type nu_svr\nkernel_type rbf\ngamma 0.7\nnr_class 2\ntotal_sv {len(lines)}\n"
    limit = {"adm": {"adm_enhn_gain_limit": 1.0}, "vif": {"vif_enhn_gain_limit": 1.2}}
    model = {
        "model_type": "LIBSVMNUSVR",
        "norm_type": "linear_rescale",
        "slopes": [0.11, 1.1, 0.04, 0.9, 1.2, 1.3, 1.4],
        "intercepts": [-0.3, -0.1, -0.01, 0.05, -0.2, -0.3, -0.4],
        "score_clip": [0.0, 100.0],
        "feature_names": [f"VMAF_integer_feature_{name}_score" for name in ORDER],
        "feature_dict": {"VMAF_integer_feature": list(ORDER)},
        "model": header + "rho -3.5\nSV\n" + " \n".join(lines) + " \n",
    }
    if neg:
        model["feature_opts_dicts"] = [limit.get(name[:3], {}) for name in ORDER]
    model |= change
    return {
        "param_dict": {"C": 4.0, "nu": 0.9, "gamma": 0.7},
        "model_dict": {k: v for k, v in model.items() if v is not None},
    }


def clip(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return moving pictures and what blur and sharpening make of them."""
    rng = np.random.default_rng(seed)
    canvas = rng.integers(0, 256, (HEIGHT // 4 + 16, WIDTH // 4 + 16)).repeat(4, 0).repeat(4, 1)
    canvas = (canvas + np.roll(canvas, 2, 0) + np.roll(canvas, 3, 1)) / 3
    ref = [canvas[2 * i : 2 * i + HEIGHT, 3 * i : 3 * i + WIDTH] for i in range(PICTURES)]
    out = []
    for i, picture in enumerate(ref):
        soft = (picture + np.roll(picture, 1, 0) + np.roll(picture, 1, 1)) / 3
        amount = 1.4 if i % 2 else -0.7  # sharpened beyond the reference, or blurred
        noise = rng.normal(0, i, picture.shape)
        out.append(picture + amount * (picture - soft) + noise)
    return tuple(np.clip(np.rint(np.stack(p)), 0, 255).astype(np.uint8) for p in (ref, out))


def y4m(path: Path, pictures: np.ndarray) -> Path:
    height, width = pictures.shape[1:]
    grey = bytes([128]) * (2 * ((height + 1) // 2) * ((width + 1) // 2))
    header = f"YUV4MPEG2 W{width} H{height} F25:1 Ip C420jpeg XCOLORRANGE=LIMITED\n".encode()
    path.write_bytes(header + b"".join(b"FRAME\n" + p.tobytes() + grey for p in pictures))
    return path


def libvmaf(ref: Path, dis: Path, model: str) -> list[float]:
    """Scores of the live libvmaf."""
    graph = f"libvmaf=log_fmt=json:log_path=/dev/stdout:n_threads=1:model='{model}'"
    command = [ffmpeg(), "-v", "error", "-i", dis, "-i", ref, "-lavfi", graph, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return [frame["metrics"]["vmaf"] for frame in json.loads(done.stdout)["frames"]]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("videos")
    ref, dis = clip(1)
    return y4m(folder / "ref.y4m", ref), y4m(folder / "dis.y4m", dis)


def imported(folder: Path, content: dict | Path, *options: str) -> Path:
    source = content if isinstance(content, Path) else folder / "source.json"
    if isinstance(content, dict):
        source.write_text(json.dumps(content))
    out = folder / "m.onnx"
    assert main(["import-svm", "--json", str(source), "--out-onnx", str(out), *options]) == 0
    Draft202012Validator(SCHEMA).validate(json.loads(out.with_suffix(".json").read_text()))
    return out


POLYNOMIAL = {"p0": 1.7, "p1": 1.73, "p2": -0.00705}
MODELS = {
    "plain": ({}, ""),
    "limited": ({"neg": True}, ""),
    "not clipped": ({"score_clip": None}, ""),
    "clipped elsewhere": ({"score_clip": [30.0, 60.0]}, ""),
    "transform not asked for": ({"score_transform": POLYNOMIAL | {"out_gte_in": "true"}}, ""),
    "transform": ({"score_transform": POLYNOMIAL}, "--transform"),
    "transform, not below": (
        {"score_transform": POLYNOMIAL | {"out_gte_in": "true"}},
        "--transform",
    ),
    "transform, not above": (
        {"score_transform": POLYNOMIAL | {"out_lte_in": "true"}},
        "--transform",
    ),
    "transform of a part": ({"score_transform": {"p1": 0.5}}, "--transform"),
}


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_those_of_the_live_libvmaf(name, videos, tmp_path):
    change, option = MODELS[name]
    path = imported(tmp_path, svm(**change), *filter(None, [option]))
    asked = f"path={tmp_path / 'source.json'}" + ("\\:enable_transform=true" if option else "")
    expected = libvmaf(*videos, asked)
    assert np.ptp(expected) > 1
    result = vmaf_tiny.score(*videos, path)
    assert result.scores == pytest.approx(expected, abs=CLOSE)


def test_models_reach_below_and_above_what_they_are_clipped_to(videos, tmp_path):
    free = vmaf_tiny.score(*videos, imported(tmp_path, svm(score_clip=None))).scores
    held = vmaf_tiny.score(*videos, imported(tmp_path, svm(score_clip=[30.0, 60.0]))).scores
    asked = vmaf_tiny.score(*videos, tmp_path / "m.onnx", clip=False).scores
    assert (held == np.clip(free, 30, 60)).all() and (held != free).any()
    assert (asked == free).all()


def shared_model(name: str) -> Path:
    path = SHARED / "models" / f"{name}.json"
    if not path.is_file():
        pytest.skip("libvmaf's model files are not here")
    return path


NAMES = ["vmaf_v0.6.1", "vmaf_v0.6.1neg", "vmaf_4k_v0.6.1"]


@pytest.mark.parametrize("name", NAMES)
def test_libvmaf_s_models_give_libvmaf_s_scores(name, videos, tmp_path):
    path = imported(tmp_path, shared_model(name))
    expected = libvmaf(*videos, f"version={name}")
    assert vmaf_tiny.score(*videos, path).scores == pytest.approx(expected, abs=CLOSE)


def test_libvmaf_s_phone_model_gives_its_scores(videos, tmp_path):
    path = imported(tmp_path, shared_model("vmaf_v0.6.1"), "--transform")
    expected = libvmaf(*videos, "version=vmaf_v0.6.1\\:enable_transform=true")
    assert vmaf_tiny.score(*videos, path).scores == pytest.approx(expected, abs=CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_libvmaf_s_models_on_real_clips(name, tmp_path):
    model, folder = shared_model(name), SHARED / "clips"
    clips = sorted(folder.glob("*.mp4"), key=lambda p: p.stat().st_size)[:3]
    if not clips:
        pytest.skip("the shared clips are not here")
    path = imported(tmp_path, model)
    for source in clips:
        ref, dis = tmp_path / "ref.y4m", tmp_path / "dis.y4m"
        for target, graph in ((ref, "null"), (dis, "gblur=0.8,unsharp=5:5:1.2,noise=alls=6")):
            command = [ffmpeg(), "-v", "error", "-y", "-i", source, "-frames:v", "4", "-vf"]
            subprocess.run([*command, graph, "-pix_fmt", "yuv420p", target], check=True)
        expected = libvmaf(ref, dis, f"version={name}")
        assert vmaf_tiny.score(ref, dis, path).scores == pytest.approx(expected, abs=1e-3)


# ------------------------------------------------------------------------------- gain limits


def test_features_have_the_limits_that_the_model_wants(videos, tmp_path):
    path = imported(tmp_path, svm(neg=True))
    with Model(path) as model:
        assert (model.info.vif_gain_limit, model.info.adm_gain_limit) == (1.2, 1)
        limited = vmaf_tiny.score(*videos, model)
    usual = vmaf_tiny.score(*videos)
    where = FEATURES.index("adm2")
    assert (limited.features[:, where] < usual.features[:, where]).any()
    assert limited.provenance.vif_gain_limit == 1.2
    assert limited.provenance.adm_gain_limit == 1


def test_features_of_other_limits_are_not_scored_again(videos, tmp_path):
    path = imported(tmp_path, svm(neg=True))
    usual, limited = vmaf_tiny.score(*videos), vmaf_tiny.score(*videos, path)
    with Model(path) as model:
        assert (rescore(limited, model).scores == limited.scores).all()
        with pytest.raises(InputError, match=r"limit of 100, and m wants a limit of 1\.2"):
            rescore(usual, model)
    with Model() as model, pytest.raises(InputError, match=r"limit of 1\.2, and vmaf_tiny_v2"):
        rescore(limited, model)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_log_names_the_limits_as_libvmaf_s_does(kind, videos, tmp_path):
    path = imported(tmp_path, svm(neg=True))
    result = vmaf_tiny.score(*videos, path)
    log = tmp_path / f"log.{kind}"
    result.write(log, kind)
    text = log.read_text()
    assert "integer_adm2_egl_1" in text and "integer_vif_scale3_egl_1.2" in text
    assert "integer_motion2" in text and "motion2_egl" not in text
    again = read_log(log).result.provenance
    assert (again.vif_gain_limit, again.adm_gain_limit) == (1.2, 1)


def test_libvmaf_s_log_of_limited_features_is_read(videos, tmp_path):
    (tmp_path / "m.json").write_text(json.dumps(svm(neg=True)))
    log = tmp_path / "log.json"
    graph = f"libvmaf=log_fmt=json:log_path={log}:model='path={tmp_path / 'm.json'}'"
    command = [ffmpeg(), "-v", "error", "-i", videos[1], "-i", videos[0], "-lavfi", graph]
    subprocess.run([*command, "-f", "null", "-"], check=True)
    read = read_log(log).result
    assert (read.provenance.vif_gain_limit, read.provenance.adm_gain_limit) == (1.2, 1)
    ours = vmaf_tiny.score(*videos, imported(tmp_path, svm(neg=True)))
    assert read.features == pytest.approx(ours.features, abs=CLOSE)


# ------------------------------------------------------------------------------------ the file


def test_bytes_are_the_same_again_and_differ_with_the_limits(tmp_path):
    files = []
    for i, content in enumerate((svm(), svm(), svm(neg=True))):
        folder = tmp_path / str(i)
        folder.mkdir()
        files.append(imported(folder, content).read_bytes())
    assert files[0] == files[1] != files[2]


def test_the_graph_answers_as_the_teacher(tmp_path):
    source = tmp_path / "m.json"
    source.write_text(json.dumps(svm()))
    model = read_svm(source)
    rows = np.random.default_rng(0).random((2000, 6)) * [1, 1, 1, 1, 1, 30]
    session = onnxruntime.InferenceSession(to_onnx(model))
    (scores,) = session.run(None, {"features": rows})
    assert scores == pytest.approx(model.regression.raw(rows), abs=1e-8)


BAD = {
    "no model": ({}, "not a model file"),
    "text": ("hello", "cannot read"),
    "other features": (
        svm(feature_names=["VMAF_integer_feature_psnr_score"] * 6),
        "not a model file",
    ),
    "floating features": (
        svm(feature_names=[f"VMAF_feature_{name}_score" for name in ORDER]),
        "not a model file",
    ),
    "an option": (svm(feature_opts_dicts=[{"adm_csf": 1}, *[{}] * 5]), "adm2 has adm_csf"),
    "limits that differ": (
        svm(feature_opts_dicts=[{}, {}, {"vif_enhn_gain_limit": 1}, {}, {}, {}]),
        "vif_gain_limit is",
    ),
    "limit below 1": (
        svm(feature_opts_dicts=[{"adm_enhn_gain_limit": 0.5}, *[{}] * 5]),
        "adm_gain_limit is",
    ),
    "knots": (svm(score_transform={"knots": [[0, 0]]}), "knots"),
    "clip upside down": (svm(score_clip=[100, 0]), "clipped to 100..0"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_imported_is_refused(name, tmp_path, capsys):
    content, words = BAD[name]
    source = tmp_path / "m.json"
    source.write_text(content if isinstance(content, str) else json.dumps(content))
    out = tmp_path / "m.onnx"
    assert main(["import-svm", "--json", str(source), "--out-onnx", str(out)]) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not out.exists()


def test_a_transform_that_is_not_there_is_refused(tmp_path):
    source = tmp_path / "m.json"
    source.write_text(json.dumps(svm()))
    with pytest.raises(TrainError, match="no score transform"):
        to_onnx(read_svm(source), transformed=True)
