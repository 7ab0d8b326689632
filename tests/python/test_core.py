"""The bindings: planes are lent and kept alive, views and threads change nothing, errors fit."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from vmaf_tiny import _core, errors
from vmaf_tiny._core import FEATURES, ROW, Context, Model

W, H = 67, 49


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def clip(rng):
    """Six reference planes with two renditions each, 8 bits, that nobody else keeps alive."""
    still = rng.integers(40, 200, (H, W), np.uint8)
    reference = [np.roll(still, n, axis=1) for n in range(6)]
    mild = [plane + rng.integers(0, 5, (H, W), np.uint8) for plane in reference]
    harsh = [plane + rng.integers(0, 50, (H, W), np.uint8) for plane in reference]
    return list(zip(reference, mild, harsh, strict=True))


def rows_of(clip, bits=8, **options):
    """Return ROW[frames, renditions] of a whole clip."""
    with Context(W, H, bits, renditions=len(clip[0]) - 1, **options) as context:
        rows = []
        for reference, *distorted in clip:
            context.push(reference, distorted)
            while (row := context.pull()) is not None:
                rows.append(row)
        context.flush()
        while (row := context.pull()) is not None:
            rows.append(row)
    return np.array(rows)


# ---------------------------------------------------------------------------------------- names


def test_names_come_from_the_core():
    vif = tuple(f"vif_scale{n}" for n in range(4))
    assert ("adm2", *vif, "motion2") == FEATURES
    assert _core.LOG_FORMATS == ("xml", "json", "csv", "sub")
    assert _core.POOLINGS[:4] == ("min", "max", "mean", "harmonic_mean")
    assert "c" in _core.cpu_levels() and "best" not in _core.cpu_levels()
    assert _core.version().count(".") == 2


def test_row_is_laid_out_as_in_c():
    c = _core.ffi.typeof("VmtRow")
    assert _core.ffi.sizeof(c) == ROW.itemsize
    for name, field in c.fields:
        assert ROW.fields[name][1] == field.offset


def test_only_one_module_sees_c():
    package = Path(_core.__file__).resolve().parent
    users = [path.name for path in package.rglob("*.py") if "_native" in path.read_text()]
    assert users == ["_core.py"]


# -------------------------------------------------------------------------------------- lending


def test_push_copies_no_plane():
    side = 2048
    planes = [np.zeros((side, side), np.uint8) for _ in range(2)]
    with Context(side, side, threads=1) as context:
        tracemalloc.start()
        context.push(planes[0], planes[1:])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < side * side / 100


def test_lent_planes_live_until_their_row_is_pulled(clip):
    with Context(W, H, renditions=2, threads=2) as context:
        alive = []
        while clip:
            planes = clip.pop(0)
            alive += map(weakref.ref, planes)
            context.push(planes[0], planes[1:])
            del planes
            # The time step just pushed is surely in use: motion looks one picture ahead.
            assert all(plane() is not None for plane in alive[-3:])
        context.flush()
        while context.pull() is not None:
            pass
        assert len(alive) == 18
        assert [plane() for plane in alive] == [None] * 18


@pytest.mark.parametrize("end", ["close", "forget", "with"])
def test_planes_are_given_back_without_a_pull(clip, end):
    planes = clip[0]
    del clip[:]
    alive = [weakref.ref(plane) for plane in planes]
    context = Context(W, H, renditions=2)
    context.push(planes[0], planes[1:])
    del planes
    assert all(plane() is not None for plane in alive)
    if end == "close":
        context.close()
        context.close()
    elif end == "with":
        with context:
            pass
    else:
        del context
    assert [plane() for plane in alive] == [None] * 3


def test_planes_of_a_refused_push_are_not_kept():
    with Context(W, H, 10) as context:
        good, bad = np.zeros((H, W), np.uint16), np.full((H, W), 1024, np.uint16)
        alive = weakref.ref(bad)
        with pytest.raises(errors.InputError, match="bits"):
            context.push(good, [bad])
        del bad
        assert alive() is None
        context.push(good, [good])
        context.flush()
        assert context.pull()["index"] == [0]
        assert context.pull() is None


def test_copied_planes_may_change_at_once(clip):
    expected = rows_of(clip)
    buffers = [np.empty((H, W), np.uint8) for _ in range(3)]
    with Context(W, H, renditions=2, threads=2) as context:
        for planes in clip:
            for buffer, plane in zip(buffers, planes, strict=True):
                buffer[:] = plane
            context.push(buffers[0], buffers[1:], copy=True)
            for buffer in buffers:
                buffer[:] = 0
        context.flush()
        rows = [context.pull() for _ in clip]
    assert np.array_equal(rows, expected)


# ---------------------------------------------------------------------------------------- views


def misaligned(plane):
    raw = np.empty(plane.nbytes + 1, np.uint8)
    view = raw[1:].view(plane.dtype).reshape(plane.shape)
    view[:] = plane
    return view


def read_only(plane):
    plane = plane.copy()
    plane.flags.writeable = False
    return plane


VIEWS = {
    "padded rows": lambda plane: np.pad(plane, ((0, 0), (0, 13)))[:, :W],
    "inside a picture": lambda plane: np.pad(plane, 8, constant_values=77)[8:-8, 8:-8],
    "every second row": lambda plane: np.repeat(plane, 2, axis=0)[::2],
    "upside down": lambda plane: plane[::-1].copy()[::-1],
    "mirrored": lambda plane: plane[:, ::-1].copy()[:, ::-1],
    "every second sample": lambda plane: np.repeat(plane, 2, axis=1)[:, ::2],
    "columns first": np.asfortranarray,
    "misaligned": misaligned,
    "read only": read_only,
    "memoryview": memoryview,
}


@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("view", VIEWS)
def test_views_give_what_their_copies_give(clip, view, bits):
    if bits > 8:
        clip = [[plane.astype(np.uint16) << (bits - 8) for plane in planes] for planes in clip]
    views = [[VIEWS[view](plane) for plane in planes] for planes in clip]
    assert all(np.array_equal(a, b) for a, b in zip(views[0], clip[0], strict=True))
    assert np.array_equal(rows_of(views, bits), rows_of(clip, bits))


def test_flat_plane_without_memory_of_its_own():
    flat = np.broadcast_to(np.uint8(90), (H, W))
    assert np.array_equal(rows_of([(flat, flat)]), rows_of([(flat.copy(), flat.copy())]))


# -------------------------------------------------------------------------------------- results


def test_rows_come_in_order_with_their_index(clip):
    rows = rows_of(clip)
    assert rows.shape == (6, 2)
    assert rows["index"].tolist() == [[n, n] for n in range(6)]
    assert np.isfinite(rows["value"]).all()


def test_each_rendition_gets_what_it_gets_alone(clip):
    together = rows_of(clip)
    for n in (1, 2):
        alone = rows_of([(planes[0], planes[n]) for planes in clip])
        assert np.array_equal(alone[:, 0], together[:, n - 1])


def test_subsample_gives_every_nth_row_unchanged(clip):
    every = rows_of(clip)
    assert np.array_equal(rows_of(clip, subsample=2), every[::2])
    assert np.array_equal(rows_of(clip, subsample=4), every[::4])


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_threads_change_nothing(clip, threads):
    assert np.array_equal(rows_of(clip, threads=threads), rows_of(clip, threads=1))


def test_every_cpu_level_gives_the_same(clip):
    plain = rows_of(clip, cpu="c")
    for level in _core.cpu_levels():
        assert np.array_equal(rows_of(clip, cpu=level), plain)


def test_pull_before_flush_does_not_wait():
    with Context(W, H) as context:
        assert context.pull() is None
        context.flush()
        assert context.pull() is None


def test_context_says_what_it_uses():
    with Context(W, H, threads=3, cpu="c") as context:
        assert (context.cpu, context.threads) == ("c", 3)
    with Context(W, H) as context:
        assert context.cpu in _core.cpu_levels()
        assert context.threads >= 1


# -------------------------------------------------------------------------------------- threads


def test_many_contexts_at_once(clip):
    expected = rows_of(clip)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: rows_of(clip, threads=1 + n % 2), range(40)))
    assert all(np.array_equal(rows, expected) for rows in results)


def test_one_context_survives_many_threads():
    still = np.full((H, W), 100, np.uint8)
    steps = 80
    with Context(W, H, threads=2) as context:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: context.push(still, [still]), range(steps)))
        context.flush()
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(lambda _: context.pull(), range(steps)))
        assert sorted(int(row["index"][0]) for row in rows) == list(range(steps))


def test_others_run_while_the_core_works(rng):
    side = 1600
    plane = rng.integers(0, 256, (side, side), np.uint8)
    ticks, done = 0, threading.Event()

    def tick():
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        with Context(side, side, threads=1) as context:
            went_on = 0
            for _ in range(8):
                before, start = ticks, time.perf_counter()
                context.push(plane, [plane])
                context.pull()
                assert time.perf_counter() - start > 0.01, "too quick to tell"
                went_on += ticks > before
            assert went_on  # not each time: a machine may have no processor for the other thread
    finally:
        done.set()
        ticker.join()


# --------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSYS, errors.OrtMissingError),
        (errno.ENOMEM, errors.VmafTinyError),
        (errno.EAGAIN, errors.VmafTinyError),
        (errno.EINVAL, errors.InputError),
        (errno.ERANGE, errors.InputError),
    ],
)
def test_codes_become_errors(code, kind):
    error = errors.from_code(-code, "what to do", errors.InputError)
    assert type(error) is kind
    assert str(error) == "what to do"


def test_every_error_is_one_family():
    for kind in (errors.InputError, errors.ModelError, errors.OptionError):
        assert issubclass(kind, errors.VmafTinyError)
    assert issubclass(errors.OrtMissingError, errors.ModelError)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 32},
        {"height": 32},
        {"width": 40000},
        {"width": -1},
        {"width": 1 << 40},
        {"width": 64.5},
        {"bits": 7},
        {"bits": 17},
        {"renditions": 65},
        {"renditions": -1},
        {"renditions": 0},
        {"bits": 0},
        {"subsample": 0},
        {"vif_gain_limit": 0},
        {"threads": -1},
        {"threads": 1000},
        {"subsample": -1},
        {"cpu": "mmx"},
        {"vif_gain_limit": 0.5},
        {"vif_gain_limit": float("nan")},
        {"adm_gain_limit": 101},
    ],
)
def test_impossible_options_are_refused_in_one_line(options):
    with pytest.raises(errors.OptionError) as caught:
        Context(**{"width": 64, "height": 64, **options})
    assert str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("plane", "said"),
    [
        (np.zeros((H, W), np.uint16), r"uint16\[49, 67\], not uint8\[49, 67\]"),
        (np.zeros((H, W), np.int8), r"int8"),
        (np.zeros((W, H), np.uint8), r"uint8\[67, 49\]"),
        (np.zeros((H, W, 3), np.uint8), r"uint8\[49, 67, 3\]"),
        (np.zeros(H * W, np.uint8), r"uint8\[3283\]"),
        (bytes(H * W), r"not uint8"),
        (None, r"not uint8"),
        ("plane", r"not uint8"),
    ],
)
def test_wrong_planes_are_named(plane, said):
    good = np.zeros((H, W), np.uint8)
    with Context(W, H) as context:
        for pair in ((plane, [good]), (good, [plane])):
            with pytest.raises(errors.InputError, match=said):
                context.push(*pair)


def test_foreign_byte_order_is_refused():
    with Context(W, H, 10) as context, pytest.raises(errors.InputError, match=">u2"):
        context.push(*[np.zeros((H, W), ">u2"), [np.zeros((H, W), "<u2")]])


def test_number_of_renditions_is_checked():
    plane = np.zeros((H, W), np.uint8)
    with (
        Context(W, H, renditions=2) as context,
        pytest.raises(errors.InputError, match="1 distorted planes, not 2"),
    ):
        context.push(plane, [plane])


def test_push_after_flush_is_refused():
    plane = np.zeros((H, W), np.uint8)
    with Context(W, H) as context:
        context.flush()
        with pytest.raises(errors.InputError):
            context.push(plane, [plane])


def test_closed_objects_say_so():
    plane = np.zeros((H, W), np.uint8)
    context = Context(W, H)
    context.close()
    for call in (context.pull, context.flush, lambda: context.push(plane, [plane])):
        with pytest.raises(errors.VmafTinyError, match="closed"):
            call()
    model = Model()
    model.close()
    model.close()
    with pytest.raises(errors.ModelError, match="closed"):
        model.score(np.zeros(1, ROW))
    assert model.info.id == "vmaf_tiny_v2"


# --------------------------------------------------------------------------------------- models


def test_default_model_scores_and_says_what_it_is(clip):
    rows = rows_of([planes[:2] for planes in clip])[:, 0]
    with Model() as model:
        scores = model.score(rows)
        assert scores.dtype == np.float64 and scores.shape == (6,)
        assert ((scores >= 0) & (scores <= 100)).all()
        assert model.score(rows[:0]).shape == (0,)
        assert np.array_equal(model.score(rows[::2]), scores[::2])
        info = model.info
    assert (info.id, info.teacher, info.provider) == ("vmaf_tiny_v2", "vmaf_v0.6.1", "cpu")
    assert info.registered and info.clipped
    assert len(info.sha256) == 64 and Path(info.ort_library).exists()


def test_core_answers_what_onnxruntime_answers(rng):
    import onnxruntime

    rows = np.zeros(200, ROW)
    rows["value"] = rng.uniform(0, 1, (200, 6)) * [1, 1, 1, 1, 1, 25]
    with Model(clip=False) as model:
        scores = model.score(rows)
        session = onnxruntime.InferenceSession(model.info.path)
    (expected,) = session.run(None, {"features": rows["value"].astype(np.float32)})
    assert np.abs(scores - expected).max() <= 1e-4
    assert np.ptp(scores) > 10


def test_clip_is_a_choice():
    rows = np.zeros(2, ROW)
    rows["value"] = [[1] * 6, [2] * 6]  # beyond what pictures give, and so beyond 100
    with Model(clip=False) as free, Model() as clipped:
        raw = free.score(rows)
        assert raw.max() > 100
        assert np.array_equal(clipped.score(rows), np.clip(raw, 0, 100))
        assert not free.info.clipped


def test_registry_lists_the_models():
    entries = {entry.id: entry for entry in _core.registry()}
    entry = entries["vmaf_tiny_v2"]
    assert entry.intact and not entry.smoke and entry.kind == "fr"
    with Model() as model:
        assert model.info.sha256 == entry.sha256


def test_models_that_cannot_be_had(tmp_path):
    with pytest.raises(errors.ModelError):
        Model("vmaf_tiny_v999")
    with pytest.raises(errors.ModelError):
        Model(tmp_path / "missing.onnx")
    with pytest.raises(errors.ModelError):
        _core.registry(tmp_path)
    with pytest.raises(errors.OptionError, match="zero byte"):
        Model("a\0b")
    with pytest.raises(errors.VmafTinyError, match="abacus"):
        Model(device="abacus")


def test_no_onnxruntime_says_what_to_install(tmp_path):
    with pytest.raises(errors.OrtMissingError, match="onnxruntime"):
        Model(ort_library=tmp_path / "none.so")
    with pytest.raises(errors.OrtMissingError, match="onnxruntime"):
        _core.devices(tmp_path / "none.so")
    assert _core.devices()[-1] == "cpu"


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_onnxruntime_is_found_but_not_imported():
    seen = run(
        "import sys, vmaf_tiny; print(vmaf_tiny.Model().info.ort_library);"
        "print([m for m in sys.modules if m.split('.')[0] == 'onnxruntime'])"
    )
    library, modules = seen.splitlines()
    assert Path(library).parent.name == "capi"
    assert modules == "[]"


def test_environment_chooses_onnxruntime_and_models(tmp_path):
    code = """if True:
        from vmaf_tiny import Model, errors
        try:
            print(Model().info.path)
        except errors.ModelError as error:
            print(type(error).__name__)
    """
    assert run(code, VMAF_TINY_ORT_LIB=str(tmp_path / "none.so")) == "OrtMissingError\n"
    assert run(code, VMAF_TINY_MODEL_DIR=str(tmp_path)) == "ModelError\n"
    with Model() as model:
        path = model.info.path
    assert run(code, VMAF_TINY_ORT_LIB="", VMAF_TINY_MODEL_DIR="").strip() == path


# --------------------------------------------------------------------------------------- report


def test_pool_agrees_with_numpy(rng):
    values = rng.uniform(20, 100, 313)
    pooled = _core.pool(values)
    assert tuple(pooled) == _core.POOLINGS
    expected = {
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(),
        "harmonic_mean": 313 / (1 / (values + 1)).sum() - 1,
        "p1": np.percentile(values, 1),
        "p5": np.percentile(values, 5),
        "p10": np.percentile(values, 10),
        "p50": np.percentile(values, 50),
        "stdev": values.std(),
    }
    assert pooled == pytest.approx(expected, rel=1e-12)
    assert _core.pool(values[::-1]) == pytest.approx(pooled, rel=1e-12)
    assert _core.pool([7])["p50"] == 7.0


@pytest.mark.parametrize("values", [[], [1, float("nan")], [float("inf")], [[1.0, 2.0]]])
def test_pool_refuses_what_has_no_pooled_value(values):
    with pytest.raises(errors.InputError):
        _core.pool(values)


def test_log_holds_rows_scores_and_notes(tmp_path, clip):
    rows = rows_of([planes[:2] for planes in clip])[:, 0]
    path = tmp_path / "log.json"
    about = {"cpu": "c", "fps": 12.5, "notes": {"scaler": "bicubic"}}
    with Model() as model:
        scores = model.score(rows)
        _core.write_log(path, "json", rows, scores, model=model, **about)
    # The model is closed: what it was is enough.
    again = tmp_path / "again.json"
    _core.write_log(again, "json", rows, scores, model=model.info, **about)
    assert again.read_bytes() == path.read_bytes()
    log = json.loads(path.read_text())
    assert [frame["frameNum"] for frame in log["frames"]] == list(range(6))
    logged = [frame["metrics"]["vmaf"] for frame in log["frames"]]
    assert logged == pytest.approx(scores.tolist(), abs=5.1e-7)
    assert "bicubic" in path.read_text() and model.info.sha256 in path.read_text()


def test_log_without_scores(tmp_path, clip):
    rows = rows_of([planes[:2] for planes in clip])[:, 0]
    for format in _core.LOG_FORMATS:
        path = tmp_path / format
        _core.write_log(path, format, rows, None, model=None, cpu="c", fps=1.0, notes={})
        assert path.stat().st_size > 0
        assert "teacher" not in path.read_text()


def test_log_that_cannot_be_written(tmp_path):
    rows = np.zeros(1, ROW)
    options = {"model": None, "cpu": "c", "fps": 1.0, "notes": {}}
    with pytest.raises(errors.VmafTinyError):
        _core.write_log(tmp_path / "no" / "log", "json", rows, None, **options)
    with pytest.raises(errors.OptionError, match="xml, json, csv, sub"):
        _core.write_log(tmp_path / "log", "yaml", rows, None, **options)
    with pytest.raises(errors.InputError):
        _core.write_log(tmp_path / "log", "json", rows, np.zeros(2), **options)
    with pytest.raises(errors.InputError):
        _core.write_log(tmp_path / "log", "json", np.zeros((1, 7)), None, **options)
    assert list(tmp_path.iterdir()) == []
