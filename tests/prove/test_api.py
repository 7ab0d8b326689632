"""Anything may be given to the package: it works, or it says why not in an error of its own."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

import vmaf_tiny
from vmaf_tiny import VmafTinyError
from vmaf_tiny._core import FEATURES, LOG_FORMATS, ROW, Context, Model, pool, write_log
from vmaf_tiny.frames import RawFormat

EXAMPLES = 2000 if os.environ.get("VMT_PROVE") == "1" else 100
anything = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

numbers = st.one_of(
    st.integers(-2, 70), st.integers(), st.sampled_from([33, 64, 32768, 32769, 1 << 31, 1 << 63])
)
reals = st.one_of(st.floats(), st.sampled_from([0, 1, 100, 100.5]))
names = st.one_of(st.text(max_size=20), st.sampled_from(["best", "c", "exact", "fast", "avx2"]))
planes = st.one_of(
    nps.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.bool_, ">u2"]),
        nps.array_shapes(min_dims=0, max_dims=4, max_side=40),
    ),
    st.just(np.zeros((64, 64), np.uint8)),
    st.just(np.zeros((64, 64), np.uint16)[::-1, ::-1]),
    st.none(),
    st.text(max_size=5),
)


tried = {"works": 0, "refused": 0}


def one_line(error: VmafTinyError) -> None:
    tried["refused"] += 1
    text = str(error)
    assert len(text) > 10 and "\n" not in text.rstrip("\n")


@anything
@given(
    st.fixed_dictionaries(
        {"width": numbers, "height": numbers},
        optional={
            "bits": numbers,
            "renditions": numbers,
            "threads": st.integers(-2, 3),
            "cpu": names,
            "subsample": numbers,
            "mode": names,
            "vif_gain_limit": reals,
            "adm_gain_limit": reals,
        },
    )
)
def test_options_of_a_context(options: dict[str, object]) -> None:
    large = (n for n in (options["width"], options["height"]) if 200 < n <= 32768)
    if any(large):  # right, and takes gigabytes
        return
    try:
        with Context(**options) as context:
            assert context.threads >= 1
            tried["works"] += 1
    except VmafTinyError as error:
        one_line(error)


@anything
@given(st.lists(planes, min_size=1, max_size=4), st.sampled_from([8, 10, 16]), st.booleans())
def test_planes(given_planes: list[object], bits: int, copy: bool) -> None:
    with Context(64, 64, bits, threads=1) as context:
        for plane in given_planes:
            try:
                context.push(plane, [plane], copy=copy)
            except VmafTinyError as error:
                one_line(error)
        context.flush()
        while (rows := context.pull()) is not None:
            assert np.isfinite(rows["value"]).all()
            tried["works"] += 1


@anything
@given(planes, planes, st.sampled_from(["auto", "time", "index", "x"]), numbers)
def test_videos(reference: object, distorted: object, pairing: str, subsample: int) -> None:
    try:
        result = vmaf_tiny.score(
            reference, distorted, pairing=pairing, subsample=subsample, threads=1
        )
        assert 0 <= result.score <= 100
        tried["works"] += 1
    except VmafTinyError as error:
        one_line(error)


@anything
@given(st.text(max_size=40), st.sampled_from(["auto", "cpu", "cuda", "x\0"]), st.integers(-2, 300))
def test_names_of_models(name: str, device: str, threads: int) -> None:
    try:
        Model(name, device=device, threads=threads).close()
        tried["works"] += 1
    except VmafTinyError as error:
        one_line(error)


@anything
@given(nps.arrays(np.float64, nps.array_shapes(min_dims=1, max_dims=1, min_side=0, max_side=50)))
def test_values_to_pool(values: np.ndarray) -> None:
    try:
        pooled = pool(values)
        assert pooled["min"] <= pooled["p50"] <= pooled["max"]
        tried["works"] += 1
    except VmafTinyError as error:
        assert not len(values) or not np.isfinite(values).all()
        one_line(error)


@anything
@given(
    st.integers(-1, 1 << 17),
    st.integers(-1, 1 << 17),
    st.one_of(st.text(max_size=8), st.sampled_from(["420", "444", "gray", "nv12", "yuv420p10le"])),
    st.one_of(st.none(), st.integers(0, 20)),
    st.one_of(st.none(), reals),
)
def test_raw_formats(
    width: int, height: int, form: str, bits: int | None, fps: float | None
) -> None:
    try:
        raw = RawFormat(width, height, form, bits, fps)
        assert 8 <= raw.depth <= 16 and (raw.rate is None or raw.rate > 0)
        tried["works"] += 1
    except VmafTinyError as error:
        one_line(error)


@anything
@given(
    st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=3),
    st.sampled_from(LOG_FORMATS),
    st.lists(st.floats(), min_size=len(FEATURES), max_size=len(FEATURES)),
    st.floats(),
)
def test_logs(notes: dict[str, str], form: str, values: list[float], fps: float) -> None:
    rows = np.zeros(1, ROW)
    rows["value"] = values
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"vmaf_tiny-log-{os.getpid()}"
    try:
        write_log(path, form, rows, None, model=None, cpu="c", fps=fps, notes=notes)
        assert path.read_bytes().isascii()
        tried["works"] += 1
    except VmafTinyError as error:
        one_line(error)
    finally:
        path.unlink(missing_ok=True)


def test_some_works_and_some_is_refused(figure: Callable[[str], None]) -> None:
    """Counted over the tests above, which ran before."""
    assert tried["works"] and tried["refused"]
    figure(
        f"{sum(tried.values())} calls: {tried['works']} work, {tried['refused']} are refused by an "
        "error of the package's own"
    )
