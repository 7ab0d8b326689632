"""Options that loops share, and what they refuse: one line each, and nothing left behind."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import clips
from vmaf_tiny.cli import main
from vmaf_tiny.cli.commands import app
from vmaf_tiny.cli.loops import show_warnings
from vmaf_tiny.cli.show import fitted, show

LOOPS = {
    "sweep": ["--crf", "30"],
    "ladder": ["--sizes", "144,72", "--crf", "30"],
    "search": ["--target", "80", "--samples", "0", "--probes", "2"],
}
OWN = {
    "sweep": {"--qp", "--bitrate", "--size"},  # a ladder has sizes, a search one; both use CRFs
    "ladder": {"--sizes", "--scores", "--bitrates"},
    "search": {
        "--target", "--pool", "--tolerance", "--min-chunk", "--chunk", "--samples", "--first",
        "--probes", "--size",
    },
}  # fmt: skip
SEVERAL = {"--at-once"}  # of those that make several renditions in a pass


def names(command):
    arguments = app[command].assemble_argument_collection()
    return [name for argument in arguments for name in argument.names if name.startswith("--")]


def test_loops_have_the_same_options_but_for_those_that_only_one_can_have():
    common = {command: set(names(command)) - OWN[command] for command in LOOPS}
    assert common["sweep"] == common["ladder"] == common["search"] | SEVERAL
    for command in LOOPS:
        assert len(names(command)) == len(set(names(command)))  # else one of two is not heard
        assert OWN[command] <= set(names(command))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    lumas = [clips.noisy(clips.plane(n, 256, 144), seed=n) for n in range(20)]
    whole = clips.write(folder / "src.mkv", lumas).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: 2 * len(whole) // 3])
    clips.write_audio(folder / "audio.mkv")
    (folder / "text.txt").write_text("no video\n" * 50)
    (folder / "empty.mkv").write_bytes(b"")
    Image.fromarray(lumas[0]).convert("RGB").save(folder / "still.png")
    clips.write(folder / "odd.mkv", [luma[:143, :255] for luma in lumas], pixel_format="yuv444p")
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def files(folder):
    return sorted(path.name for path in folder.rglob("*"))


def refused(here, capfd, *arguments):
    """Return the status and the only line that is said."""
    before = files(here)
    status = main([*map(str, arguments), "--progress", "none"])
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("vmaf-tiny: error: "), (out, err)
    assert files(here) == before
    return status, err


WRONG = {
    "no encoder": (["--encoder", "libx2644"], 2, "has no encoder 'libx2644': choose one"),
    "of audio": (["--encoder", "aac"], 2, "aac encodes audio: choose an encoder of video"),
    "preset": (["--preset", "verryfast"], 2, "libx264 refuses: invalid preset 'verryfast'"),
    "option": (["-O", "tunee=film"], 2, "it has no option 'tunee'"),
    "no value": (["-O", "tune"], 2, "write name=value"),
    "pixels": (["--pix-fmt", "yuv999"], 1, "unknown pixel format 'yuv999': use one of"),
    "crop": (["--crop", "512:288:0:0"], 1, "it cannot be cropped to 512:288:0:0"),
    "nothing": (["--crop", "0:0:0:0"], 1, "it cannot be cropped to 0:0:0:0"),
    "scale": (["--scale", "big"], 2, "cannot scale to 'big'"),
    "model": (["--model", "nosuch"], 1, "there is no model 'nosuch'"),
    "kernels": (["--cpu", "z80"], 2, "z80"),
    "output": (["-o", "a.doc"], 2, "end it in .json"),
    "place": (["-o", "no/a.json"], 1, "make no first"),
    "source": (["-o", "src.mkv"], 2, "src.mkv"),
    "store": (["--store", "src.mkv"], 1, "the store src.mkv cannot be used"),
    "no folder": (["--store", "/proc/none/a.sqlite"], 1, "cannot be used"),
    "kept": (["--keep", "src.mkv"], 2, "cannot be a folder for encodes"),
    "segments": (["--segment", "0"], 2, "Must be > 0"),
    "workers": (["--workers", "-1"], 2, "Must be >= 0"),
}


@pytest.mark.parametrize("command", LOOPS)
@pytest.mark.parametrize("what", WRONG)
def test_wrong_options_are_refused(here, capfd, command, what):
    more, expected, words = WRONG[what]
    store = [] if "--store" in more else ["--no-store"]
    status, said = refused(here, capfd, command, "src.mkv", *LOOPS[command], *store, *more)
    assert status == expected and words in said, said


SOURCES = {
    "none.mkv": "there is no such file",
    ".": "is a folder: give a file",
    "audio.mkv": "has no video (its streams: audio): give a video",
    "text.txt": "is text: give a video",
    "empty.mkv": "is empty: check what wrote it",
    "cut.mkv": "is damaged",
}


@pytest.mark.parametrize("command", LOOPS)
@pytest.mark.parametrize("source", SOURCES)
def test_sources_that_are_none_are_refused(here, capfd, command, source):
    status, said = refused(here, capfd, command, source, *LOOPS[command], "--no-store")
    assert status == 1 and SOURCES[source] in said


OWN_WRONG = [
    ("sweep --crf 99", "the CRF of libx264 is -12 to 51"),
    ("sweep --crf 30,30", "libx264 crf 30 is asked for twice"),
    ("sweep --crf high", "write 18:40:2 or 20,26,32"),
    ("sweep --crf 30 --size 255x143", "width not divisible by 2"),
    ("sweep --crf 30 --size 8x8", "8x8 cannot be encoded"),
    ("sweep --crf 30 --size 144x144", "such as 256x144, or allow stretch"),
    ("sweep --crf 30 --size 144x256", "or allow stretch"),
    ("sweep --bitrate 0", "write 800k or 1.5M"),
    ("ladder --sizes 288", "288 rows: the source has 144"),
    ("ladder --sizes 0", "0 rows"),
    ("ladder --sizes 144 --crf 30,30", "is asked for twice"),
    ("ladder --sizes 144 --crf 99", "the CRF of libx264 is -12 to 51"),
    ("ladder --scores 101", "give 0 to 100"),
    ("ladder --bitrates fast", "write 800k or 1.5M"),
    ("search --target 101", "give more than 0, up to 100"),
    ("search --target 80 --crf 99:120", "the CRF of libx264 is -12 to 51"),
    ("search --target 80 --crf 40:20", "give the lower one first"),
    ("search --target 80 --crf 20:40:0", "give more than 0"),
    ("search --target 80 --pool stdev", "unknown pooling 'stdev': choose one of min"),
    ("search --target 80 --encoder mpeg4", "choose another encoder"),
    ("search --target 80 --probes 1", "give 2 or more"),
    ("search --target 80 --size wide", "write 1280x720"),
    ("search", "--target requires an argument"),
]


@pytest.mark.parametrize(("line", "words"), OWN_WRONG)
def test_what_only_one_of_them_takes_is_refused_too(here, capfd, line, words):
    command, *more = line.split()
    status, said = refused(here, capfd, command, "src.mkv", *more, "--no-store")
    assert status in (1, 2) and words in said, said


@pytest.mark.parametrize("name", ["src.mkv", "text.txt", "none.json", "other.json", "cut.json"])
@pytest.mark.parametrize("command", ["report", "rescore"])
def test_files_that_are_no_results_are_refused(here, capfd, command, name):
    (here / "other.json").write_text('{"a": 1}')
    (here / "cut.json").write_text('{"kind": "vmaf-tiny renditions", "renditions": [')
    before = files(here)
    assert main([command, name]) in (1, 2)
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and name in err
    assert files(here) == before


# ------------------------------------------------------------------------------- what they take


@pytest.mark.parametrize("command", LOOPS)
@pytest.mark.parametrize("source", ["still.png", "odd.mkv"])
def test_a_still_image_and_an_odd_size_are_encoded(here, tmp_path, capfd, command, source):
    path = tmp_path / "a.json"
    more = [*LOOPS[command], "--no-store", "-o", path]
    assert main(list(map(str, [command, source, *more]))) in (0, 3)
    (first, *_) = json.loads(path.read_text())["renditions"]
    assert first["pictures"] == (1 if source == "still.png" else 20)


@pytest.mark.parametrize("command", LOOPS)
def test_a_model_may_be_told_nothing_of_the_encoder(here, tmp_path, command):
    told = {}
    for more in ((), ("--blind",)):
        path = tmp_path / "a.json"
        arguments = [command, "src.mkv", *LOOPS[command], "--preset", "ultrafast", "--no-store",
                     "--model", "fr_regressor_v2", "-q", "-o", str(path), *more]  # fmt: skip
        assert main(arguments) in (0, 3)
        made = json.loads(path.read_text())["renditions"][0]
        told[more] = [made["provenance"]["model"][name] for name in ("codec", "preset", "crf")]
    assert told[()] == ["libx264", "ultrafast", f"{made['crf']:g}"]
    assert told["--blind",][0] == "blind"


def test_a_ladder_takes_ranges_and_bitrates_as_a_sweep_does(here, tmp_path, capfd):
    path = tmp_path / "a.json"
    assert main(["ladder", "src.mkv", "--sizes", "143", "--crf", "20:44:12", "--bitrates",
                 "0.1M,80k,20", "--no-store", "-q", "-o", str(path)]) == 0  # fmt: skip
    document = json.loads(path.read_text())
    assert [point["rendition"]["crf"] for point in document["points"]] == [20, 32, 44]
    assert {(point["width"], point["height"]) for point in document["points"]} == {(252, 142)}
    asked = [what for rung in document["rungs"] for what in rung["asked"].split(", ")]
    assert sorted([*asked, *document["unmet"]]) == ["100 kbit/s", "20 kbit/s", "80 kbit/s"]
    assert document["unmet"]
    unmet = f"no encode on the hull for {', '.join(document['unmet'])}"
    assert f"vmaf-tiny: warning: {unmet}\n" in capfd.readouterr().err


def test_a_search_may_encode_at_another_size(here, tmp_path):
    path = tmp_path / "a.json"
    arguments = ["search", "src.mkv", *LOOPS["search"], "--size", "192x108", "--no-store"]
    assert main([*arguments, "-q", "-o", str(path)]) in (0, 3)
    for made in json.loads(path.read_text())["renditions"]:
        assert (made["width"], made["height"]) == (192, 108)
        assert (made["provenance"]["width"], made["provenance"]["height"]) == (256, 144)


@pytest.mark.parametrize("command", LOOPS)
def test_results_go_to_several_files_and_to_standard_output(here, tmp_path, capfd, command):
    paths = [tmp_path / name for name in ("a.json", "a.csv")]
    more = [word for path in (*paths, "-") for word in ("-o", str(path))]
    arguments = [command, "src.mkv", *LOOPS[command], "--store", str(tmp_path / "s"), *more]
    assert main(arguments) in (0, 3)
    document = json.loads(capfd.readouterr().out)
    assert len(paths[1].read_text().splitlines()) == 1 + len(document["renditions"])
    assert json.loads(paths[0].read_text()) == document


def test_a_warning_tells_whose_it_is_unless_it_is_of_all(capsys):
    def made(label, *warnings):
        named = SimpleNamespace(label=label)
        return SimpleNamespace(rendition=named, result=SimpleNamespace(warnings=warnings))

    show_warnings([made("a", "all", "one"), made("b", "all", "two"), made("c", "all", "two")])
    assert capsys.readouterr().err.splitlines() == [
        "vmaf-tiny: warning: all",
        "vmaf-tiny: warning: a: one",
        "vmaf-tiny: warning: b and 1 more: two",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_table_has_no_number_cut_off_however_narrow(monkeypatch, capsys, width):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    rows = np.arange(3.0) + 98765.432
    columns = {"rendition": ["libx264 medium crf 30 1280x720 tune=film"] * 3} | {
        name: [f"{value:.3f}" for value in rows] for name in ("a", "b", "c", "d", "e", "f")
    }
    show(fitted(columns, ("b", "c", "d", "e", "f")))
    out = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert "\N{HORIZONTAL ELLIPSIS}" not in out and out.count("98765.432") >= 1
    assert ("b" in out.splitlines()[0].split()) == (width == 200)
