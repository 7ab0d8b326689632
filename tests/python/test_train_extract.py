"""A small corpus from nothing to a table, stopped and taken up again."""

import numpy as np
import pyarrow.parquet as pq
import pytest

import train_support as support
from vmaf_train.corpus import check_files, read_corpus
from vmaf_train.distort import ENCODERS, Recipe, distort, recipes_for
from vmaf_train.errors import TrainError
from vmaf_train.extract import extract, part_path
from vmaf_train.material import luma_of, reference_pictures
from vmaf_train.table import SCHEMA

MANIFEST = """
frames = 4
every = 6

[[synthetic]]
source = "one"
generator = "leaves"
size = [96, 64]

[[synthetic]]
source = "two"
generator = "grain"
size = [64, 64]
"""


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "corpus.toml"
    path.write_text(MANIFEST)
    return path


def test_a_table_grows_from_nothing_and_goes_on_after_a_stop(tmp_path, manifest):
    parts, out = tmp_path / "parts", tmp_path / "t.parquet"
    done = extract(read_corpus(manifest), tmp_path, parts, out, workers=2)
    table = pq.read_table(out)
    assert table.schema.names == SCHEMA.names
    assert table.num_rows == done.rows == 4 * done.distortions
    assert done.sources == ["one", "two"]
    keys = list(zip(*(table[c].to_pylist() for c in ("dis_basename", "frame_index")), strict=True))
    assert len(set(keys)) == len(keys)
    assert pq.ParquetFile(out).metadata.num_row_groups == 2
    identical = table["dis_basename"].to_numpy(zero_copy_only=False) == "one-96x64__identical"
    assert identical.sum() == 4
    assert (table["vmaf"].to_numpy()[identical] > 95).all()
    assert table["motion2"].to_numpy()[identical][0] == 0

    one, two = (part_path(unit, parts) for unit in read_corpus(manifest))
    kept = one.stat().st_mtime_ns
    two.unlink()
    extract(read_corpus(manifest), tmp_path, parts, tmp_path / "again.parquet", workers=1)
    assert one.stat().st_mtime_ns == kept
    assert pq.read_table(tmp_path / "again.parquet").equals(table)


def test_recipes_cover_every_encoder_and_never_change(manifest):
    from dataclasses import replace

    unit = replace(read_corpus(manifest)[0], every=1)
    recipes = recipes_for(unit)
    assert recipes == recipes_for(unit)
    assert recipes[0] == Recipe("identical")
    assert len({recipe.name for recipe in recipes}) == len(recipes) > 30
    assert {recipe.codec for recipe in recipes} == {
        *(encoder.codec for encoder in ENCODERS),
        "none",
    }
    assert recipes_for(replace(unit, every=6)) == recipes[::6]
    assert recipes_for(replace(unit, name="another")) != recipes


def test_distortions_keep_count_and_size_and_worsen_with_crf(manifest):
    unit = read_corpus(manifest)[0]
    reference = reference_pictures(unit, manifest.parent)
    planes = np.stack([luma_of(picture) for picture in reference]).astype(float)
    for codec, low, high in (
        ("libx264", 10, 45), ("libx265", 10, 45), ("libsvtav1", 12, 60), ("libvpx-vp9", 10, 60),
    ):  # fmt: skip
        errors = []
        for crf in (low, high):
            options = (("crf", str(crf)),)
            pictures = distort(Recipe("r", scale=0.75, codec=codec, options=options), reference)
            got = np.stack([luma_of(picture) for picture in pictures]).astype(float)
            assert got.shape == planes.shape
            errors.append(np.mean((got - planes) ** 2))
        assert errors[0] < errors[1], codec


