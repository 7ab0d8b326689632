"""Models that look at pictures: decoded frames reach them as the RGB that is documented."""

import json
from pathlib import Path

import av
import numpy as np
import onnxruntime
import pytest
from av.video.reformatter import ColorRange, Colorspace
from onnx import helper

import train_support as support
import vmaf_tiny
from fusion_models import model as graph
from fusion_models import register, value
from vmaf_tiny._core import MATRICES, Model
from vmaf_tiny.cli import main
from vmaf_tiny.errors import InputError, ModelError, OptionError
from vmaf_tiny.pictures import measure_pictures
from vmaf_tiny.planes import Planes
from vmaf_train.files import sha256_of
from vmaf_train.placeholders import PLACEHOLDERS, to_onnx, write

SHARED = Path(__file__).resolve().parents[3] / "shared/data/models"
DISTANCE, SALIENCY = "dists_sq_placeholder_v0", "mobilesal_placeholder_v0"
SHARES = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114), "bt2020": (0.2627, 0.0593)}
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CLOSE = 2e-6


def reference_tensor(planes: Planes) -> np.ndarray:
    """What a model should see, [1,3,H,W], straight from the definition."""
    peak, extra = float((1 << planes.bits) - 1), 1 << (planes.bits - 8)
    across, down = planes.subsampling
    height, width = planes.planes[0].shape
    samples = [np.asarray(plane, float) for plane in planes.planes]
    first = samples[0] / peak if planes.full else (samples[0] - 16 * extra) / (219 * extra)
    if len(samples) == 1:
        rgb = np.stack([first] * 3)
    elif planes.matrix == "rgb":
        rgb = np.stack(samples) / peak
    else:
        size = peak if planes.full else 224.0 * extra
        cb, cr = (
            ((plane - 128 * extra) / size).repeat(1 << down, 0).repeat(1 << across, 1)
            for plane in samples[1:]
        )
        cb, cr = cb[:height, :width], cr[:height, :width]
        kr, kb = SHARES[planes.matrix]
        red, blue = first + 2 * (1 - kr) * cr, first + 2 * (1 - kb) * cb
        rgb = np.stack([red, (first - kr * red - kb * blue) / (1 - kr - kb), blue])
    return ((rgb.clip(0, 1) - MEAN[:, None, None]) / STD[:, None, None])[None].astype(np.float32)


def noise(seed: int, height: int, width: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 1 << bits, (height, width)).astype(np.uint16 if bits > 8 else np.uint8)


def picture(
    seed: int,
    bits: int = 8,
    matrix: str = "bt709",
    full: bool = False,
    subsampling: tuple[int, int] = (1, 1),
    size: tuple[int, int] = (37, 51),
    planes: int = 3,
) -> Planes:
    height, width = size
    across, down = subsampling
    small = (height + (1 << down) - 1 >> down, width + (1 << across) - 1 >> across)
    shapes = [size, small, small][:planes]
    data = tuple(noise(seed * 3 + i, *shape, bits) for i, shape in enumerate(shapes))
    return Planes(data, bits, matrix, full, subsampling)


def session(name: str, folder: Path = support.MODELS) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(folder / f"{name}.onnx")


