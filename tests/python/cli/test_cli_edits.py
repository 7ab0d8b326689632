"""Alignment, repairs and preflight on the command line."""

import json

import numpy as np
import pytest

from clips import noisy, planes, write
from command import assert_one_line, run
from vmaf_tiny import score


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with a barred source, a noisy plain copy, and a shifted copy."""
    folder = tmp_path_factory.mktemp("videos")
    good = planes(90)
    bad = [noisy(luma, 20, seed=n) for n, luma in enumerate(good)]
    barred = [np.pad(luma, ((16, 16), (0, 0)), constant_values=16) for luma in good[:60]]
    write(folder / "barred.mkv", barred)
    write(folder / "good.mkv", good[:60])
    write(folder / "bad.mkv", bad[:60])
    write(folder / "late.mkv", bad[9:69])
    return folder


def test_shift_is_told_and_fixed(made):
    done = run(made / "good.mkv", made / "late.mkv", "--json")
    assert done.returncode == 0
    err = done.stderr.decode()
    assert "9 pictures ahead of the reference" in err and "--align fix" in err
    log = json.loads(done.stdout)
    assert "shifted: the distorted video is 9 pictures ahead" in json.dumps(log)
    done = run(made / "good.mkv", made / "late.mkv", "--align", "fix", "-q")
    assert b"not compared with their own" not in done.stderr
    expected = score(planes(60)[9:], [noisy(p, 20, seed=n) for n, p in enumerate(planes(60))][9:])
    assert float(done.stdout) == pytest.approx(expected.score, abs=1e-6)
    shown = run(made / "good.mkv", made / "late.mkv", "--align", "fix").stdout.decode()
    assert "paired     by content: 51 pairs" in shown and "aligned    aligned (conf" in shown
    done = run(made / "good.mkv", made / "late.mkv", "--align", "off", "-q")
    assert done.stderr == b""


def test_bars_are_refused_until_they_are_cropped(made):
    done = run(made / "barred.mkv", made / "bad.mkv")
    assert done.returncode == 1
    assert_one_line(done.stderr.decode(), "--crop reference=160:128:0:16")
    plain = run(made / "good.mkv", made / "bad.mkv", "-q")
    for crop in ("reference=160:128:0:16", "auto", "reference=auto"):
        done = run(made / "barred.mkv", made / "bad.mkv", "-q", "--crop", crop)
        assert (done.stdout, done.stderr) == (plain.stdout, b"")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--crop", "1:2:3:4"], ["--crop 1:2:3:4: say which video, as --crop distorted=1:2:3:4"]),
        (["--crop", "left=auto"], ["say which video", "--crop distorted=auto"]),
        (["--crop", "reference=some"], ["cannot crop to 'some'"]),
        (["--rotate", "both=45"], ["unknown rotate '45': choose one of 0, 90"]),
        (["--deinterlace", "distorted="], ["unknown deinterlace ''"]),
        (["--range", "distorted=tv"], ["unknown range 'tv': choose one of limited, full"]),
        (["--scale", "720p"], ["cannot scale to '720p': use reference, distorted, or a size"]),
        (["--align", "maybe"], ["maybe"]),
    ],
)
def test_wrong_use(made, options, words):
    done = run(made / "good.mkv", made / "bad.mkv", *options)
    assert done.returncode == 2
    assert_one_line(done.stderr.decode(), *words)


def test_preflight(made):
    done = run("preflight", made / "good.mkv", made / "bad.mkv")
    assert done.returncode == 0 and done.stderr == b""
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert ["size", "160x128", "160x128"] in rows and ["bars", "none", "none"] in rows
    done = run("preflight", made / "barred.mkv", made / "bad.mkv")
    assert done.returncode == 1
    assert_one_line(done.stderr.decode(), "has black bars around 160:128:0:16")
    assert "bars       around 160:128:0:16" in done.stdout.decode()
    done = run("preflight", made / "barred.mkv", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["refusal"] is None
    assert {"name": "bits", "reference": "8", "distorted": "", "differs": False} in found["checks"]
