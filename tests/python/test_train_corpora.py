"""Corpora by their published layout, on miniature trees with the published names."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

import train_support as support
from vmaf_train import corpora, material
from vmaf_train.corpora import LOADERS, read_units
from vmaf_train.distort import recipes_for
from vmaf_train.errors import TrainError
from vmaf_train.extract import extract
from vmaf_train.features import FULL_FEATURES
from vmaf_train.splits import split_keys
from vmaf_train.synthetic import leaves
from vmaf_train.table import read_rows

NETFLIX = (
    "BigBuckBunny_25fps", "BirdsInCage_30fps", "CrowdRun_25fps", "ElFuente1_30fps",
    "ElFuente2_30fps", "FoxBird_25fps", "OldTownCross_25fps", "Seeking_25fps", "Tennis_24fps",
)  # fmt: skip


def pictures(count, height, width, seed=0):
    return leaves(np.random.default_rng(seed), count, height, width)


def write_raw(path, luma, bits=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    dtype, grey = (np.uint8, 128) if bits == 8 else ("<u2", 512)
    with path.open("wb") as file:
        for plane in luma:
            file.write((plane.astype(dtype) << (bits - 8)).tobytes())
            file.write(np.full(plane.size // 2, grey, dtype).tobytes())
    return path


def write_clip(path, luma, pix_fmt="yuv420p", **color):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "10"})
        stream.width, stream.height = luma.shape[2], luma.shape[1]
        stream.pix_fmt, stream.time_base = pix_fmt, Fraction(1, 25)
        for name, value in color.items():
            setattr(stream.codec_context, name, value)
        for plane in luma:
            container.mux(stream.encode(material.picture_of_luma(plane).reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    return path


def write_still(path, height, width):
    path.parent.mkdir(parents=True, exist_ok=True)
    (luma,) = pictures(1, height, width)
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        container.mux(stream.encode(material.picture_of_luma(luma).reformat(format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def small_netflix(tmp_path, monkeypatch):
    """The layout of the Netflix Public Dataset, its pictures 64x48."""
    monkeypatch.setattr(corpora, "NETFLIX_SIZE", (64, 48))
    root = tmp_path / "nflx"
    for n, name in enumerate(NETFLIX):
        luma = pictures(4, 48, 64, n)
        write_raw(root / "ref" / f"{name}.yuv", luma)
        scene = name.split("_")[0]
        for height, rate in ((288, 375), (1080, 4300)):
            noise = np.random.default_rng(n).normal(0, 3e3 / rate, luma.shape)
            worse = np.clip(luma + noise, 0, 255).astype(np.uint8)
            write_raw(root / "dis" / f"{scene}_20_{height}_{rate}.yuv", worse)
    (root / "ref" / ".hidden.yuv").write_bytes(b"")
    return root


def test_the_netflix_set_is_measured_with_its_own_encodes(small_netflix, tmp_path):
    units = read_units("netflix", small_netflix)
    assert [unit.name for unit in units] == list(NETFLIX)
    assert units[0].encodes == (
        "dis/BigBuckBunny_20_1080_4300.yuv",
        "dis/BigBuckBunny_20_288_375.yuv",
    )
    done = extract(
        read_units("netflix", small_netflix),
        small_netflix,
        tmp_path / "parts",
        tmp_path / "t.parquet",
    )
    assert (done.rows, done.units, done.distortions) == (9 * 2 * 4, 9, 18)
    table = pq.read_table(tmp_path / "t.parquet")
    assert pq.ParquetFile(tmp_path / "t.parquet").metadata.num_row_groups == 9
    assert set(table["codec"].to_pylist()) == {"h264"}
    rows = read_rows(tmp_path / "t.parquet")
    assert split_keys(rows.sources()).test == ["BirdsInCage"]
    names = np.array(table["dis_basename"].to_pylist())
    good, bad = (
        rows.vmaf[np.char.endswith(names, end)].mean() for end in ("_1080_4300", "_288_375")
    )
    assert good > bad + 1


def test_encodes_must_be_as_long_as_their_reference(small_netflix, tmp_path):
    path = small_netflix / "dis" / "Tennis_20_288_375.yuv"
    path.write_bytes(path.read_bytes()[: 3 * 64 * 48 * 3 // 2])
    with pytest.raises(TrainError, match=r"Tennis_20_288_375\.yuv ends after 3 pictures"):
        extract(
            read_units("netflix", small_netflix),
            small_netflix,
            tmp_path / "parts",
            tmp_path / "t.parquet",
        )
    assert not (tmp_path / "t.parquet").exists()


def test_a_reference_without_encodes_is_named(small_netflix):
    for path in (small_netflix / "dis").glob("FoxBird*"):
        path.unlink()
    with pytest.raises(TrainError, match=r"FoxBird_25fps\.yuv has no encodes"):
        read_units("netflix", small_netflix)


def test_konvid_clips_are_sources_of_their_own(tmp_path):
    for number in (10053703034, 2999049224):
        write_clip(tmp_path / "KoNViD_1k_videos" / f"{number}.mp4", pictures(24, 54, 96))
    (tmp_path / "KoNViD_1k_mos.csv").write_text("flickr_id,mos\n")
    units = read_units("konvid-1k", tmp_path)
    assert [unit.source for unit in units] == ["konvid_10053703034", "konvid_2999049224"]
    assert {(unit.width, unit.height, unit.frames, unit.depth) for unit in units} == {
        (96, 54, 20, 8)
    }
    assert len(material.reference_pictures(units[0], tmp_path)) == 20


def test_the_four_sizes_of_a_bvi_scene_are_one_source(tmp_path):
    sizes = {"A": (3840, 2176), "B": (1920, 1088), "C": (960, 544), "D": (480, 272)}
    scenes = {"AdvertisingMassagesBangkokVidevo": 25, "AmericanFootballS1Harmonic": 60}
    for letter, (width, height) in sizes.items():
        for scene, rate in scenes.items():
            name = f"{letter}{scene}_{width}x{height}_{rate}fps_10bit_420.yuv"
            (tmp_path / letter).mkdir(exist_ok=True)
            (tmp_path / letter / name).write_bytes(b"")
    units = read_units("bvi-dvc", tmp_path)
    assert len(units) == 8
    assert {unit.source for unit in units} == {f"bvi_{scene}" for scene in scenes}
    assert {(unit.width, unit.height) for unit in units} == set(sizes.values())
    assert {unit.depth for unit in units} == {10}
    small = next(unit for unit in units if unit.width == 480)
    write_raw(tmp_path / small.origin, pictures(20, 272, 480), bits=10)
    reference = material.reference_pictures(small, tmp_path)
    assert len(reference) == 20
    assert material.luma_of(reference[0]).dtype == np.uint16
    assert "libvpx-vp9" not in {recipe.codec for recipe in recipes_for(small)}


def test_any_folder_of_clips_and_stills_is_a_corpus(tmp_path):
    write_clip(tmp_path / "a b" / "clip.mkv", pictures(90, 48, 66), pix_fmt="yuv420p10le")
    write_clip(tmp_path / "short.mp4", pictures(5, 48, 64))
    write_clip(tmp_path / "pq.mp4", pictures(5, 48, 64), color_trc=16)
    write_still(tmp_path / "photo.png", 120, 160)
    (tmp_path / "notes.txt").write_text("no clip")
    units = read_units("local", tmp_path)
    assert [(u.name, u.source, u.frames, u.start, u.step, u.depth) for u in units] == [
        ("a_b_clip", "a b/clip", 20, 0, 1, 10),
        ("a_b_clip-45x2", "a b/clip", 20, 45, 2, 10),
        ("short", "short", 5, 0, 1, 8),
        ("photo-pan", "photo", 20, 0, 1, 8),
        ("photo-zoom", "photo", 20, 0, 1, 8),
        ("photo-shake", "photo", 20, 0, 1, 8),
    ]
    for unit in units:
        assert len(material.reference_pictures(unit, tmp_path)) == unit.frames


def test_high_dynamic_range_is_left_out_aloud(tmp_path, capsys):
    write_clip(tmp_path / "pq.mp4", pictures(5, 48, 64), color_trc=16)
    with pytest.raises(TrainError, match="nothing of the corpus local"):
        read_units("local", tmp_path)
    assert "pq.mp4: left out" in capsys.readouterr().err


def test_what_is_no_clip_is_named(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no picture" * 100)
    with pytest.raises(TrainError, match=r"cannot read .*clip\.mp4"):
        read_units("local", tmp_path)


@pytest.mark.parametrize("corpus", LOADERS)
def test_an_empty_folder_is_no_corpus(corpus, tmp_path):
    with pytest.raises(TrainError, match=f"nothing of the corpus {corpus}"):
        read_units(corpus, tmp_path)
    with pytest.raises(TrainError, match="is no folder"):
        read_units(corpus, tmp_path / "nowhere")


def test_a_clip_that_changed_is_measured_again(tmp_path):
    path = write_clip(tmp_path / "a.mp4", pictures(5, 48, 64))
    before = read_units("local", tmp_path)
    os.utime(path, ns=(1, 1))
    assert read_units("local", tmp_path) != before


# ------------------------------------------------------------------------ what extraction keeps

MANIFEST = """
frames = 4
every = 8

