"""Test the tests: plant one fault after the other into a copy of the core, and see who notices.

    faults.py FOLDER [WORD...]

FOLDER keeps the copy and its build. Words choose faults by what they are called. Prints a row for
each; 1 if one is missed.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import steps
from steps import ROOT

sys.path.insert(0, str(ROOT / "tests/python"))

import processes


@dataclass(frozen=True)
class Fault:
    """A change of one place that a tired programmer could make."""

    name: str
    file: str  # below filter/
    right: str  # must be there once
    wrong: str


FAULTS = (
    Fault(
        "borrow of halves is lost (motion, 16 bits)",
        "kernels/motion_vertical_vec.c",
        "v_and(v_not_and(p, q), v_set32(1))",
        "v_set32(0)",
    ),
    Fault(
        "last block runs past the row (motion)",
        "kernels/motion_vertical_vec.c",
        "start + V_16 <= w ? start : w - V_16",
        "start",
    ),
    Fault(
        "last block runs past the row (wavelet)",
        "kernels/wavelet_samples_vec.c",
        "start + V_16 <= w ? start : w - V_16",
        "start",
    ),
    Fault(
        "negative rest is kept (VIF)",
        "kernels/vif_sum_vec.c",
        "v_max32(v_cut(rest, NOISE), v_set32(NOISE))",
        "v_cut(rest, NOISE)",
    ),
    Fault(
        "threshold is one too high (VIF)",
        "kernels/vif_sum_vec.c",
        "v_greater32(s1, v_set32(NOISE - 1))",
        "v_greater32(s1, v_set32(NOISE))",
    ),
    Fault(
        "what follows the row is summed (VIF)",
        "kernels/vif_sum_vec.c",
        "v_both(v_greater32(var, v_set32(NOISE - 1)), v_first32(w - x))",
        "v_greater32(var, v_set32(NOISE - 1))",
    ),
    Fault(
        "low halves are not rounded (VIF, 16 bits)",
        "kernels/vif_vertical_vec.c",
        "p.low[i] = v_set32(BITS == 8 ? 0 : V_UNBIAS + 32768)",
        "p.low[i] = v_set32(BITS == 8 ? 0 : V_UNBIAS)",
    ),
    Fault(
        "angle is off in the last digit (ADM)",
        "kernels/adm_vec.h",
        "0x1.ffd814p-1",
        "0x1.ffd815p-1",
    ),
    Fault(
        "negative ratios are rounded like positive ones (ADM)",
        "kernels/adm0_vec.c",
        "v_set64(16383)",
        "v_set64(16384)",
    ),
    Fault(
        "angles in doubt are taken for different ones (ADM)",
        "kernels/adm_level_vec.c",
        "v_any(v_but(perhaps, sure)) ?",
        "0 ?",
    ),
    Fault(
        "ratio overflows where a coefficient is huge (ADM)",
        "kernels/adm_level_vec.c",
        "v_min_u32(v_abs32(dis), v_shl32(size, 1))",
        "v_abs32(dis)",
    ),
    Fault(
        "bias of the halves is not put back (wavelet)",
        "kernels/wavelet_vec.c",
        "v_set32((32768 * sum) >> shift)",
        "v_set32(0)",
    ),
    Fault(
        "last sample's bits are not seen",
        "kernels/samples_vec.c",
        "for (; x < w; x++)",
        "for (; x < w - 1; x++)",
    ),
    Fault(
        "edge is repeated in the mirror",
        "features/picture.h",
        "2 * n - 2 - i",
        "2 * n - 1 - i",
    ),
    Fault(
        "odd heights count a row twice (VIF)",
        "features/vif.c",
        "y + most < scale->h ? most : scale->h - y",
        "most",
    ),
    Fault(
        "larger motion wins",
        "results.c",
        "step->motion < next ? step->motion : next",
        "step->motion > next ? step->motion : next",
    ),
    Fault(
        "a refused push keeps its pictures",
        "context.c",
        "        forget_step(ctx, step);\n",
        "        (void)forget_step;\n",
    ),
    Fault(
        "memory that is not there is used",
        "results.c",
        "if (!grown.steps || !grown.values)",
        "if (!grown.steps)",
    ),
    Fault(
        "harmonic mean without its offset",
        "report/pool.c",
        "1 / (values[i] + 1)",
        "1 / values[i]",
    ),
    Fault(
        "surrogates get into logs",
        "report/text.c",
        " || (c >= 0xd800 && c < 0xe000)",
        "",
    ),
    Fault(
        "altered models are taken",
        "fusion/model.c",
        "if (entry && strcmp(entry->sha256, model->sha256) != 0)",
        "if (entry && !*model->sha256)",
    ),
    Fault(
        "quotes in XML are not escaped",
        "report/text.c",
        " && c != '\"' && c != '&'",
        " && c != '&'",
    ),
)

# Who may notice, the quickest first.
PROGRAMS = (
    "tests/c/kernels/kernels 1",
    "tests/c/core/core_features",
    "tests/c/report/report_pool",
    "tests/c/core/core_context",
    "tests/c/core/core_scarce",
    "tests/c/core/core_borders 1",
)
SCRIPTS = (
    "tests/python/test_logs.py",
    "tests/python/test_fusion_open.py",
)


def run(command: list[str], folder: Path, build: Path, seconds: int = 300) -> bool:
    """Whether a command succeeds; one that ends by a signal or not at all does not."""
    environment = steps.with_tools(VMT_BUILD_DIR=str(build))
    try:
        done = processes.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def copy(folder: Path) -> tuple[Path, Path]:
    """Copy what git has, as it is now, and prepare its build."""
    tree, build = folder / "tree", folder / "core"
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    for name in filter(None, names.split("\0")):
        here, there = ROOT / name, tree / name
        if not here.is_file():
            continue
        data = here.read_bytes()
        if not there.exists() or there.read_bytes() != data:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(data)
            there.chmod(here.stat().st_mode)
    if not (build / "build.ninja").exists() and not run(
        ["meson", "setup", str(build), str(tree)], tree, build
    ):
        sys.exit("the copy cannot be configured")
    return tree, build


def noticing(tree: Path, build: Path) -> Iterator[str]:
    """Build, then give the names of the tests that fail, the first first."""
    if not run(["ninja", "-C", str(build), "-j2"], tree, build, 1200):
        yield "the compiler"
        return
    for program in PROGRAMS:
        path, *arguments = program.split()
        if not run([str(build / path), *arguments], build, build):
            yield path.rpartition("/")[2]
    for script in SCRIPTS:
        if not run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", script],
            tree,
            build,
        ):
            yield script.rpartition("/")[2]


def plant(fault: Fault, tree: Path, build: Path) -> str | None:
    """Return who notices a fault first; the tree is as it was afterwards."""
    path = tree / "filter" / fault.file
    right = path.read_text()
    if right.count(fault.right) != 1:
        sys.exit(f"{fault.file} has {right.count(fault.right)} times: {fault.right}")
    path.write_text(right.replace(fault.right, fault.wrong))
    try:
        return next(noticing(tree, build), None)
    finally:
        path.write_text(right)


def main() -> int:
    """Plant all and print the table."""
    words = sys.argv[2:]
    tree, build = copy(Path(sys.argv[1]).resolve())
    if failing := next(noticing(tree, build), None):
        sys.exit(f"{failing} fails without any fault")
    chosen = [f for f in FAULTS if not words or any(word in f.name for word in words)]
    print(f"{'fault':54}  {'file':31}  noticed by")
    missed = 0
    for fault in chosen:
        who = plant(fault, tree, build)
        missed += who is None
        print(f"{fault.name:54}  {fault.file:31}  {who or 'NOBODY'}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults are noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