DISTORT_ALL = """
import dataclasses, hashlib
from pathlib import Path
from vmaf_train.corpus import read_corpus
from vmaf_train.distort import distort, recipes_for
from vmaf_train.material import luma_of, reference_pictures

unit = dataclasses.replace(read_corpus(Path(sys.argv[1]))[0], every=1)
reference = reference_pictures(unit, Path())
for recipe in recipes_for(unit):
    planes = b"".join(luma_of(picture).tobytes() for picture in distort(recipe, reference))
    print(recipe.name, hashlib.sha256(planes).hexdigest())
"""


def test_distortions_do_not_depend_on_what_was_in_memory(manifest):
    runs = [
        support.run_python(DISTORT_ALL, manifest, MALLOC_PERTURB_=fill) for fill in ("85", "170")
    ]
    for done in runs:
        assert done.returncode == 0, done.stderr
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.splitlines()) > 30


def test_motion_jpeg_keeps_the_range(manifest):
    reference = reference_pictures(read_corpus(manifest)[0], manifest.parent)
    recipe = Recipe("r", codec="mjpeg", options=(("qmin", "2"), ("qmax", "2")))
    for before, after in zip(reference, distort(recipe, reference), strict=True):
        assert abs(float(luma_of(before).mean()) - float(luma_of(after).mean())) < 1


def test_a_filter_that_is_none_is_named(manifest):
    reference = reference_pictures(read_corpus(manifest)[0], manifest.parent)
    with pytest.raises(TrainError, match="crf99"):
        distort(Recipe("crf99", codec="libx264", options=(("preset", "nonsense"),)), reference)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[64, 64]", "[63, 64]"), "must be even"),
        (('"grain"', '"gravel"'), "generators are"),
        (("frames = 4", "frames = 0"), "1 or more"),
        (('"two"\n', '"one"\n'), None),
        (('generator = "grain"\n', ""), "lacks the key"),
        (("[[synthetic]]", "[[synthetic"), "cannot read"),
    ],
)
def test_a_manifest_is_read_strictly(manifest, change, message):
    manifest.write_text(manifest.read_text().replace(*change))
    if message is None:
        assert [unit.source for unit in read_corpus(manifest)] == ["one", "one"]
        return
    with pytest.raises(TrainError, match=message):
        read_corpus(manifest)


def test_material_must_be_what_the_manifest_names(tmp_path):
    manifest = tmp_path / "corpus.toml"
    manifest.write_text(
        f'[[clip]]\npath = "a.mp4"\nsource = "a"\nsha256 = "{"0" * 64}"\n'
        "takes = [{ size = [64, 64] }]\n"
    )
    units = read_corpus(manifest)
    with pytest.raises(TrainError, match="missing"):
        check_files(units, tmp_path)
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(TrainError, match="differs"):
        check_files(units, tmp_path)


@pytest.mark.parametrize(
    "entry",
    ["[[clip]]\ntakes = [{ size = [64, 64] }]", '[[still]]\nsize = [64, 64]\nmoves = ["pan"]'],
)
def test_material_that_is_no_picture_is_named(tmp_path, entry):
    manifest = tmp_path / "corpus.toml"
    kind, *rest = entry.splitlines()
    manifest.write_text("\n".join([kind, 'path = "a.bin"', 'source = "a"', *rest]))
    (tmp_path / "a.bin").write_bytes(b"no picture" * 100)
    with pytest.raises(TrainError, match=r"cannot decode .*a\.bin"):
        reference_pictures(read_corpus(manifest)[0], tmp_path)


@pytest.mark.skipif(not support.SHARED.is_dir(), reason=f"there is no {support.SHARED}")
def test_the_material_of_the_shipped_models_is_all_there():
    units = read_corpus(support.ROOT / "python" / "vmaf_train" / "corpus.toml")
    check_files(units, support.SHARED)
    for unit in (units[3], next(unit for unit in units if unit.kind == "still")):
        pictures = reference_pictures(unit, support.SHARED)
        assert len(pictures) == unit.frames
        assert luma_of(pictures[0]).shape == (unit.height, unit.width)
