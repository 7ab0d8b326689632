"""libvmaf's own tool beside the benchmarks: found, held to CPU levels, taken for what it costs.

What stands for it here is a script that reads its files and says what it was told. The tool itself
is tried where `make bench-peer` or a VMAF of the environment has it.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from command import assert_one_line, run
from vmaf_tiny import bench, peer
from vmaf_tiny._core import cpu_levels
from vmaf_tiny.errors import OptionError, VmafTinyError
from vmaf_tiny.vmaf_tool import MASKS, VmafTool, find_tool

BUILT = Path(__file__).parents[2] / "build/libvmaf/tools/vmaf"
REAL = os.environ.get("VMAF") or (str(BUILT) if BUILT.exists() else "")

# It takes a fifth of a second to start and 0.2 ms for each picture, and writes what it was told.
SCRIPT = """\
#!{python} -IS
import os, sys, time
if sys.argv[1:] == ["--version"]:
    sys.exit(print("3.2.0", file=sys.stderr))
if len(sys.argv) == 1:
    print(" --cpumask: $bitmask", file=sys.stderr)
    sys.exit(1)
said = dict(zip(sys.argv[2::2], sys.argv[3::2]))
w, h = int(said["-w"]), int(said["-h"])
picture = (w * h + 2 * ((w + 1) // 2) * ((h + 1) // 2)) * (1 if said["-b"] == "8" else 2)
pictures, rest = divmod(os.path.getsize(said["-r"]), picture)
assert not rest and os.path.getsize(said["-d"]) == pictures * picture
with open("{log}", "a") as log:
    print(*sys.argv[1:], file=log)
end = time.process_time() + (0.2 + 0.0002 * pictures) * ("-m" in said)
while time.process_time() < end:
    pass
"""


@pytest.fixture
def script(tmp_path):
    path, log = tmp_path / "vmaf", tmp_path / "log"
    path.write_text(SCRIPT.format(python=sys.executable, log=log))
    path.chmod(0o755)
    return path


def told(script):
    """Return the command lines of the script, as words."""
    return [line.split() for line in (script.parent / "log").read_text().splitlines()]


# ----------------------------------------------------------------------------------------- found


def test_the_variable_names_a_tool(script, monkeypatch):
    monkeypatch.setenv("VMAF", str(script))
    assert find_tool() == VmafTool(str(script), "3.2.0")


def test_a_tool_on_the_path_is_found(script, monkeypatch):
    monkeypatch.delenv("VMAF", raising=False)
    monkeypatch.setenv("PATH", str(script.parent))
    assert find_tool() == VmafTool(str(script), "3.2.0")


@pytest.mark.parametrize("value", [None, ""])
def test_no_tool_is_none(value, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VMAF", raising=False)
    if value is not None:
        monkeypatch.setenv("VMAF", value)
    assert find_tool() is None


def test_another_program_of_that_name_is_no_tool(monkeypatch, tmp_path):
    (tmp_path / "vmaf").write_text("#!/bin/sh\necho 1.0 >&2\n")
    (tmp_path / "vmaf").chmod(0o755)
    monkeypatch.delenv("VMAF", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tool() is None


@pytest.mark.parametrize("path", ["/bin/ls", "/nowhere/vmaf"])
def test_a_variable_that_names_no_tool_is_refused(path, monkeypatch):
    monkeypatch.setenv("VMAF", path)
    with pytest.raises(OptionError, match=f"{path}, is not libvmaf's tool"):
        find_tool()


def test_the_command_refuses_it_in_a_line():
    done = run("bench", env={**os.environ, "VMAF": "/bin/ls"})
    assert done.returncode == 2 and not done.stdout
    assert_one_line(done.stderr.decode(), "unset VMAF")


# ---------------------------------------------------------------------------------------- measured


@pytest.mark.parametrize(("size", "bits"), [((96, 64), 8), ((45, 35), 8), ((45, 35), 10)])
def test_raw_video_has_three_planes(size, bits, tmp_path):
    clip = bench.synthetic(*size, bits, 2)
    data = peer.write_yuv(tmp_path / "a.yuv", clip.reference, bits).read_bytes()
    samples = np.frombuffer(data, np.uint8 if bits == 8 else "<u2").reshape(2, -1)
    luma = size[0] * size[1]
    for plane, picture in zip(clip.reference, samples, strict=True):
        assert np.array_equal(picture[:luma], plane.ravel())
        assert (picture[luma:] == 1 << (bits - 1)).all()
        assert len(picture) == luma + 2 * ((size[0] + 1) // 2) * ((size[1] + 1) // 2)


def test_each_level_is_compared_with_the_tool_held_to_it(script):
    clip = bench.synthetic(96, 64, 10, 3)
    setups = bench.one_at_a_time(cpu_levels(), ("exact", "fast"), (1, 2))
    tool = VmafTool(str(script), "3.2.0")
    measured = bench.measure(clip, setups, rounds=1, tool=tool)
    assert measured.peer is None and set(measured.held) == set(cpu_levels())
    for setup, times in measured.times.items():
        if setup.threads == 1:
            assert measured.ratio(setup) == measured.held[setup.cpu].cpu[0] / times.cpu[0]
        else:
            assert measured.ratio(setup) is None
    masks = {words[words.index("--cpumask") + 1] for words in told(script)}
    assert masks == {str(MASKS[cpu]) for cpu in cpu_levels()}
    for words in told(script):
        assert words[0] == "-q" and words[words.index("-b") + 1] == "10"
        assert ("--no_prediction" in words) != ("version=vmaf_v0.6.1" in words)


def test_start_and_files_are_taken_off(script):
    """1350 pictures, 450 times these three, take 0.2 ms each, besides what it takes to start."""
    clip = bench.synthetic(96, 64, 8, 3)
    setups = [bench.Setup("c")]
    measured = bench.measure(clip, setups, rounds=1, tool=VmafTool(str(script), "3.2.0"))
    assert measured.held["c"].ms == pytest.approx(0.2, abs=0.1)


def test_a_tool_that_fails_says_so(tmp_path):
    clip = bench.synthetic(96, 64, 8, 2)
    with pytest.raises(VmafTinyError, match="false failed"):
        bench.measure(clip, [bench.Setup("c")], rounds=1, tool=VmafTool("false", "3.2.0"))


def test_the_command_shows_and_writes_the_levels(script, tmp_path):
    options = ("--size", "96x64", "--pictures", "2", "--rounds", "1", "--bits", "8")
    done = run(
        "bench", *options, "--cpu", "c", "--json", "speed.json", cwd=tmp_path,
        env={**os.environ, "VMAF": str(script)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"libvmaf held to c" in done.stdout and str(script).encode() in done.stdout
    report = json.loads((tmp_path / "speed.json").read_text())
    (measured,) = report["measured"]
    assert list(measured["libvmaf_held"]) == ["c"]
    assert report["provenance"]["vmaf_tool"] == {"path": str(script), "libvmaf": "3.2.0"}


@pytest.mark.skipif(not REAL, reason="no vmaf tool: make bench-peer LIBVMAF=..., or VMAF=")
def test_the_tool_itself_can_be_held():
    tool = VmafTool(REAL, "")
    clip = bench.synthetic(352, 288, 10, 4)
    measured = bench.measure(clip, bench.one_at_a_time(cpu_levels()), rounds=1, tool=tool)
    assert list(measured.held) == cpu_levels()
    assert all(times.cpu[0] > 0 for times in measured.held.values())
