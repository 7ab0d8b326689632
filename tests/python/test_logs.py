"""Logs written by the C library: what reads libvmaf's logs reads them."""

import csv
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg  # type: ignore[import-untyped]
import pytest

from log_writer import FEATURES, FORMATS, METRICS, POOLS, TWO_FRAMES, Frame, Writer

# ------------------------------------------------------------------- the same as libvmaf's


def libvmaf_log(folder: Path, fmt: str, scene: str, distortion: str) -> str:
    """Log of libvmaf for a scene and the same scene distorted."""
    path = folder / f"libvmaf.{fmt}"
    graph = f"{scene},split[r][d];[d]{distortion}[e];[e][r]libvmaf=log_fmt={fmt}:log_path={path}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"]
    subprocess.run([*command, "-filter_complex", graph, "-f", "null", "-"], check=True, timeout=300)
    return path.read_text()


def frames_of(log: dict[str, Any]) -> list[Frame]:
    return [
        (frame["frameNum"], *(frame["metrics"][name] for name in METRICS))
        for frame in log["frames"]
    ]


def masked(text: str) -> str:
    """Without what differs between any two runs: version and speed."""
    return re.sub(r'(version"?[=:] ?"|fps"?[=:] ?"?)[^",\n]+', r"\1*", text)


def only_ours(text: str, fmt: str) -> str:
    """Libvmaf's log without the metrics that we do not have."""
    if fmt == "csv":
        rows = list(csv.reader(text.splitlines()))
        keep = [i for i, name in enumerate(rows[0]) if name in ("Frame", *METRICS, "")]
        return "".join(",".join(row[i] for i in keep) + "\n" for row in rows)
    names = set(re.findall(r"\b(?:integer|VMAF)_\w+", text)) - set(METRICS)
    other = "|".join(names)
    if fmt == "sub":
        return re.sub(rf"(?:{other}): [^|]+\|", "", text)
    if fmt == "xml":
        text = re.sub(rf' *<metric name="(?:{other})".*\n', "", text)
        return re.sub(rf'(?:{other})="[^"]+" ', "", text)
    text = re.sub(rf' +"(?:{other})": {{[^}}]*}},\n', "", text)
    return re.sub(rf' +"(?:{other})": .*\n', "", text)


def as_libvmaf(text: str, fmt: str) -> str:
    """Our log without what we have on top."""
    if fmt == "json":
        text = re.sub(r',\n *"(?:p\d+|stdev)": [^,\n]+', "", text)
        return re.sub(r',\n  "vmaf_tiny": {.*', "\n}\n", text, flags=re.DOTALL)
    text = re.sub(r'(?:p\d+|stdev)="[^"]+" ', "", text)
    return re.sub(r"  <vmaf_tiny .*</vmaf_tiny>\n", "", text, flags=re.DOTALL)


def split_pooled(text: str) -> tuple[str, list[str], list[float]]:
    """Everything before the pooled values; what surrounds these; these."""
    frames, name, pooled = text.partition("pooled_metrics")
    number = r"(?<=[ \"])-?\d+\.\d+"
    return frames, re.split(number, name + pooled), [float(x) for x in re.findall(number, pooled)]


@pytest.mark.parametrize("fmt", FORMATS)
def test_log_is_libvmafs_to_the_letter(writer: Writer, tmp_path: Path, fmt: str) -> None:
    scene, distortion = "testsrc2=s=320x240:r=10:d=0.5", "noise=alls=30:all_seed=7"
    numbers = json.loads(libvmaf_log(tmp_path, "json", scene, distortion))
    theirs = only_ours(libvmaf_log(tmp_path, fmt, scene, distortion), fmt)
    options = ("--fps", "25", "--width", "320", "--height", "240")
    frames = frames_of(numbers)
    assert len(frames) == 5
    ours = as_libvmaf(writer.write(fmt, tmp_path / "ours", *options, frames=frames), fmt)

    # The pooled values are made of rounded ones here, so their last digit may differ.
    our_frames, our_text, our_values = split_pooled(masked(ours))
    their_frames, their_text, their_values = split_pooled(masked(theirs))
    assert our_frames == their_frames
    assert our_text == their_text
    assert our_values == pytest.approx(their_values, abs=1.1e-6)
    assert len(our_values) == (0 if fmt in ("csv", "sub") else 4 * len(METRICS))


