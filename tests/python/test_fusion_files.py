"""Files that are not what they seem, and folders that must not be left."""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fusion_models import Answer, Probe, compiler, mlp, refused, register, runtime, total, value
from fusion_rules import raw

ENOENT, ENOMEM, EACCES, ENOTDIR, EINVAL, EFBIG, EBADMSG = -2, -12, -13, -20, -22, -27, -74
LIMIT = 50 << 20
JAIL = "VMAF_TINY_MODEL_DIR"


@pytest.fixture(scope="module")
def probe(build_dir: Path) -> Probe:
    return Probe(build_dir / "tests/c/fusion", runtime())


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a registered model "good"."""
    folder = tmp_path / "models"
    folder.mkdir()
    register(folder, "good", mlp())
    return folder


def write(path: Path) -> Path:
    path.write_bytes(raw(mlp(seed=1)))
    return path


# -------------------------------------------------------------------------- kinds of files


def test_a_pipe_is_refused_without_waiting(probe: Probe, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.onnx"
    os.mkfifo(pipe)
    start = time.monotonic()
    refused(probe.open(pipe, f"model_dir={tmp_path}"), EINVAL, "is a pipe")
    assert time.monotonic() - start < 5


def test_what_is_no_file_is_refused(probe: Probe, tmp_path: Path) -> None:
    options = f"model_dir={tmp_path}"
    refused(probe.open(tmp_path, options), EINVAL, "is a folder")
    for device in ("/dev/zero", "/dev/null", "/dev/tty"):
        if Path(device).exists():
            refused(probe.open(device, options), EINVAL, "is a device")
    path = tmp_path / "socket.onnx"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        refused(probe.open(path, options), EINVAL, "no regular file")


def test_links_are_followed_but_not_for_ever(probe: Probe, tmp_path: Path) -> None:
    loop = tmp_path / "loop.onnx"
    loop.symlink_to(loop)
    answer = probe.open(loop, f"model_dir={tmp_path}")
    assert answer.rc < 0 and "loop.onnx" in answer.error
    (tmp_path / "gone.onnx").symlink_to("nowhere")
    refused(probe.open(tmp_path / "gone.onnx", f"model_dir={tmp_path}"), ENOENT, "gone.onnx")
    (tmp_path / "device.onnx").symlink_to("/dev/zero")
    refused(probe.open(tmp_path / "device.onnx", f"model_dir={tmp_path}"), EINVAL, "is a device")


def test_a_path_through_a_file_is_refused(probe: Probe, tmp_path: Path) -> None:
    path = write(tmp_path / "a.onnx")
    refused(probe.open(path / "b.onnx", f"model_dir={tmp_path}"), ENOTDIR, "b.onnx")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(probe: Probe, tmp_path: Path) -> None:
    path = write(tmp_path / "a.onnx")
    path.chmod(0)
    refused(probe.open(path, f"model_dir={tmp_path}"), EACCES, "a.onnx")


@pytest.mark.parametrize("variable", ["", "1000000000"])
def test_models_above_the_limit_are_refused_whatever_the_environment(
    probe: Probe, tmp_path: Path, variable: str
) -> None:
    path = tmp_path / "large.onnx"
    environment = {"VMAF_MAX_MODEL_BYTES": variable} if variable else {}
    for size, rc in ((LIMIT + 1, EFBIG), (1 << 40, EFBIG), (LIMIT, EBADMSG)):
        with path.open("wb") as file:
            file.truncate(size)
        answer = probe.open(path, f"model_dir={tmp_path}", **environment)
        assert answer.rc == rc, answer
        if rc == EFBIG:
            assert f"has {size} bytes, at most {LIMIT}" in answer.error


def test_the_limit_is_not_lowered_by_the_environment(probe: Probe, models: Path) -> None:
    assert probe.open("good", f"model_dir={models}", VMAF_MAX_MODEL_BYTES="1").rc == 0


def test_long_and_odd_names_give_one_line(probe: Probe, tmp_path: Path) -> None:
    options = f"model_dir={tmp_path}"
    for name in ("x" * 5000, "a\nb\x1b[0m.onnx", "%s%n.onnx", "\u00e4\udcff.onnx"):
        answer = probe.open(name, options)
        assert answer.rc < 0 and answer.error and "\x1b" not in answer.error
    odd = "a\t\n\x7f\x85\u2028\u00e4\u0105"
    said = probe.open(odd + "x" * 2000, options).error  # cut off where it is full
    assert "a\\t\\n\\x7f\\x85\\u2028\u00e4\u0105xxx" in said and len(said.encode()) > 1000
    path = write(tmp_path / "a\nb.onnx")
    assert probe.open(path, options).rc == 0
    refused(probe.open("", options), EINVAL, "no model is named")


# ---------------------------------------------------------------------------------- the jail


def in_jail(probe: Probe, path: Path | str, jail: Path | str, *options: str) -> Answer:
    return probe.open(path, *options, **{JAIL: jail})


def test_the_variable_names_the_folder_of_the_models(probe: Probe, models: Path) -> None:
    answer = in_jail(probe, "good", models)
    assert (answer.rc, answer.values["path"]) == (0, f"{models}/good.onnx")
    assert in_jail(probe, "good", f"{models}/").rc == 0


def test_an_empty_variable_is_none(probe: Probe, models: Path) -> None:
    assert in_jail(probe, models / "good.onnx", "", f"model_dir={models}").rc == 0


def test_what_lies_inside_is_allowed(probe: Probe, models: Path) -> None:
    deep = models / "a" / "b"
    deep.mkdir(parents=True)
    write(deep / "inside.onnx")
    (models / "link.onnx").symlink_to(deep / "inside.onnx")
    outside = models.parent / "way"
    outside.symlink_to(models)
    for path in (
        deep / "inside.onnx",
        models / "link.onnx",
        deep / "../../link.onnx",
        outside / "link.onnx",
    ):
        assert in_jail(probe, path, models).rc == 0, path
        assert in_jail(probe, path, outside).rc == 0, path


def test_what_lies_outside_is_refused(probe: Probe, models: Path) -> None:
    outside = models.parent / "outside"
    outside.mkdir()
    write(outside / "a.onnx")
    sibling = models.with_name("models-evil")
    sibling.mkdir()
    write(sibling / "a.onnx")
    (models / "link.onnx").symlink_to(outside / "a.onnx")
    (models / "folder").symlink_to(outside)
    for path in (
        outside / "a.onnx",
        sibling / "a.onnx",
        models / "link.onnx",
        models / "folder" / "a.onnx",
        models / ".." / "outside" / "a.onnx",
    ):
        refused(in_jail(probe, path, models), EACCES, "outside VMAF_TINY_MODEL_DIR", str(models))


def test_a_pipe_or_large_file_outside_tells_nothing(probe: Probe, models: Path) -> None:
    pipe = models.parent / "pipe"
    os.mkfifo(pipe)
    (models / "pipe.onnx").symlink_to(pipe)
    refused(in_jail(probe, models / "pipe.onnx", models), EACCES, "outside")


@pytest.mark.parametrize("kind", ["missing", "file", "dangling link", "loop"])
def test_a_jail_that_is_no_folder_lets_nothing_in(probe: Probe, models: Path, kind: str) -> None:
    jail = models.parent / "jail"
    if kind == "file":
        jail.write_text("")
    elif kind != "missing":
        jail.symlink_to(jail if kind == "loop" else "nowhere")
    for name, options in (
        ("good", [f"model_dir={models}"]),
        (models / "good.onnx", []),
        ("good", []),
    ):
        refused(in_jail(probe, name, jail, *options), EACCES, "not a folder", str(jail))
    refused(probe.run("registry", **{JAIL: jail}), EACCES, "not a folder")


def test_the_registry_and_sidecars_are_in_the_jail_too(probe: Probe, models: Path) -> None:
    outside = models.parent / "outside"
    outside.mkdir()
    shutil.move(models / "good.json", outside)
    (models / "good.json").symlink_to(outside / "good.json")
    refused(in_jail(probe, "good", models), EACCES, "sidecar", "outside")
    shutil.move(models / "registry.json", outside)
    (models / "registry.json").symlink_to(outside / "registry.json")
    refused(in_jail(probe, "good", models), EACCES, "registry", "outside")
    refused(probe.run("registry", models.parent / "outside", **{JAIL: models}), EACCES, "outside")


def test_a_model_outside_the_jail_is_not_intact(probe: Probe, models: Path) -> None:
    outside = models.parent / "good.onnx"
    shutil.move(models / "good.onnx", outside)
    (models / "good.onnx").symlink_to(outside)
    assert probe.run("registry", models).models[0][-1] == "1"
    assert probe.run("registry", **{JAIL: models}).models[0][-1] == "0"


def test_the_root_is_a_jail_for_all(probe: Probe, models: Path) -> None:
    assert in_jail(probe, "good", "/", f"model_dir={models}").rc == 0


# -------------------------------------------------------------------- the installed folder


@pytest.mark.parametrize("library", ["lib", "lib/x86_64-linux-gnu", "bin"])
def test_models_are_found_beside_a_moved_installation(
    probe: Probe, models: Path, tmp_path: Path, library: str
) -> None:
    """The code is part of the program here, so that moving the program moves the library."""
    prefix = tmp_path / "moved"
    (prefix / library).mkdir(parents=True)
    shutil.copy(probe.programs / "probe", prefix / library / "probe")
    shutil.copytree(models, prefix / "share" / "vmaf_tiny")
    moved = Probe(prefix / library, probe.runtime)
    answer = moved.open("good")
    assert answer.values["path"] == f"{prefix}/share/vmaf_tiny/good.onnx"
    (tmp_path / "way").symlink_to(prefix / library)
    assert (
        Probe(tmp_path / "way", probe.runtime).open("good").values["path"] == answer.values["path"]
    )
    assert moved.open("good", **{JAIL: models}).values["path"] == f"{models}/good.onnx"


def test_an_installed_library_finds_its_models(build_dir: Path, tmp_path: Path) -> None:
    """The shared library, moved after it was installed, as a program in C finds it."""
    (library,) = [p for p in (build_dir / "filter").glob("libvmaf_tiny.*.*.*.*") if p.is_file()][:1]
    lib = tmp_path / "prefix" / "lib"
    lib.mkdir(parents=True)
    shutil.copy(library, lib / "libvmaf_tiny.so.0")
    share = tmp_path / "prefix" / "share" / "vmaf_tiny"
    share.mkdir(parents=True)
    register(share, "good", mlp())
    source = tmp_path / "list.c"
    source.write_text(
        '#include <stdio.h>\n#include "vmaf_tiny.h"\n'
        "int main(void)\n{\n    VmtRegistry *r = 0;\n    VmtError e = {{0}};\n"
        "    if (vmt_registry_open(&r, 0, &e))\n        return puts(e.text), 1;\n"
        "    puts(vmt_registry_entry(r, 0)->path);\n    vmt_registry_close(&r);\n    return 0;\n}\n"
    )
    header = Path(__file__).resolve().parents[2] / "filter"
    subprocess.run(
        [
            *compiler(build_dir),
            f"-I{header}",
            source,
            lib / "libvmaf_tiny.so.0",
            "-o",
            tmp_path / "list",
        ],
        check=True,
    )
    environment = {"LD_LIBRARY_PATH": str(lib), "PATH": os.environ["PATH"]}
    done = subprocess.run([tmp_path / "list"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{share}/good.onnx\n"), done


# ---------------------------------------------------------------------------------- memory


@pytest.mark.skipif(sys.platform != "linux", reason="the linker cannot replace malloc")
def test_lack_of_memory_at_any_place_is_a_clean_error(probe: Probe, models: Path) -> None:
    write(models / "other.onnx")
    sidecar = {"encoder_vocab": ["a"], "encoder_presets": {"a": {"p": 1}}}
    codec = [value("features", ["N", 6]), value("codec", ["N", 3])]
    register(models, "conditioned", total(inputs=codec), sidecar=sidecar)
    picture = [value("input", [1, 3, "H", "W"])]
    outputs = [value("score", [1, 1])]
    register(models, "pictures", total(inputs=picture, outputs=outputs), smoke=True)
    failing = replace(probe, name="probe_fail_alloc")
    fake = f"ort_library={probe.fake}"
    for arguments in (
        ("open", "good", f"model_dir={models}", fake),
        ("open", str(models / "good.onnx"), f"model_dir={models}", fake),
        ("open", str(models / "other.onnx"), f"model_dir={models}", fake),
        ("open", "nothing", f"model_dir={models}", fake),
        ("open", "conditioned", f"model_dir={models}", fake, "codec=a", "preset=p", "crf=20"),
        ("open", "pictures", f"model_dir={models}", fake),
        ("registry", str(models)),
    ):
        for count in range(200):
            answer = failing.run(*arguments, text="1 1 1 1 1 0\n", FAIL_AT=str(count))
            if answer.stderr != "failed\n":
                break
            assert (answer.rc, answer.error) == (ENOMEM, "out of memory"), (arguments, count)
        assert answer.stderr == "" and 10 < count < 200