PICTURES = {
    "420": {},
    "422": {"subsampling": (1, 0)},
    "444": {"subsampling": (0, 0)},
    "411": {"subsampling": (2, 0)},
    "410": {"subsampling": (2, 2)},
    "10 bits": {"bits": 10},
    "12 bits": {"bits": 12, "subsampling": (0, 0)},
    "16 bits": {"bits": 16},
    "full range": {"full": True},
    "10 bits, full range": {"bits": 10, "full": True},
    "BT.601": {"matrix": "bt601"},
    "BT.2020": {"matrix": "bt2020", "bits": 10},
    "RGB": {"matrix": "rgb", "full": True, "subsampling": (0, 0)},
    "RGB, 10 bits": {"matrix": "rgb", "full": True, "subsampling": (0, 0), "bits": 10},
    "gray": {"planes": 1},
    "gray, full range, 10 bits": {"planes": 1, "full": True, "bits": 10},
    "one pixel": {"size": (1, 1)},
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_model_sees_the_rgb_that_is_documented(name):
    one, other = picture(1, **PICTURES[name]), picture(2, **PICTURES[name])
    feed = {"ref": reference_tensor(one), "dist": reference_tensor(other)}
    with Model(DISTANCE) as model:
        got, made = model.look(one, other)
    assert made is None
    assert got == pytest.approx(float(session(DISTANCE).run(None, feed)[0]), rel=1e-5)
    (expected,) = session(SALIENCY).run(None, {"input": reference_tensor(one)})
    with Model(SALIENCY) as model:
        mean, made = model.look(one, with_map=True)
    np.testing.assert_allclose(made, expected[0, 0], atol=CLOSE)
    assert mean == pytest.approx(expected.mean(), abs=CLOSE)


def test_the_distance_of_a_picture_to_itself_is_zero():
    with Model(DISTANCE) as model:
        assert model.look(picture(1), picture(1))[0] == 0


def test_planes_may_lie_anywhere():
    plain = picture(1, subsampling=(0, 0))
    turned = [np.asfortranarray(plane) for plane in plain.planes]
    upside = [plane[::-1].copy()[::-1] for plane in plain.planes]
    with Model(SALIENCY) as model:
        expected = model.look(plain)[0]
        for planes in (turned, upside):
            assert model.look(Planes(tuple(planes), 8, "bt709", False))[0] == expected


def test_pictures_of_many_sizes_follow_each_other():
    with Model(SALIENCY) as model:
        for size in ((64, 64), (200, 31), (3, 5), (128, 256)):
            _, made = model.look(picture(1, size=size), with_map=True)
            assert made.shape == size


# ---------------------------------------------------------------------------- decoded frames


def frames(form: str, count: int = 3, space: int | None = None, full: bool = False) -> list:
    """Return frames of noise, of any pixel format, with colour tags."""
    made = []
    for i in range(count):
        frame = av.VideoFrame(96, 64, form)
        for number, plane in enumerate(frame.planes):
            bits = 10 if "10" in form else 8
            wide = abs(plane.line_size) // (2 if bits > 8 else 1)
            data = noise(17 * i + number, plane.height, wide, bits)
            plane.update(data.tobytes()[: plane.buffer_size])
        if space is not None:
            frame.colorspace = space
        frame.color_range = ColorRange.JPEG if full else ColorRange.MPEG
        made.append(frame)
    return made


def by_hand(frame: av.VideoFrame, matrix: str, full: bool, subsampling, bits: int) -> Planes:
    arrays = []
    for plane in frame.planes:
        samples = np.frombuffer(plane, np.uint16 if bits > 8 else np.uint8)
        rows = samples.reshape(plane.height, -1)
        arrays.append(rows[:, : plane.width])
    return Planes(tuple(arrays), bits, matrix, full, subsampling)


@pytest.mark.parametrize(
    ("form", "bits", "subsampling"),
    [
        ("yuv420p", 8, (1, 1)),
        ("yuv422p", 8, (1, 0)),
        ("yuv444p", 8, (0, 0)),
        ("yuv420p10le", 10, (1, 1)),
        ("yuv444p10le", 10, (0, 0)),
    ],
)
@pytest.mark.parametrize(
    ("space", "matrix"),
    [(Colorspace.ITU709, "bt709"), (Colorspace.ITU601, "bt601"), (None, "bt601")],
)
@pytest.mark.parametrize("full", [False, True])
def test_frames_are_read_with_their_matrix_and_range(form, bits, subsampling, space, matrix, full):
    video = frames(form, space=None if space is None else int(space), full=full)
    result = measure_pictures(video, model=SALIENCY)
    assert result.matrix == (matrix,)
    assert result.feature == "saliency_mean"
    run = session(SALIENCY).run
    for frame, got in zip(video, result.values, strict=True):
        tensor = reference_tensor(by_hand(frame, matrix, full, subsampling, bits))
        assert got == pytest.approx(run(None, {"input": tensor})[0].mean(), abs=CLOSE)
    assert result.mean == pytest.approx(result.values.mean())


def test_layouts_of_the_same_samples_give_the_same_values():
    planar = frames("yuv420p")
    packed = [frame.reformat(format="nv12") for frame in planar]
    one, other = (measure_pictures(video, model=SALIENCY).values for video in (planar, packed))
    np.testing.assert_array_equal(one, other)


def test_rgb_frames_stay_rgb():
    video = frames("rgb24")
    result = measure_pictures(video, model=SALIENCY)
    assert result.matrix == ("rgb",)
    for frame, got in zip(video, result.values, strict=True):
        planes = tuple(frame.to_ndarray()[:, :, c] for c in range(3))
        tensor = reference_tensor(Planes(planes, 8, "rgb", True))
        (expected,) = session(SALIENCY).run(None, {"input": tensor})
        assert got == pytest.approx(expected.mean(), abs=CLOSE)


def test_gray_and_planes_are_luma_alone():
    arrays = np.stack([noise(i, 64, 96, 8) for i in range(3)])
    result = measure_pictures(arrays, arrays[::-1].copy(), DISTANCE)
    expected = [
        session(DISTANCE).run(
            None,
            {
                name: reference_tensor(Planes((plane,), 8, "bt709", False))
                for name, plane in (("ref", a), ("dist", b))
            },
        )[0]
        for a, b in zip(arrays, arrays[::-1], strict=True)
    ]
    assert result.values == pytest.approx([float(e) for e in expected], rel=1e-5)
    assert result.values[1] == 0


# --------------------------------------------------------------------------------- refusals


def test_what_does_not_fit_is_refused():
    small = picture(1, size=(20, 20))
    with Model(DISTANCE) as model:
        with pytest.raises(ModelError, match="51x37 and 20x20"):
            model.look(picture(1), small)
        with pytest.raises(InputError, match="takes 2 pictures"):
            model.look(small)
        with pytest.raises(ModelError, match="it has no map"):
            model.look(small, small, with_map=True)
        with pytest.raises(OptionError, match="'ycgco': choose one of bt709"):
            model.look(*[Planes(small.planes[:1], 8, "ycgco", False)] * 2)
    with pytest.raises(InputError, match="not a picture"):
        Planes((small.planes[0],) * 3, 8, "bt709", False, (1, 1))
    with pytest.raises(InputError, match="not one of 10 bits"):
        Planes(small.planes, 10, "bt709", False)
    with Model() as model, pytest.raises(InputError, match="takes 0 pictures"):
        model.look(small)


def test_models_of_features_and_of_pictures_are_not_mixed_up(tmp_path):
    arrays = np.zeros((2, 64, 64), np.uint8)
    with pytest.raises(ModelError, match="looks at pictures"):
        vmaf_tiny.score(arrays, arrays, DISTANCE)
    with Model(DISTANCE) as model, pytest.raises(ModelError, match="looks at pictures"):
        model.score(np.zeros(1, vmaf_tiny._core.ROW))
    with pytest.raises(OptionError, match="takes features"):
        measure_pictures(arrays, model="vmaf_tiny_v2")
    with pytest.raises(OptionError, match="takes a reference and a distorted video"):
        measure_pictures(arrays, model=DISTANCE)
    with pytest.raises(OptionError, match="takes one video"):
        measure_pictures(arrays, arrays, SALIENCY)


@pytest.mark.parametrize("space", [8, 7])
def test_a_matrix_that_is_not_known_is_refused(space):
    with pytest.raises(InputError, match="no RGB can be had"):
        measure_pictures(frames("yuv444p", space=space), model=SALIENCY)


def test_a_map_of_another_size_is_refused(tmp_path):
    pooled = graph(
        [
            helper.make_node("ReduceMean", ["input"], ["gray"], axes=[1]),
            helper.make_node("AveragePool", ["gray"], ["map"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        inputs=[value("input", [1, 3, "H", "W"])],
        outputs=[value("map", [1, 1, "H", "W"])],
    )
    register(tmp_path, "pooled", pooled, kind="nr")
    with pytest.raises(ModelError, match="a map of the size of the picture"):
        Model("pooled", model_dir=tmp_path)


# ------------------------------------------------------------------------------ what ships


@pytest.mark.parametrize("placeholder", PLACEHOLDERS, ids=lambda p: p.id)
def test_what_ships_is_what_is_made(placeholder, tmp_path):
    for name in ("registry.json", "registry.schema.json"):
        (tmp_path / name).write_bytes((support.MODELS / name).read_bytes())
    write(tmp_path, placeholder)
    for ending in (".onnx", ".json", ".md"):
        made, shipped = (f / f"{placeholder.id}{ending}" for f in (tmp_path, support.MODELS))
        assert made.read_bytes() == shipped.read_bytes()
    assert to_onnx(placeholder) == to_onnx(placeholder)
    rows = json.loads((support.MODELS / "registry.json").read_text())["models"]
    (row,) = [row for row in rows if row["id"] == placeholder.id]
    assert row["smoke"] is True
    assert row["sha256"] == sha256_of(support.MODELS / row["onnx"])
    assert json.loads((tmp_path / "registry.json").read_text())["models"] == rows


@pytest.mark.skipif(not SHARED.is_dir(), reason="there is no ../shared/data")
def test_placeholders_of_others_run():
    one, other = picture(1), picture(2)
    with Model(SHARED / "dists_sq.onnx", model_dir=SHARED) as model:
        got, _ = model.look(one, other)
    feed = {"ref": reference_tensor(one), "dist": reference_tensor(other)}
    expected = session("dists_sq", SHARED).run(None, feed)[0]
    assert got == pytest.approx(float(expected), rel=1e-5)
    with Model(SHARED / "mobilesal.onnx", model_dir=SHARED) as model:
        _, made = model.look(one, with_map=True)
    (expected,) = session("mobilesal", SHARED).run(None, {"input": reference_tensor(one)})
    np.testing.assert_allclose(made, expected[0, 0], atol=CLOSE)


def test_matrices_are_named():
    assert MATRICES == ("bt709", "bt601", "bt2020", "rgb")


# ------------------------------------------------------------------------------ the command


def test_the_command_says_and_writes_what_the_model_says(tmp_path, capsys):
    path = tmp_path / "v.y4m"
    header = b"YUV4MPEG2 W64 H48 F25:1 Ip C420jpeg XCOLORRANGE=FULL\n"
    data = [bytes(noise(i, 72, 64, 8)) for i in range(3)]
    path.write_bytes(header + b"".join(b"FRAME\n" + frame for frame in data))
    name = ["--tiny-model", SALIENCY]
    assert main(["pictures", str(path), "--json", *name]) == 0
    told = json.loads(capsys.readouterr().out)
    values = measure_pictures(path, model=SALIENCY).values.tolist()
    assert [frame["saliency_mean"] for frame in told["frames"]] == values
    assert told["model"]["id"] == SALIENCY
    assert main(["pictures", str(path), *name, "-q"]) == 0
    assert float(capsys.readouterr().out) == pytest.approx(np.mean(values), abs=1e-6)
    assert main(["pictures", str(path), str(path), "--tiny-model", DISTANCE]) == 0
    assert capsys.readouterr().out.startswith("dists_sq 0.000000, from 0.000000")
    assert main(["pictures", str(path), *name, str(tmp_path / "missing.mp4")]) in (1, 2)
    assert main([str(path), str(path), *name]) == 1
    assert "vmaf-tiny pictures" in capsys.readouterr().err