def test_tiny_numbers_keep_their_digits_as_libvmafs_do(writer: Writer, tmp_path: Path) -> None:
    dot = "drawbox=x=6:y=6:w=1:h=1:t=fill:color=0x818181:enable='mod(n,2)'"
    scene = f"color=gray:s=1920x1080:r=10:d=0.3,format=yuv444p,{dot}"
    theirs = libvmaf_log(tmp_path, "json", scene, "null")
    assert re.search(r'"integer_motion2": 0\.000000\d{9}[1-9],', theirs)
    ours = writer.write("json", tmp_path / "ours.json", frames=frames_of(json.loads(theirs)))
    assert masked(as_libvmaf(ours, "json")) == masked(only_ours(theirs, "json"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000000"),
        (1e-6, "0.000001"),
        (9.9e-7, "0.0000009900000000"),
        (5.0, "5.000000"),
        (5 + 2**-21, "5.0000004768371582"),
        (1e9, "1000000000.000000"),
        (-0.25, "-0.250000"),
        (-1e-7, "-0.0000001000000000"),
        (1.7976931348623157e308, f"{1.7976931348623157e308:.6f}"),
    ],
)
def test_number_is_spelled_by_libvmafs_rule(
    writer: Writer, tmp_path: Path, value: float, text: str
) -> None:
    log = writer.write("csv", tmp_path / "log.csv", frames=[(0, 0, 0, 0, 0, 0, value)])
    assert log.splitlines()[1].split(",")[6] == text


# ----------------------------------------------------------------------- what is on top


def test_json_pools_every_metric_in_every_way(writer: Writer, tmp_path: Path) -> None:
    log = json.loads(writer.write("json", tmp_path / "log.json"))
    assert list(log) == [
        *("version", "fps", "frames", "pooled_metrics", "aggregate_metrics", "vmaf_tiny")
    ]
    assert list(log["pooled_metrics"]) == list(METRICS)
    assert {tuple(pooled) for pooled in log["pooled_metrics"].values()} == {POOLS}
    assert log["pooled_metrics"]["vmaf"] == {
        "min": 84.25,
        "max": 88.5,
        "mean": 86.375,
        "harmonic_mean": pytest.approx(2 / (1 / 85.25 + 1 / 89.5) - 1, abs=1e-6),
        "p1": 84.2925,
        "p5": 84.4625,
        "p10": 84.675,
        "p50": 86.375,
        "stdev": 2.125,
    }


def test_log_says_how_it_came_about(writer: Writer, tmp_path: Path) -> None:
    options = ("--cpu", "1", "--width", "64", "--height", "48", "--fps", "12.345")
    notes = ("--note", "command=vmaf-tiny -r a -d b", "--note", "scale_2=bicubic")
    log = json.loads(writer.write("json", tmp_path / "log.json", *options, *notes))
    block = log["vmaf_tiny"]
    assert log["version"] == block.pop("version")
    assert log["fps"] == pytest.approx(12.345, abs=0.0051)
    assert block.pop("notes") == {"command": "vmaf-tiny -r a -d b", "scale_2": "bicubic"}
    facts = {
        "cpu": "c",
        "width": 64,
        "height": 48,
        "model": "vmaf_tiny_v2",
        "model_path": "/models/vmaf_tiny_v2.onnx",
        "sha256": "0123456789abcdef",
        "teacher": "vmaf_v0.6.1",
        "license": "BSD-3-Clause-Plus-Patent",
        "registered": True,
        "clipped": True,
        "provider": "cpu",
        "ort_version": "1.31.1",
        "ort_library": "libonnxruntime.so.1",
    }
    assert block == facts

    root = ET.fromstring(writer.write("xml", tmp_path / "log.xml", *options, *notes))
    element = root.find("vmaf_tiny")
    assert element is not None
    assert element.attrib.pop("version") == root.get("version") == log["version"]
    assert element.attrib == {
        key: str(fact).lower() if isinstance(fact, bool) else str(fact)
        for key, fact in facts.items()
    }
    assert [note.attrib for note in element] == [
        {"key": "command", "value": "vmaf-tiny -r a -d b"},
        {"key": "scale_2", "value": "bicubic"},
    ]


def test_features_alone_make_a_log_without_score_and_model(writer: Writer, tmp_path: Path) -> None:
    frames = [frame[:7] for frame in TWO_FRAMES]
    log = json.loads(writer.write("json", tmp_path / "log.json", frames=frames))
    assert [list(frame["metrics"]) for frame in log["frames"]] == [list(FEATURES)] * 2
    assert list(log["pooled_metrics"]) == list(FEATURES)
    assert list(log["vmaf_tiny"]) == ["version", "notes"]
    for fmt in ("xml", "csv", "sub"):
        text = writer.write(fmt, tmp_path / "log", frames=frames)
        assert "integer_motion2" in text
        assert re.search(r"\bvmaf\b|model", text) is None


