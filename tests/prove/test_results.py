"""Results of strangers: tables, logs and documents that are not what they say they are."""

import copy
import json
import os
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import clips
from vmaf_tiny.cli import main

GONE = object()
VALUES = [
    None, True, -1, 0, 1 << 64, 10**400, 1e308, float("nan"), float("inf"), "", "x" * 50,
    "\x1b[31m\n<script>", "1e999", "../../etc/passwd", "/dev/zero", [], {}, [[]], GONE,
]  # fmt: skip
WHOLE_FILES = {
    "deep.json": "[" * 200_000,
    "deep objects.json": '{"a":' * 100_000,
    "empty.json": "",
    "list.json": "[]",
    "no frames.json": '{"frames": []}',
    "empty.csv": "",
    "wide.csv": '"' + "a" * 300_000,
    "long number.csv": "Frame,vmaf\n0," + "9" * 5000,
    "empty.parquet": "",
    "head.parquet": "PAR1",
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of every kind that is read."""
    place = tmp_path_factory.mktemp("results")
    reference = clips.write(place / "reference.mkv", clips.planes(6), codec="ffv1")
    encode = clips.write(place / "encode.mp4", clips.planes(6), options={"qp": "40"})
    fast = ("--preset", "ultrafast", "--no-store", "-q", reference)
    paths = [place / f"log.{ending}" for ending in ("json", "csv", "parquet")]
    runs: list[tuple[object, ...]] = [
        ("score", "-q", reference, encode, "-o", path) for path in paths
    ]
    for command, more in (
        ("sweep", ("--crf", "30,40")),
        ("ladder", ("--crf", "30,40", "--sizes", "96")),
        ("search", ("--target", "90", "--probes", "2")),
    ):
        paths.append(place / f"{command}.json")
        runs.append((command, *more, *fast, "-o", paths[-1]))
    for arguments in runs:
        assert main([str(each) for each in arguments]) in (0, 3)
    return paths


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every value, of lists to the first two."""
    if at:
        yield at
    keys = document if isinstance(document, dict) else ()
    keys = range(min(2, len(document))) if isinstance(document, list) else keys
    for key in keys:
        yield from places(document[key], (*at, key))


def altered(path: Path, rng: random.Random) -> bytes:
    """Return a file with a value that cannot be or, if it is none of JSON, with other bytes."""
    if path.suffix == ".json" and rng.random() < 0.8:
        document = copy.deepcopy(json.loads(path.read_text()))
        *way, last = rng.choice(list(places(document)))
        there = document
        for key in way:
            there = there[key]
        there[last] = rng.choice(VALUES)
        if there[last] is GONE:
            del there[last]
        return json.dumps(document).encode()
    data = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at : at + rng.randrange(1, 100)]
        elif kind == 2:
            data[at : at + 4] = b"\xff\xff\xff\x7f"
        else:
            data[at:at] = data[: rng.randrange(1, 200)]
    return bytes(data) or b"\0"


@pytest.mark.slow
def test_altered_results(
    originals: list[Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    """They are read, or refused in a line, before anything is written."""
    ends: Counter[int] = Counter()
    made = tmp_path / "page.html"
    for name, text in WHOLE_FILES.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in WHOLE_FILES]
    for number in range(amount(24, 1500)):
        original = originals[number % len(originals)]
        paths.append(tmp_path / f"{number}{original.suffix}")
        paths[-1].write_bytes(altered(original, random.Random(number)))
    for path in paths:
        for arguments in (("rescore", path), ("report", "-q", path, "-o", made)):
            capfd.readouterr()
            status = main([str(each) for each in arguments])
            out, err = capfd.readouterr()
            assert status in (0, 1, 2), (path, err)
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out + err), (path, out, err)
            if status:
                assert err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1, (path, err)
                assert not out and not made.exists() and "Errno" not in err, (path, err)
            made.unlink(missing_ok=True)
            ends[min(status, 1)] += 1
        if path.name in WHOLE_FILES:
            assert status
        path.unlink()
    assert ends[0] and ends[1]
    figure(f"{len(paths)} files twice: {ends[0]} times read, {ends[1]} times refused in one line")


# ---------------------------------------------------------------------------- tables of features


def table_of(original: Path, path: Path, told: dict[str, Any], columns: dict[str, Any]) -> Path:
    """Write a table that tells something else of its encode, with other columns."""
    table = pq.read_table(original)
    about = json.loads(table.schema.metadata[b"vmaf_tiny"])
    about["encodes"][0] |= told
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    pq.write_table(table.replace_schema_metadata({"vmaf_tiny": json.dumps(about)}), path)
    return path


