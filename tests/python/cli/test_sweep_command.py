"""The command sweep: what it prints, writes, refuses, and tells on the way."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

import clips
from command import assert_one_line, run
from vmaf_tiny import score
from vmaf_tiny.encode import read_results

FAST = ("--preset", "veryfast")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n, 256, 144), seed=n) for n in range(30)]
    return clips.write(tmp_path_factory.mktemp("sweep") / "clip.mkv", lumas)


def sweep(source, *arguments, **options):
    return run("sweep", source, *arguments, **options)


def test_a_sweep_prints_a_table_and_keeps_what_it_made(source, tmp_path):
    done = sweep(
        source, "--crf", "26:38:4", "--preset", "veryfast,ultrafast", "--keep", tmp_path / "kept",
        "--store", tmp_path / "store", "-o", tmp_path / "results.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    made = read_results(tmp_path / "results.json")
    assert len(made) == 8
    for each in made:
        (line,) = [ln for ln in text.splitlines() if ln.startswith(f"{each.rendition.label} ")]
        assert f"{each.score:.3f}" in line
        assert f"{each.pooled['p5']:.3f}" in line
        assert f"{each.bitrate / 1000:.1f}" in line
        assert score(source, each.kept).pooled["vmaf"] == each.pooled
    assert "BD-rate" in text
    assert "against libx264 veryfast" in text
    document = json.loads((tmp_path / "results.json").read_text())
    assert document["schema_version"] == 1
    assert document["notes"]["bd_rates"][0]["test"] == "libx264 ultrafast"
    again = sweep(
        source, "--crf", "26,30", *FAST, "--keep", tmp_path / "kept", "--store", tmp_path / "store",
        "-o", tmp_path / "results.csv", "--quiet",
    )  # fmt: skip
    assert again.stdout.decode().split() == [f"{each.score:.6f}" for each in made[:2]]
    with (tmp_path / "results.csv").open() as file:
        assert [row["label"] for row in csv.DictReader(file)] == [
            each.rendition.label for each in made[:2]
        ]


def test_progress_for_machines_is_a_json_object_a_line(source):
    done = sweep(source, "--crf", "30,40", *FAST, "--no-store", "--progress", "json", "-q")
    events = [json.loads(line) for line in done.stderr.decode().splitlines()]
    assert {event["event"] for event in events} == {"progress", "rendition"}
    labels = ["libx264 veryfast crf 30", "libx264 veryfast crf 40"]
    assert [e["label"] for e in events if e["event"] == "rendition"] == labels
    last = [event for event in events if event["event"] == "progress"][-1]
    assert [each["rendition"] for each in last["renditions"]] == labels
    assert last["done"] == last["total"] == 60


def test_values_may_be_for_one_encoder(source):
    done = sweep(
        source, "--encoder", "libx264,libvpx-vp9", "--crf", "30", "--crf", "libvpx-vp9=40",
        "--preset", "libx264=ultrafast", "--preset", "libvpx-vp9=8", "-O", "g=10", "--no-store",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert "libx264 ultrafast crf 30 g=10" in text
    assert "libvpx-vp9 8 crf 40 g=10" in text
    assert "crf 30" not in text.partition("libvpx-vp9")[2]


def test_the_store_has_a_place_of_its_own(source, tmp_path):
    import os

    cache = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = sweep(source, "--crf", "40", *FAST, env=cache)
    place = tmp_path / "vmaf-tiny" / "results.sqlite"
    assert place.is_file()
    assert f"kept in {place}" in done.stdout.decode()


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        (["--crf", "20", "--preset", "medum"], 2, ["invalid preset 'medum'"]),
        (["--crf", "a"], 2, ["18:40:2"]),
        (["--size", "huge"], 2, ["1280x720"]),
        (["--encoder", "x264"], 2, ["no encoder 'x264'", "libx264"]),
        (["--crf", "libx265=20"], 2, ["libx265", "not among"]),
        (["-O", "tune"], 2, ["name=value"]),
        (["--crf", "20", "-o", "results.txt"], 2, [".json, .parquet, .frames.csv, .csv"]),
        (["--crf", "20", "-o", "nowhere/results.json"], 1, ["no folder"]),
        (["--crf", "20", "--segment", "1", "--workers", "1", "--model", "none"], 1, ["none"]),
    ],
)
def test_what_cannot_be_done_is_one_line(source, tmp_path, arguments, status, words):
    done = sweep(source, *arguments, "--no-store", cwd=tmp_path)
    assert done.returncode == status
    assert done.stdout == b""
    assert_one_line(done.stderr.decode(), *words)
    assert list(tmp_path.iterdir()) == []


def test_examples(source, tmp_path):
    said = _example("crf_sweep.py", source, tmp_path)
    assert len([line for line in said if "worst second" in line]) == 8
    assert "libx264 medium against libx264 veryfast" in said[-1]
    assert _example("crf_sweep.py", source, tmp_path) == said
    worst = _example("worst_frames.py", source, tmp_path)
    assert len([line for line in worst if line.startswith("frame ")]) == 5


def _example(name, source, folder):
    path = Path(__file__).parents[3] / "examples" / name
    done = subprocess.run([sys.executable, path, source], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()
