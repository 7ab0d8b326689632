"""The command from outside: scores, logs, usage, models and doctor."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest

import vmaf_tiny
from command import assert_one_line, run
from vmaf_tiny import _core
from vmaf_tiny.cli.commands import app

W, H, FRAMES = 160, 128, 10  # of the videos


# ---------------------------------------------------------------------------------------- scores


def test_flags_positions_and_subcommand_mean_the_same(said, pair):
    reference, distorted = pair
    ways = (
        (reference, distorted),
        ("score", reference, distorted),
        ("-r", reference, "-d", distorted),
        ("score", "-d", distorted, "-r", reference),
        ("--reference", reference, f"--distorted={distorted}"),
    )
    answers = {said(*way, "-q") for way in ways}
    assert len(answers) == 1
    ((status, out, err),) = answers
    assert (status, err) == (0, "")
    assert float(out) == pytest.approx(vmaf_tiny.score(*pair).score, abs=1e-6)
    assert 0 < float(out) < 95


def test_identical_videos_score_more(said, pair):
    reference, distorted = pair
    assert float(said("-q", reference, reference)[1]) > float(said("-q", reference, distorted)[1])


def test_raw_video_with_the_flags_of_libvmaf(said, place, pair):
    for n, name in enumerate(("ref.yuv", "dis.yuv")):
        with av.open(pair[n]) as video, Path(name).open("wb") as raw:
            for frame in video.decode(video=0):
                raw.write(frame.to_ndarray(format="yuv420p").tobytes())
    expected = float(said("-q", *pair)[1])
    flags = ("-w", W, "-h", H, "-p", "420", "-b", 8)
    status, out, _ = said("-q", "-r", "ref.yuv", "-d", "dis.yuv", *flags)
    assert status == 0 and float(out) == expected
    model = ("--tiny-model", "vmaf_tiny_v2", "--tiny-device", "auto", "--tiny-threads", "1")
    status, out, _ = said("-q", "-r", "ref.yuv", "-d", "dis.yuv", *flags, *model, "--verify")
    assert status == 0 and float(out) == expected
    for side, stream in (("-r", "ref.yuv"), ("-d", "dis.yuv")):
        pair_of = {"-r": "ref.yuv", "-d": "dis.yuv", side: "-"}
        piped = run(
            "-q", *[word for item in pair_of.items() for word in item], *flags,
            cwd=place, input=Path(stream).read_bytes(),
        )  # fmt: skip
        assert (piped.returncode, piped.stderr) == (0, b"")
        assert float(piped.stdout) == expected


def test_container_from_standard_input(pair, place):
    piped = run("-q", pair[0], "-", input=Path(pair[1]).read_bytes())
    assert piped.returncode == 0, piped.stderr
    assert float(piped.stdout) == pytest.approx(vmaf_tiny.score(*pair).score, abs=1e-6)


def test_threads_and_cpu_change_nothing(said, pair):
    expected = said("-q", *pair)
    assert said("-q", *pair, "--threads", 1) == expected
    assert said("-q", *pair, "--threads", 3, "--cpu", "c") == expected


def test_subsample_scores_every_nth(said, pair):
    status, out, _ = said(*pair, "--json", "--subsample", 3)
    assert status == 0
    assert [frame["frameNum"] for frame in json.loads(out)["frames"]] == [0, 3, 6, 9]


def test_model_by_path_and_without_clip(said, pair):
    with _core.Model() as model:
        path = model.info.path
    assert said("-q", *pair, "--tiny-model", path) == said("-q", *pair)
    assert said("-q", *pair, "--no-clip")[0] == 0


# ---------------------------------------------------------------------------------------- output


def test_names_and_words_of_strangers_do_not_command_a_terminal(said, place, pair):
    odd = "\x1b]0;\x9b31m[red]\n"
    videos = Path(f"a{odd}.mkv"), Path(f"b{odd}.mp4")
    for path, original in zip(videos, pair, strict=True):
        shutil.copy(original, path)
    log = Path(f"log{odd}.json")
    assert said(*videos, "-q", "-o", log)[0] == 0
    document = json.loads(log.read_text())
    document["vmaf_tiny"] |= {"model": f"model{odd}", "teacher": f"teacher{odd}"}
    log.write_text(json.dumps(document))
    sweep = ("sweep", "--crf", "40", "--preset", "ultrafast", "--no-store", videos[0])
    for ways in (videos, ("preflight", *videos), ("rescore", log), sweep):
        status, out, err = said(*ways)
        assert status == 0, err
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out + err), (ways, out, err)
        if ways is not sweep and ways[0] != "preflight":  # which show no name
            assert r"\x1b]0;\x9b31m[red]\n" in out


def test_person_gets_score_distribution_worst_frames_and_origin(said, pair):
    status, out, err = said(*pair)
    result = vmaf_tiny.score(*pair)
    assert (status, err) == (0, "")
    assert f"{result.score:.3f}" in out and "\x1b" not in out
    for name, value in result.pooled["vmaf"].items():
        assert name.replace("_", " ") in out and f"{value:.3f}" in out
    for index, _, score in result.worst(3):
        assert re.search(rf"\b{index} +0:00:0\d\.\d\d\d +{score:.3f}", out)
    with _core.Model() as model:
        info = model.info
    for word in (info.id, info.sha256[:12], info.teacher, info.provider, info.ort_version, "fps"):
        assert word in out


@pytest.mark.parametrize("form", ["json", "xml", "csv", "sub"])
@pytest.mark.parametrize("how", ["ending", "flag", "stdout"])
def test_log(said, place, pair, form, how):
    arguments = {
        "ending": ("-o", f"log.{form}"),
        "flag": ("-o", "scores", f"--{form}"),
        "stdout": ("-o", "-", f"--{form}"),
    }[how]
    status, out, err = said("-q", *pair, *arguments)
    assert (status, err) == (0, "")
    if how == "stdout":
        text = out
    else:
        (path,) = place.iterdir()
        text = path.read_text()
        assert float(out) == pytest.approx(vmaf_tiny.score(*pair).score, abs=1e-6)
    scores = vmaf_tiny.score(*pair).scores
    if form == "json":
        logged = [frame["metrics"]["vmaf"] for frame in json.loads(text)["frames"]]
    elif form == "xml":
        logged = [float(frame.get("vmaf")) for frame in ElementTree.fromstring(text).iter("frame")]
    elif form == "csv":
        rows = [line for line in text.splitlines() if not line.startswith("#")]
        logged = [float(row["vmaf"]) for row in csv.DictReader(io.StringIO("\n".join(rows)))]
    else:
        logged = [float(value) for value in re.findall(r"vmaf: ?(\d+\.\d+)", text)]
    assert logged == pytest.approx(scores.tolist(), abs=1e-6 if form != "sub" else 1e-5)


def test_format_alone_logs_to_standard_output(said, pair):
    status, out, err = said(*pair, "--json")
    assert (status, err) == (0, "")
    frames = json.loads(out)["frames"]
    assert frames == json.loads(said(*pair, "--json", "-o", "-")[1])["frames"]
    assert len(frames) == FRAMES


def test_names_of_files_may_be_any_bytes(said, place, pair):
    names = [os.fsdecode(b"r\xff[red]\n.mkv"), "\N{SNOWMAN} e.mp4"]
    for path, name in zip(pair, names, strict=True):
        shutil.copy(path, name)
    log = os.fsdecode(b"\xff.json")
    status, out, err = said(*names, "-o", log)
    assert (status, err) == (0, "")
    assert "[red]" in out and "\\udcff" in out and "\N{SNOWMAN} e.mp4" in out
    assert len(json.loads(Path(log).read_bytes())["frames"]) == FRAMES
    status, _, err = said("-d", names[0], "-r", os.fsdecode(b"\xff"))
    assert status == 1
    assert_one_line(err)


def test_log_replaces_an_older_one(said, place, pair):
    Path("log.json").write_text("old")
    assert said("-q", *pair, "-o", "log.json")[0] == 0
    assert len(json.loads(Path("log.json").read_text())["frames"]) == FRAMES


def test_log_on_standard_output_is_alone_there(pair):
    done = run(*pair, "-o", "-", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == done.stdout.strip() + b"\n"
    json.loads(done.stdout)


# ----------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("REF",), ["distorted"]),
        (("--json",), ["reference"]),
        (("REF", "DIS", "extra"), ["extra"]),
        (("REF", "DIS", "--bogus"), ["--bogus"]),
        (("--bogus", "REF", "DIS"), ["--bogus"]),
        (("-r", "-d", "DIS"), ["-d"]),
        (("REF", "DIS", "--json", "--csv"), ["--json", "--csv"]),
        (("REF", "DIS", "-o", "log.txt"), ["log.txt", "--json"]),
        (("REF", "DIS", "-o"), ["-o"]),
        (("REF", "DIS", "--threads", "many"), ["--threads", "many"]),
        (("REF", "DIS", "--threads", "-1"), ["--threads"]),
        (("REF", "DIS", "--threads", "1000"), ["threads"]),
        (("REF", "DIS", "--subsample", "0"), ["--subsample"]),
        (("REF", "DIS", "--cpu", "mmx"), ["mmx", "c"]),
        (("REF", "DIS", "--pairing", "luck"), ["luck", "index"]),
        (("REF", "DIS", "--tiny-device", "abacus"), ["abacus", "cuda"]),
        (("REF", "DIS", "-w", "160"), ["-w", "-h"]),
        (("REF", "DIS", "-b", "8"), ["-w", "-h"]),
        (("REF", "DIS", "-w", "160", "-h", "128", "-b", "7"), ["7", "8 to 16"]),
        (("REF", "DIS", "-w", "0", "-h", "128"), ["-w"]),
        (("REF", "DIS", "-w", "160", "-h", "128", "-p", "421"), ["421"]),
        (("models", "extra"), ["extra"]),
    ],
)
def test_usage(said, place, pair, arguments, words):
    names = dict(zip(("REF", "DIS"), pair, strict=True))
    status, out, err = said(*(names.get(word, word) for word in arguments))
    assert (status, out) == (2, "")
    assert_one_line(err, *words)
    assert list(place.iterdir()) == []


def test_nothing_asked_shows_help(said):
    status, out, _ = said()
    assert status == 2
    assert out == said("--help")[1]


def test_help_says_limits_and_every_flag_of_the_contract(said):
    status, out, _ = said("--help")
    assert status == 0
    flags = "-r -d -w -h -p -b --tiny-model --tiny-device --tiny-threads --no-clip --threads"
    for flag in (*flags.split(), "--subsample", "-o", "--json", "--xml", "--csv", "--sub", "-q"):
        assert re.search(rf"(^|[\s│]){flag}\b", out), flag
    for limit in ("SDR", "pixels", "vmaf_v0.6.1"):
        assert limit in out
    for command in ("models", "doctor", "score"):
        assert said(command, "--help")[0] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands_and_flags(shell):
    script = app.generate_completion(shell=shell)
    for word in ("doctor", "tiny-device", "openvino", "allow-hdr"):
        assert word in script


def test_version(said):
    assert said("--version") == (0, f"{vmaf_tiny.__version__}\n", "")


# -------------------------------------------------------------------------------- models, doctor


def test_models_lists_the_registry(said):
    status, out, err = said("models")
    assert (status, err) == (0, "")
    listed = json.loads(said("models", "--json")[1])
    assert "vmaf_tiny_v2" in {entry["id"] for entry in listed}
    for entry in listed:
        assert entry["id"] in out
        data = Path(entry["path"]).read_bytes()
        assert entry["intact"] and hashlib.sha256(data).hexdigest() == entry["sha256"]


def test_doctor_names_what_there_is(said):
    status, out, err = said("doctor")
    assert (status, err) == (0, "")
    words = (vmaf_tiny.__version__, av.__version__, np.__version__, "Python", "FFmpeg", "cpu")
    for word in (*words, *_core.cpu_levels(), "vmaf_tiny_v2", "Scoring works"):
        assert word in out


def test_doctor_says_what_is_missing(said, place):
    status, out, _ = said("doctor", "--ort-lib", place / "none.so")
    assert status == 1
    assert "onnxruntime" in out and "Scoring does not work" in out
