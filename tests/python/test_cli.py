"""The command from outside: scores, streams, exit codes, and nothing left behind."""

import array
import csv
import fcntl
import hashlib
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest

import vmaf_tiny
from vmaf_tiny import _core
from vmaf_tiny.cli import main
from vmaf_tiny.cli.commands import app

W, H, FRAMES = 160, 128, 10
COMMAND = (sys.executable, "-m", "vmaf_tiny")


def luma(n, width=W, height=H):
    """Return picture n of a texture that moves."""
    rng = np.random.default_rng(3)
    texture = np.kron(rng.integers(30, 220, (64, 80), np.uint8), np.ones((4, 4), np.uint8))
    return np.roll(texture, (-n, -2 * n), (0, 1))[:height, :width]


def write_video(path, *, codec="libx264", frames=FRAMES, width=W, height=H, color=(), **options):
    """Encode the moving texture, whose colour tags are set by name."""
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, 25, options={k: str(v) for k, v in options.items()})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for name, value in color:
            setattr(stream.codec_context, name, value)
        for n in range(frames):
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = luma(n, width, height)
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            for name, value in color:
                setattr(frame, name, value) if hasattr(frame, name) else None
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    write_video(folder / "ref.mkv", qp=0)
    write_video(folder / "dis.mp4", crf=38)
    return folder


