"""The launcher: it runs the user's ffmpeg as it is, or says why not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from launched import ROOT

FAKE = """#!/bin/sh
[ "$1" = -version ] && { echo "ffmpeg version {version} Copyright"; exit; }
echo "$LD_LIBRARY_PATH|$VMAF_TINY_ORT_LIB|$#|$1|$2"
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plug-in for an ffmpeg that tells how it was called."""
    folder = tmp_path / "plug in"
    folder.mkdir()
    shutil.copy(ROOT / "filter" / "ffmpeg" / "vmaf-tiny-ffmpeg", folder)
    (tmp_path / "ort.so").touch()
    (tmp_path / "libavfilter.so.8").touch()
    settings = {
        "FFMPEG": tmp_path / "ffmpeg",
        "AVFILTER": tmp_path / "libavfilter.so.8",
        "STAMP": "of another time",
        "RELEASE": "5.1.9",
        "ORT_LIBRARY": tmp_path / "ort.so",
    }
    text = "".join(f"{name}='{value}'\n" for name, value in settings.items())
    (folder / "plugin.env").write_text(text)
    return folder


def install(plugin: Path, version: str) -> None:
    path = plugin.parent / "ffmpeg"
    path.write_text(FAKE.replace("{version}", version))
    path.chmod(0o755)


def run(launcher: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess:
    kept = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([launcher, *arguments], env=kept, capture_output=True, text=True)


def test_it_puts_its_library_first_and_passes_everything_on(plugin):
    install(plugin, "5.1.9-0+deb12u2")
    ran = run(plugin / "vmaf-tiny-ffmpeg", "a b", "*", LD_LIBRARY_PATH="/other")
    assert ran.stdout == f"{plugin}/lib:/other|{plugin.parent}/ort.so|2|a b|*\n"
    assert ran.returncode == 0


def test_it_may_be_called_through_a_link(plugin, tmp_path):
    install(plugin, "5.1.9")
    (tmp_path / "link").symlink_to(plugin / "vmaf-tiny-ffmpeg")
    assert run(tmp_path / "link").stdout.startswith(f"{plugin}/lib|")


def test_the_users_onnx_runtime_counts(plugin):
    install(plugin, "n5.1.9")
    ran = run(plugin / "vmaf-tiny-ffmpeg", VMAF_TINY_ORT_LIB="/mine.so")
    assert "|/mine.so|" in ran.stdout


def test_an_onnx_runtime_that_has_gone_is_not_named(plugin):
    install(plugin, "5.1.9")
    (plugin.parent / "ort.so").unlink()
    assert "/lib||0||" in run(plugin / "vmaf-tiny-ffmpeg").stdout


@pytest.mark.parametrize("version", ["5.1.10", "5.1.90", "5.1", "7.1.5-0+deb13u1", "N-1-g5.1.9"])
def test_another_release_is_refused(plugin, version):
    install(plugin, version)
    ran = run(plugin / "vmaf-tiny-ffmpeg", "-h")
    assert ran.returncode == 1
    assert f"made for FFmpeg 5.1.9, but this is {version}: make the plug-in again" in ran.stderr
    assert ran.stdout == ""


def test_an_ffmpeg_that_has_gone_is_told(plugin):
    ran = run(plugin / "vmaf-tiny-ffmpeg")
    assert ran.returncode == 1
    assert "apt-get install ffmpeg" in ran.stderr


def test_it_asks_for_the_release_only_after_a_change(plugin):
    install(plugin, "7.1.5")
    files = [plugin.parent / "ffmpeg", plugin.parent / "libavfilter.so.8"]
    stamp = "\n".join(f"{path.stat().st_size} {int(path.stat().st_mtime)}" for path in files)
    settings = plugin / "plugin.env"
    settings.write_text(settings.read_text().replace("of another time", stamp))
    assert run(plugin / "vmaf-tiny-ffmpeg").returncode == 0
    files[1].write_text("upgraded")
    assert run(plugin / "vmaf-tiny-ffmpeg").returncode == 1


def test_without_its_settings_it_says_what_to_do(plugin):
    (plugin / "plugin.env").unlink()
    assert "make plugin" in run(plugin / "vmaf-tiny-ffmpeg").stderr


def test_the_real_one_knows_the_filter(ffmpeg):
    ran = ffmpeg.run("-h", "filter=vmaf_tiny")
    assert b"dynamic (depending on the options)" in ran.output
    for option in ("model", "renditions", "stats", "n_subsample", "repeatlast"):
        assert f"   {option} " in ran.output.decode()
