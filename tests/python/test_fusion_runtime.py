"""ONNX Runtime: real, missing, too old, broken, and with devices that are not there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fusion_models import ROWS, Probe, mlp, refused, register, runtime, total
from fusion_rules import raw

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared/data/models"
EIO, EINVAL, ENOSYS, EBADMSG, ENOTSUP = -5, -22, -38, -74, -95


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", runtime())


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a registered model "good"."""
    register(tmp_path, "good", mlp())
    return tmp_path


SUMS = [min(sum(row), 100) for row in ROWS]


# ------------------------------------------------------------------------------ the library


def test_without_onnx_runtime_the_message_says_what_to_install(probe: Probe, models: Path) -> None:
    answer = probe.run("open", "good", f"model_dir={models}", LD_LIBRARY_PATH="")
    if answer.rc == 0:
        assert answer.values["ort_library"].startswith("libonnxruntime")
    else:
        refused(answer, ENOSYS, "pip install onnxruntime", "VMAF_TINY_ORT_LIB")


def test_the_library_is_that_of_the_argument_then_of_the_variable(
    probe: Probe, models: Path
) -> None:
    options = ("open", "good", f"model_dir={models}")
    argument = probe.run(*options, f"ort_library={probe.fake}", VMAF_TINY_ORT_LIB=runtime())
    assert argument.values["ort_version"] == "1.99.0"
    variable = probe.run(*options, VMAF_TINY_ORT_LIB=probe.fake)
    assert variable.values["ort_library"] == str(probe.fake)
    empty = probe.run(*options, "ort_library=", VMAF_TINY_ORT_LIB=probe.fake)
    assert empty.values["ort_library"] == str(probe.fake)
    missing = probe.run(*options, VMAF_TINY_ORT_LIB="/nowhere.so")
    refused(missing, ENOSYS, "/nowhere.so", "VMAF_TINY_ORT_LIB")


@pytest.mark.parametrize(
    "name", ["libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.so.1.21"]
)
def test_the_library_is_found_by_each_of_its_names(probe: Probe, models: Path, name: str) -> None:
    folder = models / "lib"
    folder.mkdir()
    shutil.copy(probe.fake, folder / name)
    answer = probe.run("open", "good", f"model_dir={models}", LD_LIBRARY_PATH=folder)
    assert (answer.rc, answer.values["ort_library"]) == (0, name)


def test_what_is_no_onnx_runtime_is_refused(probe: Probe, models: Path) -> None:
    text = models / "text.so"
    text.write_text("not a library")
    empty = models / "empty.so"
    subprocess.run(["cc", "-shared", "-xc", "/dev/null", "-o", empty], check=True)
    for library, words in (
        (text, "cannot be loaded"),
        (empty, "is not ONNX Runtime"),
        (models, "cannot be loaded"),
        ("libm.so.6", "is not ONNX Runtime"),
    ):
        answer = probe.open("good", f"model_dir={models}", library=library)
        refused(answer, ENOSYS, words, "pip install onnxruntime")
        refused(probe.run("devices", library), ENOSYS, words)


@pytest.mark.parametrize("version", ["1.16.3", "1.9", "0.5.0", "x", ""])
def test_an_old_onnx_runtime_is_refused(probe: Probe, models: Path, version: str) -> None:
    answer = probe.open("good", f"model_dir={models}", library=probe.fake, FAKE_ORT_VERSION=version)
    refused(answer, ENOSYS, "install 1.17 or newer", version)


def test_an_onnx_runtime_without_the_interface_is_refused(probe: Probe, models: Path) -> None:
    answer = probe.open("good", f"model_dir={models}", library=probe.fake, FAKE_ORT_NO_API="1")
    refused(answer, ENOSYS, "install 1.17 or newer")


@pytest.mark.parametrize("version", ["1.17.0", "1.100.0", "2.0"])
def test_a_newer_onnx_runtime_is_taken(probe: Probe, models: Path, version: str) -> None:
    answer = probe.open("good", f"model_dir={models}", library=probe.fake, FAKE_ORT_VERSION=version)
    assert (answer.rc, answer.values["ort_version"]) == (0, version)
    assert answer.scores == SUMS