def test_subsampled_frames_keep_their_numbers(writer: Writer, tmp_path: Path) -> None:
    frames = [(3 * i, *TWO_FRAMES[0][1:]) for i in range(4)]
    for fmt in FORMATS:
        text = writer.write(fmt, tmp_path / "log", frames=frames)
        start = {"csv": r"^", "sub": r"frame: ", "xml": r'Num="', "json": r'Num": '}[fmt]
        found = re.findall(start + r"(\d+)\b", text, flags=re.MULTILINE)
        assert found == ["0", "3", "6", "9"]
    assert "{9}{10}frame: 9|" in writer.write("sub", tmp_path / "log", frames=frames)


def test_number_that_is_none_never_reaches_a_log(writer: Writer, tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    frames = [(0, nan, 0.5, inf, 0.5, 0.5, 1.0, -inf), TWO_FRAMES[1]]
    log = json.loads(
        writer.write("json", tmp_path / "log.json", "--fps", "inf", frames=frames),
        parse_constant=pytest.fail,
    )
    assert log["fps"] is None
    assert [log["frames"][0]["metrics"][name] for name in METRICS] == [
        *(None, 0.5, None, 0.5, 0.5, 1.0, None)
    ]
    assert log["pooled_metrics"]["vmaf"] == dict.fromkeys(POOLS)
    assert log["pooled_metrics"]["integer_motion2"]["mean"] == 2.75

    root = ET.fromstring(writer.write("xml", tmp_path / "log.xml", "--fps", "nan", frames=frames))
    frame, fyi = root.find("frames/frame"), root.find("fyi")
    assert frame is not None
    assert list(frame.attrib) == ["frameNum", *(METRICS[i] for i in (1, 3, 4, 5))]
    assert fyi is not None
    assert fyi.attrib == {}
    assert {m.get("name"): len(m.attrib) for m in root.iter("metric")} == {
        name: 1 if name in ("integer_adm2", "integer_vif_scale1", "vmaf") else 1 + len(POOLS)
        for name in METRICS
    }

    rows = writer.write("csv", tmp_path / "log.csv", frames=frames).splitlines()
    assert rows[1] == "0,,0.500000,,0.500000,0.500000,1.000000,,"
    line = writer.write("sub", tmp_path / "log.sub", frames=frames).splitlines()[0]
    assert line == "{0}{1}frame: 0|" + "".join(
        f"{METRICS[i]}: {frames[0][i + 1]:.6f}|" for i in (1, 3, 4, 5)
    )


# ------------------------------------------------------------------------------ its readers


@pytest.fixture(params=["plain", "rich"])
def log_of(request: pytest.FixtureRequest, writer: Writer, tmp_path: Path) -> Callable[[str], Path]:
    """Writes a log of a format, bare or with all that may be in it."""
    options: tuple[str | bytes, ...] = ("--note", "command=ü <&\"'\t|,;", "--cpu", "1")

    def write(fmt: str) -> Path:
        path = tmp_path / f"log.{fmt}"
        writer.write(fmt, path, *(options if request.param == "rich" else ()))
        return path

    return write


def test_readers_that_go_through_json_frames(log_of: Callable[[str], Path]) -> None:
    # ffmpeg-quality-metrics and easyVmaf; the first opens it in whatever encoding there is
    log = json.loads(log_of("json").read_text(encoding="ascii"))
    for n, frame in enumerate(log["frames"]):
        assert int(frame["frameNum"]) == n
        assert all(isinstance(value, float) for value in frame["metrics"].values())
    assert [frame["metrics"]["vmaf"] for frame in log["frames"]] == [84.25, 88.5]
    for name, pooled in log["pooled_metrics"].items():
        values = [frame["metrics"][name] for frame in log["frames"]]
        assert (pooled["min"], pooled["max"]) == (min(values), max(values))


def test_readers_that_go_through_xml_frames(log_of: Callable[[str], Path]) -> None:
    # libvmaf's own Python, easyVmaf
    root = ET.parse(log_of("xml")).getroot()
    assert root.tag == "VMAF"
    frames = [
        {key: float(value) for key, value in frame.attrib.items() if key != "frameNum"}
        for frame in root.findall("frames/frame")
    ]
    assert [frame["vmaf"] for frame in frames] == [84.25, 88.5]
    assert [tuple(frame) for frame in frames] == [METRICS] * 2
    for metric in root.findall("pooled_metrics/metric"):
        assert list(metric.attrib)[:5] == ["name", *POOLS[:4]]


def test_readers_that_go_through_csv_rows(log_of: Callable[[str], Path]) -> None:
    with log_of("csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["Frame"]) for row in rows] == [0, 1]
    numbers = [{k: float(v) for k, v in row.items() if k and k != "Frame" and v} for row in rows]
    assert [tuple(row) for row in numbers] == [METRICS] * 2
    assert [row["vmaf"] for row in numbers] == [84.25, 88.5]


# -------------------------------------------------------------------------- locale, strings


def make_comma_locale(folder: Path) -> None:
    """A locale "comma" made from nothing, as few machines have one of that kind."""
    folder.mkdir()
    letters = "".join(f"<U{code:04X}> /x{code:02x} letter\n" for code in range(128))
    head = "<code_set_name> ASCII\n<mb_cur_min> 1\n<mb_cur_max> 1\n"
    charmap, source = folder / "charmap", folder / "source"
    charmap.write_text(f"{head}CHARMAP\n{letters}END CHARMAP\n")
    source.write_text(
        'LC_NUMERIC\ndecimal_point ","\nthousands_sep "."\ngrouping 3;3\nEND LC_NUMERIC\n'
    )
    # Complains of the categories that are not there, and makes the locale all the same.
    command: list[str | Path] = ["localedef", "--no-archive", "-c", "-f", charmap, "-i", source]
    command.append(folder / "comma")
    subprocess.run(command, check=False, capture_output=True, timeout=60)


def test_comma_locale_leaves_the_numbers_alone(writer: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "locales"
    make_comma_locale(folder)
    env = os.environ | {"LOCPATH": str(folder)}
    for fmt in FORMATS:
        plain = writer.write(fmt, tmp_path / "plain", "--fps", "1234.5")
        comma = writer.write(
            fmt, tmp_path / "comma", "--fps", "1234.5", "--locale", "comma", env=env
        )
        assert comma == plain


HOSTILE = [
    b'quotes " and \' and `, back\\slash, </vmaf_tiny> & &amp; ]]> {"a": 1}',
    b"line\nfeed\r\ttab \x01\x02\x1b\x7f control",
    "ü € 🎬 \u2028\ufeff\u0085".encode(),
    b"Latin-1: \xfc, cut: \xe2\x82, lone: \x80\xbf, end: \xf0\x9f",
    b"overlong: \xc0\xaf \xe0\x80\xaf, surrogate: \xed\xa0\x80, beyond: \xf4\x90\x80\x80 \xf8\xff",
    b"non-characters: \xef\xbf\xbe \xef\xbf\xbf",
    b"%s%n%.6f",
    b"",
    b"x" * 70_000,
]


def replaced(text: bytes) -> str:
    """As UTF-8, with one U+FFFD per byte that is not."""
    valid = text.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "\ufffd", valid)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_string_comes_back_as_it_was(writer: Writer, tmp_path: Path, text: bytes) -> None:
    options = ("--note", b"text=" + text, "--model", text)
    block = json.loads(writer.write("json", tmp_path / "log.json", *options))["vmaf_tiny"]
    assert block["notes"]["text"] == block["model"] == replaced(text)

    element = ET.fromstring(writer.write("xml", tmp_path / "log.xml", *options)).find("vmaf_tiny")
    assert element is not None
    in_xml = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", replaced(text))
    assert element.get("model") == element[0].get("value") == in_xml

    for fmt in ("csv", "sub"):
        plain = writer.write(fmt, tmp_path / "plain")
        assert writer.write(fmt, tmp_path / "log", *options) == plain


def test_long_log_is_whole(writer: Writer, tmp_path: Path) -> None:
    frames = [(i, *(i / 7 + k for k in range(7))) for i in range(3000)]
    for fmt in FORMATS:
        text = writer.write(fmt, tmp_path / "log", frames=frames)
        found = [float(x) for x in re.findall(r"(?<=[\s\"|,])\d+\.\d{6}(?=[\s\"|,])", text)]
        values = [x for frame in frames for x in frame[1:]]
        pooled = len(METRICS) * len(POOLS) if fmt in ("xml", "json") else 0
        assert len(found) == len(values) + pooled
        assert found[: len(values)] == pytest.approx(values, abs=5.1e-7)


# ---------------------------------------------------------------------------- the arguments


def test_wrong_arguments_are_refused_and_write_nothing(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert "xml, json, csv or sub" in writer.refuse("yaml", path, 22)
    assert "no frames" in writer.refuse("json", path, 22, frames=[])
    assert "no path" in writer.refuse("json", "", 22)
    assert "model" in writer.refuse("json", path, 22, "--without", "model")
    assert "CPU level 99" in writer.refuse("json", path, 22, "--cpu", "99")
    assert "-1x48" in writer.refuse("json", path, 22, "--width", "-1", "--height", "48")
    for key in ("", "Key", "two words", 'a"b', "ü"):
        assert f"'{key}'" in writer.refuse("xml", path, 22, "--note", f"{key}=value")
    same = ("--note", "a=1", "--note", "b=1", "--note", "a=1")
    assert "'a'" in writer.refuse("json", path, 22, *same)
    assert not path.exists()