def test_a_table_that_names_what_is_no_file(
    originals: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A report asks no network for it, nor waits for a pipe or standard input."""
    original = next(path for path in originals if path.suffix == ".parquet")
    os.mkfifo(tmp_path / "pipe")
    reader, writer = os.pipe()  # a standard input to wait for
    kept = os.dup(0)
    os.dup2(reader, 0)
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0)
            address = "{}:{}".format(*server.getsockname())
            for name in (f"http://{address}/x", f"tcp://{address}", str(tmp_path / "pipe"), "-"):
                told = {"distorted": name, "reference": name, "size": None}
                path = table_of(original, tmp_path / "x.parquet", told, {})
                begun = time.monotonic()
                assert main(["report", "-q", str(path), "-o", str(tmp_path / "page.html")]) == 0
                assert time.monotonic() - begun < 30
                assert "the videos are not where they were scored" in capfd.readouterr().err
                with pytest.raises(BlockingIOError):
                    server.accept()
    finally:
        os.dup2(kept, 0)
        for number in (kept, reader, writer):
            os.close(number)


def doubles(*values: object) -> pa.Array:
    return pa.array([*values, *[1.0] * (6 - len(values))], pa.float64())


TABLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "words for numbers": ({"size": "a", "duration": "b"}, {}),
    "too many bytes": ({"size": 10**400}, {}),
    "less than no bytes": ({"size": -5}, {}),
    "endless": ({"duration": float("inf")}, {}),
    "conditions of another kind": ({"conditions": 5}, {}),
    "a picture after the end of time": ({}, {"time": doubles(1e300)}),
    "a picture at no end": ({}, {"time": doubles(float("inf"))}),
    "a score that no sum has": ({}, {"vmaf": doubles(1e308)}),
    "half a number": ({}, {"adm2": pa.array(np.ones(6, np.float16))}),
    "words for pictures": ({}, {"frame_index": pa.array(["a"] * 6)}),
    "pictures without a number": ({}, {"frame_index": pa.array([None] * 6, pa.int64())}),
    "lists": ({}, {"adm2": pa.array([[1.0]] * 6)}),
    "words for bytes": ({}, {"bytes": pa.array(["a"] * 6)}),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_cannot_be(
    originals: list[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    original = next(path for path in originals if path.suffix == ".parquet")
    path = table_of(original, tmp_path / "x.parquet", *TABLES[name])
    for arguments in (["rescore"], ["report", "-q", "-o", str(tmp_path / "page.html")]):
        assert main([*arguments, str(path)]) == 1
        out, err = capfd.readouterr()
        assert not out and err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1, err


def test_a_small_table_of_endless_rows_is_refused_unread(
    originals: list[Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a value is repeated, a few bytes stand for as many rows as the file claims."""
    original = next(path for path in originals if path.suffix == ".parquet")
    table, path, count = pq.read_table(original), tmp_path / "x.parquet", 1 << 20
    pq.write_table(table.take(pa.array(np.zeros(count, np.int64))), path, compression="zstd")
    assert path.stat().st_size < count  # of rows of a hundred bytes
    monkeypatch.setattr("vmaf_tiny.table._MOST_ROWS", count - 1)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert main(["rescore", str(path)]) == 1
    assert f"{count} rows" in capfd.readouterr().err


# ------------------------------------------------------------------------- sweeps and ladders


def told_of_all(**told: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: [one.update(told) for one in document["renditions"]]


DOCUMENTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a bitrate that no number has": told_of_all(bytes=10**300, duration=1e-300),
    "hardly any time": told_of_all(duration=1e-320),
    "a bitrate that nothing is drawn of": told_of_all(duration=1e-17),
    "no bytes": lambda document: document["renditions"][0].update(bytes=0),
    "a picture after the end of time": lambda document: document["renditions"][0]["frames"].update(
        time=[0, 1e300, *range(2, 6)]
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("kind", ["sweep", "ladder"])
def test_documents_that_cannot_be(
    originals: list[Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    name: str,
) -> None:
    document = json.loads(next(path for path in originals if path.stem == kind).read_text())
    DOCUMENTS[name](document)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    assert main(["report", "-q", "-o", str(tmp_path / "page.html"), str(path)]) == 1
    out, err = capfd.readouterr()
    assert not out and err.startswith("vmaf-tiny: error: ") and err.count("\n") == 1, err


@pytest.mark.parametrize(
    ("told", "times"),
    [({"width": 30_000, "height": 30_000}, 0), ({"width": 20_000, "height": 100}, 0), ({}, 1e17)],
    ids=["too large for a frame", "too large for a file", "too late to seek"],
)
def test_pictures_that_cannot_be_shown(
    originals: list[Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    told: dict[str, Any],
    times: float,
) -> None:
    """The rest of the page is there, and what is missing is told; what is not found is read."""
    document = json.loads(next(path for path in originals if path.stem == "sweep").read_text())
    one = document["renditions"][0]
    one["kept"] = str(originals[0].with_name("encode.mp4"))
    one["provenance"].update(told)
    if times:
        one["frames"]["time"] = [times * number for number in range(6)]
    path, page = tmp_path / "results.json", tmp_path / "page.html"
    path.write_text(json.dumps(document))
    assert main(["report", "-q", "-o", str(page), str(path)]) == 0
    out, err = capfd.readouterr()
    assert not out and all(line.startswith("vmaf-tiny: ") for line in err.splitlines()), err
    assert page.exists() and ("no pictures here" in err) == bool(told)
