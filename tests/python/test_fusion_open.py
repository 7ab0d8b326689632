"""Opening models: who vouches for them, how they are fed, what they answer."""

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import jsonschema
import numpy as np
import onnxruntime
import pytest
from jsonschema import Draft202012Validator

from fusion_models import FEATURES, ROWS, Answer, Probe, mlp, refused, register, runtime, total
from fusion_rules import ALLOWED, raw

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "model/tiny/registry.schema.json").read_text())
ENOENT, EACCES, EINVAL, EFBIG, EBADMSG = -2, -13, -22, -27, -74


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", runtime())


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a registered model "good" and one that is not registered."""
    folder = tmp_path / "models"
    folder.mkdir()
    register(folder, "good", mlp(), teacher="vmaf_v0.6.1", license="BSD", description="a test")
    (folder / "other.onnx").write_bytes(raw(mlp(seed=1)))
    return folder


def in_python(path: Path, rows: np.ndarray) -> list[float]:
    """Score rows, each alone, with onnxruntime's own Python interface."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
    double = session.get_inputs()[0].type == "tensor(double)"
    place = aligned(rows.shape[1], np.float64 if double else np.float32)
    scores = []
    for place[:] in rows:
        scores.append(session.run(None, {"features": place})[0].item())
    return scores


def aligned(columns: int, dtype: type[np.floating]) -> np.ndarray:
    """Return a row where kernels like it, as sums depend on that in the last digit."""
    memory = np.empty(columns * 8 + 64, np.uint8)
    first = -memory.ctypes.data % 64
    return memory[first : first + columns * np.dtype(dtype).itemsize].view(dtype)[None]