@pytest.fixture
def pair(videos):
    return str(videos / "ref.mkv"), str(videos / "dis.mp4")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capfd, place):
    """Run the command here; return its exit status and what it said."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return run


def run(*arguments, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, timeout=120, check=False, **options
    )


def assert_one_line(err, *words):
    assert err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    for word in words:
        assert word in err


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


def test_reader_that_goes_away_is_no_error(pair, place):
    for arguments in ((), ("-q",), ("-o", "-", "--csv"), ("--help",)):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as stdout:
            done = subprocess.run(
                [*COMMAND, *(pair if "--help" not in arguments else ()), *arguments],
                stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False,
            )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, b""), arguments


class Terminal:
    """A command whose standard error, or also output, is a terminal."""

    def __init__(self, *arguments, output=False, **options):
        self._here, there = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=there if output else subprocess.PIPE, stderr=there,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}, **options,
        )  # fmt: skip
        os.close(there)
        self.text = ""

    def read(self, until=None, seconds=60.0):
        """Read to the end, or until a pattern was seen."""
        end = time.monotonic() + seconds
        while not (until and re.search(until, self.text)):
            assert time.monotonic() < end, self.text
            if select.select([self._here], [], [], 0.2)[0]:
                try:
                    data = os.read(self._here, 65536)
                except OSError:  # Linux: the other end is closed
                    break
                if not data:
                    break
                self.text += data.decode()
        return self.text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self._here)


@pytest.fixture
def terminal():
    opened = []

    def start(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def long_pair(place):
    """Raw video of many pictures that takes no room on disk, and flags to score it."""
    size = W * H * 3 // 2
    for name in ("ref.yuv", "dis.yuv"):
        with Path(name).open("wb") as file:
            file.truncate(200_000 * size)
    return ("-r", "ref.yuv", "-d", "dis.yuv", "-w", W, "-h", H, "--threads", 1)


def test_progress_has_fps_and_time_left(terminal, long_pair):
    run = terminal(*long_pair)
    run.read(until=r"\d+ of 200000 pictures, [\d.]+ fps, \d+:\d\d:\d\d left")


def test_terminal_gets_colour_and_no_remains_of_progress(terminal, pair):
    run = terminal(*pair, output=True)
    text = run.read()
    assert run.process.wait() == 0
    assert "\x1b[" in text and "VMAF" in text
    assert "\x1b[?25l" not in text or text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_quiet_shows_no_progress(terminal, pair):
    run = terminal("-q", *pair)
    assert run.read() == ""
    assert run.process.wait() == 0
    assert float(run.process.stdout.read()) > 0


# ------------------------------------------------------------------------------------- interrupt


def test_interrupt_leaves_one_line_and_no_file(terminal, long_pair, place):
    before = sorted(place.iterdir())
    run = terminal(*long_pair, "-o", "log.json")
    run.read(until=r"pictures, [\d.]+ fps")
    run.process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    text = run.read()
    assert run.process.wait(10) == 130
    assert time.monotonic() - asked < 5
    assert text.endswith("\x1b[?25hvmaf-tiny: interrupted\r\n") and "Traceback" not in text
    assert run.process.stdout.read() == b""
    assert sorted(place.iterdir()) == before


def test_interrupt_while_waiting_for_standard_input(place, pair):
    process = subprocess.Popen(
        [*COMMAND, "-q", "-r", "-", "-d", pair[1], "-o", "log.json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(Path(pair[0]).read_bytes()[:1000])
    process.stdin.flush()
    unread = array.array("i", [1])
    while unread[0]:  # until it has begun to read, and waits for more
        time.sleep(0.05)
        fcntl.ioctl(process.stdin, termios.FIONREAD, unread)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert err == b"vmaf-tiny: interrupted\n"
    assert list(place.iterdir()) == []


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


# ------------------------------------------------------------------------------------- bad input


def empty(path):
    path.touch()


def cut_off(path):
    whole = write_video(path.with_name("whole.mkv"), codec="ffv1").read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    path.with_name("whole.mkv").unlink()


def sound_only(path):
    with av.open(path, "w") as out:
        stream = out.add_stream("pcm_s16le", 48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        out.mux(stream.encode(frame))
        out.mux(stream.encode())


def mended(name, value):
    """Return a maker of a video with a colour tag."""
    return lambda path: write_video(path, qp=0, color=[(name, value)])


BAD_VIDEOS = {
    "missing.mkv": (lambda path: None, "no such file"),
    "folder.mkv": (Path.mkdir, "folder"),
    "empty.mkv": (empty, "empty"),
    "text.mkv": (lambda path: path.write_text("no video\n" * 99), "video"),
    "noise.mp4": (lambda path: path.write_bytes(np.random.default_rng(1).bytes(9999)), "video"),
    "cut.mkv": (cut_off, "damage"),
    "sound.wav": (sound_only, "no video"),
    "raw.yuv": (lambda path: path.write_bytes(bytes(W * H * 3 // 2)), "raw"),
    "pq.mkv": (mended("color_trc", 16), "PQ"),
    "hlg.mkv": (mended("color_trc", 18), "HLG"),
    "full.mkv": (mended("color_range", 2), "range"),
}


@pytest.mark.parametrize("name", BAD_VIDEOS)
@pytest.mark.parametrize("side", ["reference", "distorted"])
def test_bad_video_is_refused_in_one_line(said, pair, videos, place, name, side):
    make, word = BAD_VIDEOS[name]
    bad = videos / name
    if not bad.exists():
        make(bad)
    both = (bad, pair[1]) if side == "reference" else (pair[0], bad)
    status, out, err = said(*both, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, word)
    assert name in err
    assert list(place.iterdir()) == []


def test_video_smaller_than_the_metric_is_refused(said, place):
    small = write_video("small.mkv", width=32, height=32)
    status, out, err = said(small, small, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "32x32", "33")
    assert [path.name for path in place.iterdir()] == [small]


def test_raw_video_of_another_size_is_refused(said, place, pair):
    Path("cut.yuv").write_bytes(bytes(W * H * 3 // 2 * 3 - 7))
    status, out, err = said("cut.yuv", "cut.yuv", "-w", W, "-h", H, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "cut.yuv", f"{W}x{H}")
    assert [path.name for path in place.iterdir()] == ["cut.yuv"]


def test_standard_input_cannot_be_both(said):
    status, out, err = said("-", "-")
    assert (status, out) == (1, "")
    assert_one_line(err, "standard input")


def test_empty_standard_input(place, pair):
    done = run("-", pair[1], input=b"")
    assert (done.returncode, done.stdout) == (1, b"")
    assert_one_line(done.stderr.decode(), "standard input")


@pytest.mark.parametrize(
    ("name", "flag"),
    [("pq.mkv", "--allow-hdr"), ("hlg.mkv", "--allow-hdr"),
     ("full.mkv", "--allow-range-mismatch"), ("cut.mkv", "--allow-damage")],
)  # fmt: skip
def test_what_is_refused_can_be_allowed_and_is_warned_of(said, pair, videos, name, flag):
    bad = videos / name
    if not bad.exists():
        BAD_VIDEOS[name][0](bad)
    status, out, err = said("-q", pair[0], bad, flag)
    assert status == 0 and 0 < float(out) <= 100
    assert said("-q", pair[0], bad, flag.removesuffix("-mismatch")) == (status, out, err)
    assert err.startswith("vmaf-tiny: warning: ")


def altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


BAD_MODELS = {
    "corrupt": lambda path: path.write_bytes(b"\x08\x07" + bytes(99)),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "oversized": lambda path: os.truncate(path, 50 * 1024 * 1024 + 1),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_bad_model_is_refused_in_one_line(said, pair, place, name):
    with _core.Model() as model:
        shutil.copy(model.info.path, "bad.onnx")
    BAD_MODELS[name](Path("bad.onnx"))
    status, out, err = said(*pair, "--tiny-model", "bad.onnx", "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "bad.onnx")
    assert not Path("log.json").exists()


def test_model_of_another_shape_is_refused(said, pair, place):
    from onnx import TensorProto, helper, save

    taken = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 5])
    given = helper.make_tensor_value_info("vmaf", TensorProto.FLOAT, ["N"])
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    node = helper.make_node("ReduceSum", ["features", "axis"], ["vmaf"], keepdims=0)
    graph = helper.make_graph([node], "five", [taken], [given], [axis])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "five.onnx")
    status, out, err = said(*pair, "--tiny-model", "five.onnx", "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "five.onnx")
    assert not Path("log.json").exists()


@pytest.fixture
def model_folder(place):
    with _core.Model() as model:
        shutil.copytree(Path(model.info.path).parent, "models")
    return Path("models")


def test_altered_registered_model_is_refused(said, pair, model_folder):
    altered(model_folder / "vmaf_tiny_v2.onnx")
    status, out, err = said(*pair, "--model-dir", model_folder, "-o", "log.json")
    assert (status, out) == (1, "")
    assert_one_line(err, "vmaf_tiny_v2")
    assert not Path("log.json").exists()
    status, out, _ = said("models", "--model-dir", model_folder)
    assert status == 0 and "altered" in out
    status, out, _ = said("doctor", "--model-dir", model_folder)
    assert status == 1 and "altered" in out


def test_registry_that_is_none(said, pair, model_folder):
    (model_folder / "registry.json").write_text("{")
    for command in (pair, ("models",)):
        status, out, err = said(*command, "--model-dir", model_folder)
        assert (status, out) == (1, "")
        assert_one_line(err, "registry")


def test_unregistered_model_is_allowed_unless_verified(said, pair, place):
    import onnx

    with _core.Model() as model:
        graph = onnx.load(model.info.path)
    graph.doc_string = "other bytes"
    onnx.save(graph, "own.onnx")
    assert said("-q", *pair, "--tiny-model", "own.onnx")[0] == 0
    status, out, err = said("-q", *pair, "--tiny-model", "own.onnx", "--verify")
    assert (status, out) == (1, "")
    assert_one_line(err, "own.onnx")


def test_what_this_machine_lacks(said, pair, place):
    missing = [name for name in ("cuda", "openvino", "rocm") if name not in _core.devices()]
    assert missing
    status, out, err = said(*pair, "--tiny-device", missing[0])
    assert (status, out) == (1, "")
    assert_one_line(err, missing[0], "cpu")
    status, out, err = said(*pair, "--ort-lib", place / "none.so")
    assert (status, out) == (1, "")
    assert_one_line(err, "onnxruntime")
    status, out, err = said(*pair, "--tiny-model", "vmaf_tiny_v999")
    assert (status, out) == (1, "")
    assert_one_line(err, "vmaf_tiny_v999")


@pytest.mark.parametrize("path", ["/dev/full", "no/such/folder/log.json", "folder"])
def test_log_that_cannot_be_written(said, pair, place, path):
    Path("folder").mkdir()
    status, out, err = said(*pair, "-o", path, "--json")
    assert (status, out) == (1, "")
    assert_one_line(err, path)
    assert [path.name for path in place.rglob("*")] == ["folder"]


def test_log_does_not_replace_a_video(said, pair, place):
    shutil.copy(pair[1], "dis.mp4")
    before = Path("dis.mp4").read_bytes()
    status, out, err = said(pair[0], "dis.mp4", "-o", "./dis.mp4", "--json")
    assert (status, out) == (1, "")
    assert_one_line(err, "dis.mp4")
    assert Path("dis.mp4").read_bytes() == before


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
