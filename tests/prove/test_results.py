"""Results of strangers: tables, logs and documents that are not what they say they are."""

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
