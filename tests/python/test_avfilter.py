"""The plug-in for PyAV: what is refused, and in which words."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


def said(folder: Path, code: str = "import vmaf_tiny.avfilter") -> str:
    """Run code that must fail, and return its last line."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "VMAF_TINY_AVFILTER": str(folder)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran
    return ran.stderr.splitlines()[-1]


def plugin(folder: Path, **changes: object) -> Path:
    settings = {
        "av": version("av"),
        "release": "1.2.3",
        "libraries": ["libavutil-0.so.1", "libavfilter-0.so.1"],
        "onnxruntime": "",
    }
    (folder / "pyav.json").write_text(json.dumps({**settings, **changes}))
    return folder


def test_a_plugin_that_is_not_built_is_told(tmp_path):
    message = said(tmp_path)
    assert str(tmp_path) in message
    assert "make plugin-pyav" in message
    assert "VMAF_TINY_AVFILTER" in message


@pytest.mark.parametrize("code", ["import av", "from vmaf_tiny import score"])
def test_it_must_come_before_pyav(tmp_path, code):
    message = said(plugin(tmp_path), f"{code}; import vmaf_tiny.avfilter")
    assert "import vmaf_tiny.avfilter before av" in message


@pytest.mark.parametrize("changes", [{"av": "1.0.0"}, {}])
def test_a_plugin_for_another_wheel_is_refused(tmp_path, changes):
    message = said(plugin(tmp_path, **changes))
    assert "FFmpeg 1.2.3, not for this PyAV" in message
    assert "make plugin-pyav" in message


def test_the_package_comes_without_pyav():
    code = "import sys, vmaf_tiny; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_importing_the_module_keeps_the_function_of_its_name():
    code = (
        "import importlib, vmaf_tiny; module = importlib.import_module('vmaf_tiny.score')\n"
        "assert vmaf_tiny.score is module.score; assert vmaf_tiny.Scorer is module.Scorer\n"
        "assert vmaf_tiny.Result is module.Result"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_package_has_no_other_names():
    code = "import vmaf_tiny; vmaf_tiny.nonsense"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "module 'vmaf_tiny' has no attribute 'nonsense'" in ran.stderr