# ------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("name", ALLOWED)
def test_scores_equal_those_of_python(probe: Probe, tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(raw(ALLOWED[name]()))
    answer = probe.open(path, f"model_dir={tmp_path}", "disable_clip=1")
    assert (answer.rc, answer.error, answer.stderr) == (0, "", "")
    expected = in_python(path, np.array(ROWS))
    assert answer.scores == expected
    assert len(set(expected)) == len(ROWS)


@pytest.mark.parametrize("name", ["mlp", "quantized", "svm"])
def test_a_score_does_not_depend_on_other_rows(probe: Probe, tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(raw(ALLOWED[name]()))
    rows = np.random.default_rng(0).random((9000, 6)).astype(np.float32)
    answer = probe.open(path, f"model_dir={tmp_path}", "disable_clip=1", rows=rows.tolist())
    assert answer.scores == in_python(path, rows)


def test_scores_are_clipped_unless_asked_otherwise(probe: Probe, models: Path) -> None:
    free = probe.open("good", f"model_dir={models}", "disable_clip=1")
    clipped = probe.open("good", f"model_dir={models}")
    assert min(free.scores) < 0 and max(free.scores) > 100
    assert clipped.scores == [min(max(score, 0), 100) for score in free.scores]
    assert (free.values["clipped"], clipped.values["clipped"]) == ("0", "1")


@pytest.mark.parametrize(
    "row", [(1, 1, 1, 1, 1, float("nan")), (float("inf"), 1, 1, 1, 1, 0), (1, 1, 1, -1e39, 1, 0)]
)
def test_features_that_are_no_numbers_are_refused(
    probe: Probe, models: Path, row: tuple[float, ...]
) -> None:
    answer = probe.open("good", f"model_dir={models}", rows=[ROWS[0], row])
    refused(answer, EINVAL, "of picture 1 is not a finite number")


def test_no_rows_are_no_error(probe: Probe, models: Path) -> None:
    answer = probe.open("good", f"model_dir={models}", rows=[])
    assert (answer.rc, answer.scores) == (0, [])


def test_a_model_may_use_more_threads(probe: Probe, models: Path) -> None:
    one = probe.open("good", f"model_dir={models}")
    four = probe.open("good", f"model_dir={models}", "threads=4")
    assert one.scores == four.scores
    refused(probe.open("good", f"model_dir={models}", "threads=-1"), EINVAL, "-1 threads")
    refused(probe.open("good", f"model_dir={models}", "threads=257"), EINVAL, "257 threads")


# ----------------------------------------------------------------------------------- registry


def test_a_report_says_which_model_it_is(probe: Probe, models: Path) -> None:
    values = probe.open("good", f"model_dir={models}").values
    digest = sha256((models / "good.onnx").read_bytes()).hexdigest()
    expected = {
        "id": "good",
        "path": f"{models}/good.onnx",
        "sha256": digest,
        "teacher": "vmaf_v0.6.1",
        "license": "BSD",
        "provider": "cpu",
        "ort_version": onnxruntime.__version__,
        "ort_library": str(runtime()),
        "registered": "1",
        "clipped": "1",
    }
    assert {key: values[key] for key in expected} == expected


def test_an_unregistered_file_is_allowed_and_said_to_be(probe: Probe, models: Path) -> None:
    values = probe.open(models / "other.onnx", f"model_dir={models}").values
    assert [values[k] for k in ("id", "registered", "teacher", "license")] == ["other", "0", "", ""]
    answer = probe.open(models / "other.onnx", f"model_dir={models}", "registered_only=1")
    refused(answer, EACCES, "not in the registry")


def test_a_registered_model_may_be_named_by_any_path(probe: Probe, models: Path) -> None:
    (models / "link.onnx").symlink_to("good.onnx")
    copy = models.parent / "copy.onnx"
    shutil.copy(models / "good.onnx", copy)
    copy.with_suffix(".json").write_text(json.dumps({"feature_mean": [9] * 6}))
    for path in (models / "good.onnx", models / "link.onnx", models / "../models/good.onnx", copy):
        answer = probe.open(path, f"model_dir={models}", "registered_only=1")
        assert [answer.values.get(k) for k in ("id", "registered")] == ["good", "1"], answer


@pytest.mark.parametrize("name", ["good", "good.onnx", "link.onnx"])
@pytest.mark.parametrize("registered", ["0", "1"])
def test_altered_bytes_of_a_registered_model_are_refused(
    probe: Probe, models: Path, name: str, registered: str
) -> None:
    (models / "link.onnx").symlink_to("good.onnx")
    (models / "good.onnx").write_bytes(raw(mlp(seed=2)))
    path = name if name == "good" else models / name
    answer = probe.open(path, f"model_dir={models}", f"registered_only={registered}")
    refused(answer, EBADMSG, "'good' is not the one that was registered", "sha256")


def test_a_registered_model_that_is_gone_is_named(probe: Probe, models: Path) -> None:
    (models / "good.onnx").unlink()
    refused(probe.open("good", f"model_dir={models}"), ENOENT, "registered, but there is no")


def test_an_unknown_name_gives_the_list(probe: Probe, models: Path) -> None:
    register(models, "better", mlp(seed=3))
    refused(probe.open("best", f"model_dir={models}"), ENOENT, "'best'", "good better")
    refused(probe.open("a/b.onnx", f"model_dir={models}"), ENOENT, "'a/b.onnx'", "good better")
    nowhere = models / "nowhere"
    answer = probe.open("best", f"model_dir={nowhere}")
    refused(answer, ENOENT, "'best'", "no registry", "VMAF_TINY_MODEL_DIR")


def test_a_registry_may_be_missing_unless_it_is_needed(probe: Probe, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(raw(mlp()))
    assert probe.open(path, f"model_dir={tmp_path}").values["registered"] == "0"
    answer = probe.open(path, f"model_dir={tmp_path}", "registered_only=1")
    refused(answer, ENOENT, "no registry of models", str(tmp_path))


def test_a_registry_lists_its_models(probe: Probe, models: Path) -> None:
    register(models, "changed", mlp(), smoke=True, kind="nr")
    (models / "changed.onnx").write_bytes(b"x")
    register(models, "gone", mlp(), kind="filter").unlink()
    rows = probe.run("registry", models).models
    assert [row[0] for row in rows] == ["good", "changed", "gone"]
    digest = sha256((models / "good.onnx").read_bytes()).hexdigest()
    assert rows[0] == [
        "good",
        "fr",
        f"{models}/good.onnx",
        digest,
        "a test",
        "BSD",
        "vmaf_v0.6.1",
        "0",
        "1",
    ]
    assert [row[1] for row in rows] == ["fr", "nr", "filter"]
    assert [row[7:] for row in rows] == [["0", "1"], ["1", "0"], ["0", "0"]]


GOOD_ROW = {"id": "a", "kind": "fr", "onnx": "a.onnx", "sha256": "0" * 64}
BAD_ROWS = {
    "no id": {"id": None},
    "empty id": {"id": ""},
    "id with a slash": {"id": "a/b"},
    "id of capitals": {"id": "A"},
    "id that begins with a dash": {"id": "-a"},
    "long id": {"id": "a" * 65},
    "kind": {"kind": "x"},
    "no kind": {"kind": None},
    "absolute path": {"onnx": "/etc/a.onnx"},
    "step up": {"onnx": "a/../../b.onnx"},
    "step up at the start": {"onnx": "../b.onnx"},
    "other ending": {"onnx": "a.bin"},
    "no file": {"onnx": None},
    "long path": {"onnx": "a" * 300 + ".onnx"},
    "short digest": {"sha256": "0" * 63},
    "digest of capitals": {"sha256": "A" * 64},
    "no digest": {"sha256": None},
    "digest of another kind": {"sha256": 0},
    "smoke": {"smoke": "yes"},
    "license": {"license": 1},
    "teacher": {"teacher": ["a"]},
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_refused_by_loader_and_schema(probe: Probe, models: Path, name: str) -> None:
    row = {k: v for k, v in (GOOD_ROW | BAD_ROWS[name]).items() if v is not None}
    content = {"schema_version": 1, "models": [GOOD_ROW | {"id": "first"}, row]}
    (models / "registry.json").write_text(json.dumps(content))
    refused(probe.run("registry", models), EBADMSG, "model 2 (")
    # Whom the registry vouches for is not known, so nothing of the folder is trusted.
    refused(probe.open(models / "other.onnx", f"model_dir={models}"), EBADMSG, "model 2 (")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, SCHEMA, cls=Draft202012Validator)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        '{"models": {}}',
        '{"models": [1]}',
        '{"schema_version": 2, "models": []}',
        '{"schema_version": "1", "models": []}',
        '{"models": [], "models": []}',
        "\ufeff{}",
    ],
)
def test_what_is_no_registry_is_refused(probe: Probe, models: Path, text: str) -> None:
    (models / "registry.json").write_text(text)
    refused(probe.run("registry", models), EBADMSG, f"{models}/registry.json")


def test_two_models_of_one_id_are_refused(probe: Probe, models: Path) -> None:
    register(models, "good", mlp(seed=5))
    refused(probe.run("registry", models), EBADMSG, "model 2 (good) has the id of another")


def test_a_large_registry_is_refused(probe: Probe, models: Path) -> None:
    (models / "registry.json").write_text(" " * ((1 << 20) + 1))
    refused(probe.run("registry", models), EFBIG, "at most 1048576")


def test_the_schema_is_one_and_takes_what_is_right() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    check = Draft202012Validator(SCHEMA).is_valid
    row = GOOD_ROW | {"teacher": "vmaf_v0.6.1", "opset": 17, "smoke": False, "license": "BSD"}
    registry = {"$schema": "./registry.schema.json", "schema_version": 1, "models": [row]}
    assert check(registry)
    for change in (
        {"extra": 1},
        {"opset": 6},
        {"opset": 22},
        {"notes": "n" * 513},
        {"description": "d" * 257},
        {"quant_mode": "dynamic"},
        {"quant_mode": "int4"},
        {"int8_sha256": "0" * 64},
        {"sigstore_bundle": "a.json"},
        {"quant_mode": "fp32", "int8_sha256": "0" * 64},
    ):
        assert not check(registry | {"models": [row | change]}), change
    assert check(registry | {"models": [row | {"quant_mode": "qat", "int8_sha256": "0" * 64}]})
    assert not check(registry | {"more": 1})
    assert not check({"models": [row]})


# ------------------------------------------------------------------------------------ sidecar

MEAN, STD = [0.8650666, 0.37, 0.73, 0.82, 0.87, 8.95], [0.0979925, 0.16, 0.19, 0.17, 0.14, 6.24]


def scores_with(probe: Probe, folder: Path, **sidecar: object) -> Answer:
    register(folder, "m", total(), sidecar=sidecar)
    return probe.open("m", f"model_dir={folder}", "disable_clip=1")


def test_features_are_standardized_as_the_sidecar_says(probe: Probe, tmp_path: Path) -> None:
    answer = scores_with(probe, tmp_path, feature_mean=MEAN, feature_std=STD)
    rows = (np.array(ROWS) - MEAN) / STD
    assert answer.scores == in_python(tmp_path / "m.onnx", rows)
    assert answer.scores != in_python(tmp_path / "m.onnx", np.array(ROWS))


@pytest.mark.parametrize(
    "sidecar",
    [
        {"input_mean": MEAN, "input_std": STD},
        {"feature_mean": MEAN, "feature_std": STD, "onnx_has_scaler": True},
    ],
)
def test_a_scaler_inside_of_the_model_is_not_applied_again(
    probe: Probe, tmp_path: Path, sidecar: dict[str, object]
) -> None:
    answer = scores_with(probe, tmp_path, **sidecar)
    assert answer.scores == in_python(tmp_path / "m.onnx", np.array(ROWS))


BAD_SIDECARS = {
    "features in another order": ({"features": FEATURES[::-1]}, "other features"),
    "other features": ({"feature_order": [*FEATURES[:5], "psnr_y"]}, "other features"),
    "more features": ({"features": [*FEATURES, "motion"]}, "other features"),
    "less features": ({"features": FEATURES[:5]}, "other features"),
    "features that are no list": ({"features": "adm2"}, "other features"),
    "mean without std": ({"feature_mean": MEAN}, "feature_mean and feature_std"),
    "short mean": ({"feature_mean": MEAN[:5], "feature_std": STD}, "6 numbers"),
    "std of zero": ({"feature_mean": MEAN, "feature_std": [0, *STD[1:]]}, "above 0"),
    "negative std": ({"feature_mean": MEAN, "feature_std": [-1, *STD[1:]]}, "above 0"),
    "std of text": ({"feature_mean": MEAN, "feature_std": ["1"] * 6}, "6 numbers"),
    "input": ({"input_name": "pixels"}, "input or output differs"),
    "inputs": ({"input_names": ["pixels"]}, "input or output differs"),
    "output": ({"output_name": "mos"}, "input or output differs"),
    "digest": ({"sha256": "0" * 64}, "sha256 differs"),
}


@pytest.mark.parametrize("name", BAD_SIDECARS)
def test_a_sidecar_of_another_model_is_refused(probe: Probe, tmp_path: Path, name: str) -> None:
    sidecar, reason = BAD_SIDECARS[name]
    refused(scores_with(probe, tmp_path, **sidecar), EBADMSG, reason)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"a": 1, "a": 2}'])