[[synthetic]]
source = "one"
generator = "leaves"
size = [216, 216]

[[synthetic]]
source = "two"
generator = "anime"
size = [216, 218]
depth = 10

[[synthetic]]
source = "three"
generator = "static"
size = [216, 216]
"""


def units_of(folder):
    return read_units(str(folder / "c.toml"), folder)


def test_full_features_are_beside_the_six(tmp_path):
    (tmp_path / "c.toml").write_text(MANIFEST)
    out = tmp_path / "t.parquet"
    done = extract(units_of(tmp_path), tmp_path, tmp_path / "parts", out, full=True)
    names = set(pq.read_table(out).column_names)
    assert set(FULL_FEATURES) - names == {"ssimulacra2"}  # libvmaf has none, so nor has the table
    assert len(read_rows(out)) == done.rows
    table = pq.read_table(out)
    assert all(
        table[name].null_count == 0 for name in names - {"preset", "crf", "psnr_hvs", "ciede2000"}
    )
    (tmp_path / "c.toml").write_text(MANIFEST.replace("216, 218", "216, 200"))
    with pytest.raises(TrainError, match="216x216 or more"):
        extract(units_of(tmp_path), tmp_path, tmp_path / "parts", out, full=True)


def test_a_held_picture_moves_less_than_the_reference(tmp_path):
    (tmp_path / "c.toml").write_text(MANIFEST.replace("every = 8", "every = 1"))
    unit = read_units(str(tmp_path / "c.toml"), tmp_path)[0]
    recipes = [recipe for recipe in recipes_for(unit) if recipe.hold > 1]
    assert {recipe.codec == "none" for recipe in recipes} == {True, False}


EXTRACT = f"""
import sys
sys.path.append({str(support.ROOT / "python")!r})
from vmaf_train.cli import main
sys.exit(main())
"""


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path):
    (tmp_path / "c.toml").write_text(MANIFEST.replace("every = 8", "every = 3"))
    arguments = [
        "extract", "--corpus", tmp_path / "c.toml", "--data", tmp_path, "--workers", 1,
        "--out", tmp_path / "t.parquet", "--parts", tmp_path / "parts",
    ]  # fmt: skip
    command = [sys.executable, "-c", EXTRACT]
    running = subprocess.Popen([*command, *map(str, arguments)], start_new_session=True)
    limit = time.monotonic() + 120
    while not list((tmp_path / "parts").glob("[!.]*.parquet")):
        assert running.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "t.parquet").exists()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts").glob("[!.]*.parquet")}
    (tmp_path / "parts" / ".one.parquet.abc").write_bytes(b"half")

    again = support.run_step(*arguments)
    assert again.returncode == 0, again.stderr
    assert f"[1/{3 - len(done)}]" in again.stderr
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    assert not (tmp_path / "parts" / ".one.parquet.abc").exists()
    table = pq.read_table(tmp_path / "t.parquet")
    keys = list(zip(*(table[c].to_pylist() for c in ("dis_basename", "frame_index")), strict=True))
    assert len(set(keys)) == len(keys) == table.num_rows
    fresh = tmp_path / "fresh.parquet"
    extract(units_of(tmp_path), tmp_path, tmp_path / "other", fresh)
    assert pq.read_table(fresh).equals(table)


def test_two_runs_do_not_share_a_folder(tmp_path):
    import fcntl

    (tmp_path / "c.toml").write_text(MANIFEST)
    (tmp_path / "parts").mkdir()
    with (tmp_path / "parts" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TrainError, match="another run"):
            extract(units_of(tmp_path), tmp_path, tmp_path / "parts", tmp_path / "t.parquet")


def test_an_unwritable_folder_of_parts_is_named(tmp_path):
    (tmp_path / "c.toml").write_text(MANIFEST)
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot write"):
        extract(units_of(tmp_path), tmp_path, tmp_path / "file" / "p", tmp_path / "t.parquet")
