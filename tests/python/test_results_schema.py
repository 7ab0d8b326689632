"""What sweeps, searches and ladders write: by the schema, the same in every format, all of it."""

import csv
import json
import math
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import clips
from vmaf_tiny.cli import main
from vmaf_tiny.encode import Rendition, encode_and_score, read_results, write_results
from vmaf_tiny.encode.tables import SCHEMA, to_dict
from vmaf_tiny.errors import OptionError
from vmaf_tiny.rescore import read_results as read_encodes
from vmaf_tiny.sweep import sweep

FAST = ["--preset", "ultrafast"]
COMMANDS = {
    "sweep": ["--crf", "24,30,36,42", "--encoder", "libx264,libx265", "--no-store", *FAST],
    "search": ["--target", "80", "--samples", "0", "--crf", "15:45", *FAST],
    "ladder": ["--sizes", "144,72", "--crf", "24,36", *FAST],
}


@pytest.fixture(scope="module")
def schema():
    document = json.loads(files("vmaf_tiny.encode").joinpath(SCHEMA).read_text())
    Draft202012Validator.check_schema(document)
    return document


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    lumas = [clips.noisy(clips.plane(n, 256, 144), seed=n) for n in range(30)]
    return clips.write(tmp_path_factory.mktemp("source") / "clip.mkv", lumas)


@pytest.fixture(scope="module")
def written(source, tmp_path_factory):
    """Return what each command writes, by its name."""
    folder = tmp_path_factory.mktemp("results")
    for name, arguments in COMMANDS.items():
        path = folder / f"{name}.json"
        assert main([name, str(source), *arguments, "-o", str(path)]) in (0, 3)
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_documents_are_as_the_schema_says(written, schema, command):
    jsonschema.validate(written[command], schema, cls=Draft202012Validator)


