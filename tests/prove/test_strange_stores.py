"""Stores that something else than a sweep has filled: of use, or refused before they are used."""

import json
import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import clips
from vmaf_tiny.cli import main
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.sweep import grid, sweep
from vmaf_tiny.units.store import Store, default_store

RENDITIONS = grid(crf=[34, 44], presets=["ultrafast"])
# What selects from it is never done.
ENDLESS = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n) SELECT"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lumas = [clips.noisy(clips.plane(n), seed=n) for n in range(48)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas, options={"g": "12"})


def same(some: list[RenditionResult], others: list[RenditionResult]) -> bool:
    return all(
        np.array_equal(one.result.scores, other.result.scores)
        for one, other in zip(some, others, strict=True)
    )


def change(store: Path, key: str, alter: Callable[[dict[str, Any]], object]) -> None:
    """Replace a value by what is made of it: a document, or bytes that may be none."""
    with closing(sqlite3.connect(store)) as connection:
        asked = "SELECT value FROM results WHERE key = ?"
        ((packed,),) = connection.execute(asked, (key,)).fetchall()
        value = alter(json.loads(zlib.decompress(packed)))
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        connection.execute("UPDATE results SET value = ? WHERE key = ?", (zlib.compress(data), key))
        connection.commit()


def keys(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM results ORDER BY created")]


def told(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda value: {**value, "result": value["result"] | values}


VALUES: dict[str, Callable[[dict[str, Any]], object]] = {
    "deep": lambda value: b"[" * 200_000,
    "deep objects": lambda value: b'{"a":' * 100_000,
    "too many pictures": told(pictures=10**400),
    "a size that is none": lambda value: {**value, "file_size": float("nan")},
    "a picture at no end": lambda value: json.dumps(value).replace('"time": [', '"time": [1e999, ')
    .encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values_that_cannot_be_are_computed_again(source: Path, tmp_path: Path, name: str) -> None:
    """And are then there, also where what was there could be parsed."""
    store = tmp_path / "store"
    made = sweep(source, RENDITIONS, store=store)
    before = keys(store)
    for key in before:
        change(store, key, VALUES[name])
    assert same(sweep(source, RENDITIONS, store=store), made)
    for key in before:
        with closing(Store(store)) as again:
            assert again.get(key)["file_size"] is None  # type: ignore[index]


def test_progress_of_what_is_stored_in_part(source: Path, tmp_path: Path) -> None:
    """It tells of segments that are there, whatever their summary says."""
    store, segmented = tmp_path / "store", {"segment": 0.5}
    made = sweep(source, RENDITIONS, store=store, **segmented)
    first, *others = keys(store)
    for key in others:
        change(store, key, told(score="high", bytes="7"))
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DELETE FROM results WHERE key = ?", (first,))
        connection.commit()
    seen: list[object] = []
    assert same(sweep(source, RENDITIONS, store=store, progress=seen.append, **segmented), made)
    assert seen


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        ([f"CREATE VIEW more AS {ENDLESS} k FROM n"], "a view 'more'"),
        (
            [
                "DROP TABLE results",
                f"CREATE VIEW results AS {ENDLESS} k AS key, 1 AS about, 2 AS value, 3 AS created"
                " FROM n",
            ],
            "a view 'results'",
        ),
        (
            [
                "CREATE TRIGGER lost AFTER INSERT ON results BEGIN"
                " DELETE FROM results WHERE key = new.key; END"
            ],
            "a trigger 'lost'",
        ),
        (
            ["ALTER TABLE results ADD COLUMN more AS (zeroblob(1000000))"],
            "a table 'results'",
        ),
    ],
    ids=["view", "view for a table", "trigger", "computed column"],
)
def test_what_acts_by_itself_is_refused(
    source: Path, tmp_path: Path, statements: list[str], what: str
) -> None:
    store = tmp_path / "store"
    Store(store).close()
    with closing(sqlite3.connect(store)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    with pytest.raises(VmafTinyError, match=f"of another program, with {what}"):
        sweep(source, RENDITIONS, store=store)


def test_a_store_that_is_no_file(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = tmp_path / "text"
    text.write_text("a letter")
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero", text, text / "in" / "it"):
        arguments = ["--crf", "40", "--store", str(path), "-q"]
        assert main(["sweep", str(source), *arguments]) == 1
        out, err = capfd.readouterr()
        assert not out and err.count("\n") == 1 and "Errno" not in err, err
        assert f"the store {path} cannot be used" in err
    assert text.read_text() == "a letter"


def test_who_has_no_home_is_told_of_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a user of a container that is only a number."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(VmafTinyError, match="give --store or --no-store"):
        default_store()
