"""Any strings as options of the filter: a score, or an exit status and one message of the filter's.

In its libavfilter, by the fuzz target of that name, and through ffmpeg as users start it.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import processes

ROOT = Path(__file__).resolve().parents[2]
BOUND = 300.0  # seconds, on a machine that is busy with other things
EXAMPLES = 500 if os.environ.get("VMT_PROVE") == "1" else 40


@pytest.fixture(scope="module")
def program() -> Path:
    named = os.environ.get("VMT_FFMPEG", "").split(os.pathsep)[0]
    assert named, "make test names the ffmpeg with the filter in VMT_FFMPEG"
    return Path(named)


@pytest.mark.slow
def test_options_in_libavfilter(
    build_dir: Path,
    program: Path,
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    (library,) = (program.parent / "lib").glob("libavfilter.so.*")
    subprocess.run([sys.executable, ROOT / "tests/fuzz/seeds.py", tmp_path], check=True)
    environment = {
        "FUZZ_AVFILTER": str(library),
        "FUZZ_MODELS": str(ROOT / "model/tiny"),
        "VMAF_TINY_ORT_LIB": str(build_dir / "tests/c/fusion/libfake_ort.so"),
    }
    done = processes.run(
        [build_dir / "tests/fuzz/fuzz_filter", "-seed=1", f"-runs={amount(20_000, 500_000)}",
         tmp_path / "filter"],
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=3600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    counts = {name: int(n) for name, n in (line.split("=") for line in done.stdout.split())}
    assert 0 < counts["taken"] < counts["executions"]
    figure(
        f"{counts['executions']} strings: {counts['taken']} taken, the others refused by one "
        "message of one line, 0 crashes"
    )


# ------------------------------------------------------------------------------ through ffmpeg

VALUES: dict[str, tuple[str, ...]] = {
    "model": ("vmaf_tiny_v2", "vmaf_tiny_v3", "fr_regressor_v3", "mobilesal_placeholder_v0"),
    "log_path": ("log", "-", "a.b/c", "/dev/full", "."),
    "log_fmt": ("json", "csv", "sub"),
    "pool": ("p5", "stdev", "harmonic_mean"),
    "stats": ("0.01", "0.000001", "00:00:01", "1e-9", "9999999999"),
    "n_threads": ("0", "2", "64", "65"),
    "n_subsample": ("1", "2", "2147483647"),
    "renditions": ("1", "2", "64", "0"),
    "device": ("cpu", "auto", "cuda"),
    "cpu": ("c", "best"),
    "mode": ("fast", "exact"),
    "codec": ("libx264", "blind"),
    "preset": ("slow",),
    "crf": ("26", "1e1"),
    "disable_clip": ("1", "true"),
    "eof_action": ("endall", "pass"),
    "shortest": ("1",),
}


def escaped(text: str) -> str:
    """Return a value as it stands in a graph: for the list of options, then for the graph."""
    for special in (r"([\\':])", r"([\\'\[\],;])"):
        text = re.sub(special, r"\\\1", text)
    return text


def value_of(name: str) -> st.SearchStrategy[tuple[str, str]]:
    # Logs stay in the place that there is for them.
    never = "\0/" if name == "log_path" else "\0"
    text = st.text(st.characters(codec="utf-8", exclude_characters=never), max_size=20)
    return st.one_of(st.sampled_from(VALUES[name]), text).map(lambda value: (name, value))


options = st.lists(st.sampled_from(sorted(VALUES)).flatmap(value_of), max_size=4)
tried: Counter[str] = Counter()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of its own, where logs go that have a name."""
    return tmp_path_factory.mktemp("options")


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(options)
def test_options_through_ffmpeg(program: Path, place: Path, given: list[tuple[str, str]]) -> None:
    source = "testsrc2=size=64x64:rate=25:duration=0.2"
    text = ":".join(f"{name}={escaped(value)}" for name, value in given)
    # Of a graph without inputs FFmpeg 5.1 forgets that a filter failed.
    done = processes.run(
        [program, "-v", "error", "-nostdin", "-hide_banner", "-f", "lavfi", "-i",
         f"{source},noise=alls=9", "-f", "lavfi", "-i", source, "-lavfi",
         f"[0][1]vmaf_tiny{'=' if text else ''}{text}", "-f", "null", "-"],
        cwd=place,
        capture_output=True,
        timeout=BOUND,
    )  # fmt: skip
    said = done.stderr.decode("utf-8", "replace").rstrip("\n")
    assert 0 <= done.returncode < 128 and done.returncode not in (124, 126, 127), done
    if done.returncode == 0:
        assert said == "", done
    else:
        # The filter's own, then what FFmpeg makes of it.
        assert "vmaf_tiny" in said, done
        assert len(re.findall(r"(?m)^\[Parsed_vmaf_tiny", said)) <= 2, done
    tried["scored" if done.returncode == 0 else "refused"] += 1


@pytest.mark.slow
def test_some_options_are_taken_and_some_are_refused(figure: Callable[[str], None]) -> None:
    """Counted in the test above, which ran before."""
    assert tried["scored"] and tried["refused"]
    figure(
        f"{tried.total()} graphs: {tried['scored']} scored, {tried['refused']} refused by name, "
        "0 crashes"
    )