def test_a_sidecar_that_is_none_is_refused(probe: Probe, models: Path, text: str) -> None:
    (models / "good.json").write_text(text)
    refused(probe.open("good", f"model_dir={models}"), EBADMSG, "good.json")


def test_a_registered_model_needs_its_sidecar(probe: Probe, models: Path) -> None:
    register(models, "smoke", mlp(), smoke=True).with_suffix(".json").unlink()
    assert probe.open("smoke", f"model_dir={models}").rc == 0
    (models / "good.json").unlink()
    refused(probe.open("good", f"model_dir={models}"), EBADMSG, "no sidecar")


def test_the_teacher_of_an_unregistered_model_is_what_its_sidecar_says(
    probe: Probe, models: Path
) -> None:
    (models / "other.json").write_text('{"teacher": "vmaf_v1"}')
    assert probe.open(models / "other.onnx", f"model_dir={models}").values["teacher"] == "vmaf_v1"


def test_numbers_are_read_alike_in_every_locale(probe: Probe, tmp_path: Path) -> None:
    made = (
        subprocess.run(
            ["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"],
            capture_output=True,
        )
        if shutil.which("localedef")
        else None
    )
    if made is None or made.returncode:
        pytest.skip("no locale with a decimal comma can be made here (package locales)")
    register(tmp_path, "m", total(), sidecar={"feature_mean": MEAN, "feature_std": STD})
    answer = probe.run(
        "open",
        "m",
        f"model_dir={tmp_path}",
        f"ort_library={runtime()}",
        "disable_clip=1",
        text="1 1 1 1 1 0\n",
        LOCPATH=tmp_path,
        LC_ALL="de_DE.UTF-8",
    )
    assert "," in answer.values["score"]
    row = (np.array([(1, 1, 1, 1, 1, 0)]) - MEAN) / STD
    assert [float(answer.values["score"].replace(",", "."))] == in_python(tmp_path / "m.onnx", row)