def test_nothing_is_reported_to_the_maker_of_onnx_runtime(probe: Probe, models: Path) -> None:
    """Official builds keep an identifier and a queue of reports below the home folder."""
    home = models / "home"
    home.mkdir()
    variables = {"HOME": home, "XDG_CACHE_HOME": home, "ORT_DISABLE_TELEMETRY": None, "CI": None}
    answer = probe.open("good", f"model_dir={models}", **variables)
    assert answer.rc == 0
    assert list(home.iterdir()) == []
    assert answer.values["threads"] in ("0", "1")  # 0: the system does not say


# ------------------------------------------------------------------------------------ devices


@pytest.mark.parametrize(
    ("offered", "broken", "used"),
    [
        ("cpu", "", "cpu"),
        ("cuda cpu", "", "cuda"),
        ("rocm openvino cuda cpu", "", "cuda"),
        ("rocm openvino cpu", "", "openvino"),
        ("rocm cpu", "", "rocm"),
        ("cuda cpu", "cuda:append", "cpu"),
        ("cuda cpu", "cuda:session", "cpu"),
        ("cuda cpu", "cuda:run", "cpu"),
        ("rocm openvino cuda cpu", "cuda:run openvino:append", "rocm"),
        ("rocm openvino cuda cpu", "cuda:append openvino:session rocm:run", "cpu"),
    ],
)
def test_auto_takes_the_first_device_that_works(
    probe: Probe, models: Path, offered: str, broken: str, used: str
) -> None:
    for device in ((), ("device=auto",)):
        answer = probe.open(
            "good",
            f"model_dir={models}",
            *device,
            library=probe.fake,
            FAKE_ORT_PROVIDERS=offered,
            FAKE_ORT_BROKEN=broken,
        )
        assert (answer.rc, answer.values.get("provider"), answer.scores) == (0, used, SUMS), answer


@pytest.mark.parametrize("device", ["cuda", "openvino", "rocm", "cpu"])
def test_a_named_device_is_the_one_that_is_used(probe: Probe, models: Path, device: str) -> None:
    answer = probe.open(
        "good",
        f"model_dir={models}",
        f"device={device}",
        library=probe.fake,
        FAKE_ORT_PROVIDERS="rocm openvino cuda cpu",
    )
    assert (answer.rc, answer.values["provider"]) == (0, device)


@pytest.mark.parametrize("device", ["cuda", "openvino", "rocm"])
def test_a_named_device_that_is_missing_is_an_error(
    probe: Probe, models: Path, device: str
) -> None:
    others = " ".join({"cuda", "openvino", "rocm"} - {device})
    answer = probe.open(
        "good",
        f"model_dir={models}",
        f"device={device}",
        library=probe.fake,
        FAKE_ORT_PROVIDERS=f"{others} cpu",
    )
    listed = " ".join(d for d in ("cuda", "openvino", "rocm", "cpu") if d != device)
    refused(answer, ENOTSUP, f"device {device} is not in", f"it has: {listed};")


@pytest.mark.parametrize("where", ["append", "session"])
@pytest.mark.parametrize("device", ["cuda", "openvino", "rocm"])
def test_a_named_device_that_does_not_work_is_an_error(
    probe: Probe, models: Path, device: str, where: str
) -> None:
    answer = probe.open(
        "good",
        f"model_dir={models}",
        f"device={device}",
        library=probe.fake,
        FAKE_ORT_PROVIDERS=f"{device} cpu",
        FAKE_ORT_BROKEN=f"{device}:{where}",
    )
    refused(answer, ENOTSUP, device, "fake: ")


@pytest.mark.parametrize("device", ["gpu", "CUDA", "", "cuda:0"])
def test_an_unknown_device_is_an_error(probe: Probe, models: Path, device: str) -> None:
    answer = probe.open("good", f"model_dir={models}", f"device={device}")
    refused(answer, EINVAL, f"no device '{device}'", "auto, cpu, cuda, openvino or rocm")