def paths(document, path=()):
    """Give the paths of all members of objects."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*path, name)
            yield from paths(value, (*path, name))
    elif isinstance(document, list) and document and isinstance(document[0], dict):
        yield from paths(document[0], (*path, 0))


def value_at(document, path):
    for name in path:
        document = document[name]
    return document


@pytest.mark.parametrize("command", COMMANDS)
def test_the_schema_would_see_what_is_missing_or_of_another_kind(written, schema, command):
    validator = Draft202012Validator(schema)
    free = ("options", "notes")  # whose names are free
    seen = 0
    for path in list(paths(written[command])):
        if any(name in free for name in path[:-1]) or path[-1] in (*free, "source_sha256"):
            continue
        parent = value_at(written[command], path[:-1])
        value = parent.pop(path[-1])
        try:
            assert not validator.is_valid(written[command]), f"without {path}"
            parent[path[-1]] = {"no": "such"}
            assert not validator.is_valid(written[command]), f"another kind at {path}"
        finally:
            parent[path[-1]] = value
        seen += 1
    assert seen > 150
    assert validator.is_valid(written[command])


def test_the_schema_knows_no_other_names(written, schema):
    made = written["sweep"]["renditions"][0]
    for place in (written["sweep"], made, made["provenance"], made["frames"], made["encoder"]):
        place["surprise"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written["sweep"], schema, cls=Draft202012Validator)
        del place["surprise"]


def test_a_sweep_that_was_stored_and_one_of_segments_are_as_the_schema_says(
    source, tmp_path, schema
):
    lumas = clips.planes(24, 256, 144)
    keys = clips.write(tmp_path / "keys.mkv", lumas, options={"g": "6"})
    for options in ({"segment": 0.3}, {}):
        for _ in range(2):
            made = sweep(keys, [Rendition(crf=30)], store=tmp_path / "store", **options)
        document = json.loads(json.dumps(to_dict(made)))
        jsonschema.validate(document, schema, cls=Draft202012Validator)
        assert len(document["renditions"][0]["source_sha256"]) == 64


def test_flat_video_has_no_likeness(tmp_path, schema):
    flat = clips.write(tmp_path / "flat.mkv", [np.full((144, 256), 100, np.uint8)] * 12)
    (made,) = sweep(flat, [Rendition(crf=30)], store=tmp_path / "store")
    assert made.result.provenance.alignment.likeness is None
    write_results(tmp_path / "flat.json", [made])
    document = json.loads((tmp_path / "flat.json").read_text())
    jsonschema.validate(document, schema, cls=Draft202012Validator)
    (back,) = read_results(tmp_path / "flat.json")
    assert back.result.provenance == made.result.provenance


# -------------------------------------------------------------------------------- every picture


def test_every_format_has_packets_and_key_frames(source, tmp_path):
    renditions = [Rendition(crf=crf, options={"g": "10"}) for crf in (24, 36)]
    made = encode_and_score(source, renditions)
    for name in ("a.json", "a.parquet", "a.frames.csv", "a.csv"):
        write_results(tmp_path / name, made)
    rows = list(csv.DictReader((tmp_path / "a.frames.csv").open()))
    assert len(rows) == 60
    tables = read_encodes([tmp_path / "a.parquet"])
    back = read_results(tmp_path / "a.json")
    for each, table, other in zip(made, tables, back, strict=True):
        mine = [row for row in rows if row["label"] == each.rendition.label]
        assert each.keyframes.sum() == 3 and each.bytes == each.sizes.sum() + each.header
        for sizes in (table.sizes, other.sizes, [int(row["bytes"]) for row in mine]):
            assert np.array_equal(sizes, each.sizes)
        for keys in (table.keyframes, other.keyframes, [row["keyframe"] == "True" for row in mine]):
            assert np.array_equal(keys, each.keyframes)
        assert [float(row["vmaf"]) for row in mine] == each.result.scores.tolist()
        assert [float(row["adm2"]) for row in mine] == each.result.features[:, 0].tolist()
    (fine, _) = csv.DictReader((tmp_path / "a.csv").open())
    assert int(fine["bytes"]) == made[0].bytes


def test_a_table_of_what_is_no_rendition_knows_no_packets(source, tmp_path):
    path = tmp_path / "score.parquet"
    assert main(["score", str(source), str(source), "-o", str(path), "-q"]) == 0
    (one,) = read_encodes([path])
    assert one.sizes is None and one.keyframes is None


@pytest.mark.parametrize("command", ["search", "ladder"])
def test_searches_and_ladders_write_every_format(source, written, tmp_path, command, capfd):
    arguments = [command, str(source), *COMMANDS[command]]
    count = len(written[command]["renditions"])
    assert count >= 2
    for ending in ("parquet", "frames.csv", "csv"):
        assert main([*arguments, "-o", str(tmp_path / f"a.{ending}")]) in (0, 3)
    assert len(read_encodes([tmp_path / "a.parquet"])) == count
    assert len((tmp_path / "a.csv").read_text().splitlines()) == count + 1
    assert len((tmp_path / "a.frames.csv").read_text().splitlines()) == 30 * count + 1
    assert main([*arguments, "-o", str(tmp_path / "a.doc")]) == 2
    assert ".frames.csv" in capfd.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_all_documents_can_be_read_scored_again_and_reported(written, tmp_path, command):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(written[command]))
    encodes = read_encodes([path])
    assert len(encodes) == len(written[command]["renditions"])
    assert main(["rescore", str(path), "-o", str(tmp_path / "again.parquet"), "-q"]) == 0
    for one, other in zip(encodes, read_encodes([tmp_path / "again.parquet"]), strict=True):
        assert np.array_equal(one.result.scores, other.result.scores)
    page = tmp_path / "page.html"
    assert main(["report", str(path), "-o", str(page), "-q", "--pictures", "0"]) == 0
    assert all(one.name in page.read_text() for one in encodes)


def test_a_search_has_every_encode_of_the_whole(written):
    document = written["search"]
    whole = [probe for probe in document["probes"] if probe["whole"]]
    scores = {made["crf"]: made["score"] for made in document["renditions"]}
    assert scores == {probe["crf"]: probe["score"] for probe in whole}
    assert document["score"] == scores[document["crf"]]


def test_what_is_written_has_no_nan(written):
    for document in written.values():
        text = json.dumps(document)
        assert "NaN" not in text and "Infinity" not in text
        assert math.isfinite(document["renditions"][0]["score"])


def test_an_ending_that_tells_no_format(tmp_path):
    with pytest.raises(OptionError, match=r"end it in \.json, \.parquet, \.frames\.csv, \.csv"):
        write_results(tmp_path / "a.txt", [])