def test_devices_are_listed_in_the_order_of_auto(probe: Probe) -> None:
    answer = probe.run("devices", probe.fake, FAKE_ORT_PROVIDERS="cpu rocm azure cuda openvino")
    assert answer.values["devices"] == "cuda openvino rocm cpu"
    assert answer.values["small"] == str(EINVAL)
    real = probe.run("devices", runtime()).values["devices"]
    assert real.split()[-1] == "cpu"


# ------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("answer", "rc", "words"),
    [
        ("nan", EBADMSG, "an infinity or NaN"),
        ("double", EBADMSG, "what it says it does"),
        ("short", EBADMSG, "one number for each"),
        ("scalar", EBADMSG, "one number for each"),
        ("columns", EBADMSG, "one number for each"),
        ("fail", EIO, r"fake: kernel\nfailed"),
    ],
)
def test_an_answer_that_is_none_is_an_error(
    probe: Probe, models: Path, answer: str, rc: int, words: str
) -> None:
    result = probe.open("good", f"model_dir={models}", library=probe.fake, FAKE_ORT_ANSWER=answer)
    refused(result, rc, words)


def test_a_model_that_onnx_runtime_refuses_is_refused(probe: Probe, tmp_path: Path) -> None:
    proto = total()
    proto.graph.node[0].input[0] = "nowhere"
    path = tmp_path / "a.onnx"
    path.write_bytes(raw(proto))
    refused(
        probe.open(path, f"model_dir={tmp_path}"), EBADMSG, "refuses the model on cpu", "nowhere"
    )


# ---------------------------------------------------------------------------- foreign models

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="there is no ../shared/data")
FIGURES = {
    (1, 1, 1, 1, 1, 0): 96.142,
    (1, 1, 1, 1, 1, 6.4): 98.973,
    (1, 1, 1, 1, 1, 30): 102.336,
    (0, 0, 0, 0, 0, 0): -0.853,
    (0.5, 0.1, 0.2, 0.3, 0.4, 5): 2.848,
}


@needs_shared
def test_the_fork_s_model_answers_its_figures(probe: Probe) -> None:
    answer = probe.open("vmaf_tiny_v2", f"model_dir={SHARED}", "disable_clip=1", rows=list(FIGURES))
    assert (answer.rc, answer.values["registered"]) == (0, "1")
    assert answer.scores == pytest.approx(list(FIGURES.values()), abs=5e-4)
    clipped = probe.open("vmaf_tiny_v2", f"model_dir={SHARED}", rows=list(FIGURES))
    assert clipped.scores[2:4] == [100, 0]


@needs_shared
def test_the_fork_s_models_are_taken_or_refused_for_a_reason(probe: Probe) -> None:
    reasons = {
        "vmaf_tiny_v3": "",
        f"{SHARED}/vmaf_tiny_v3.int8.onnx": "",
        "vmaf_tiny_v4": "",
        "fr_regressor_v1": "another file",
        "fr_regressor_v2": "conditioned on the encoder",
        "fr_regressor_v3": "conditioned on the encoder",
        "dists_sq_placeholder_v0": "looks at pictures",
        "mobilesal_placeholder_v0": "looks at pictures",
    }
    codes = {"conditioned on the encoder": EINVAL, "looks at pictures": EINVAL}
    for name, reason in reasons.items():
        answer = probe.open(name, f"model_dir={SHARED}")
        assert answer.rc == (codes.get(reason, EBADMSG) if reason else 0), (name, answer)
        assert reason in answer.error


@needs_shared
def test_the_fork_s_registry_is_read(probe: Probe) -> None:
    answer = probe.run("registry", SHARED)
    assert answer.rc == 0
    there = {row[0] for row in answer.models if row[-1] == "1"}
    assert {"vmaf_tiny_v2", "vmaf_tiny_v3", "vmaf_tiny_v4", "fr_regressor_v3"} <= there
