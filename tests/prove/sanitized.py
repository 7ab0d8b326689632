"""The core, its tests and those of the bindings under sanitizers: KIND BUILD.

KIND is address (with undefined behaviour) or thread. The library is built anew in BUILD, with an
environment of its own that has the package as it was built there and, for all else, what this
Python has. FFmpeg with the filter: `make test-sanitized`.
"""

import re
import sys
from pathlib import Path

import steps
from steps import ROOT

KINDS = {"address": ("address,undefined", "asan"), "thread": ("thread", "tsan")}

# What is run with the sanitizer in the programs under test, and in the interpreter itself.
PROGRAMS = ["test_fusion_*.py", "test_fuzz.py", "test_log*.py", "test_pooling.py"]
BINDINGS = ["test_core.py", "test_features.py", "test_mode.py", "test_luma.py", "test_score.py"]
THREADED = ["test_core.py", "test_mode.py"]
# Everything; or what has threads and what they call.
SUITES = {
    "address": ["--suite=c"],
    "thread": ["context", "features", "scarce", "fusion_json", "report pool", "report signals"],
}
# Where a time or memory is measured, or another compiler's code is started; and, of threads, ONNX
# Runtime, whose locks ThreadSanitizer does not see begin.
LEAVE_OUT = {
    "address": "not memory and not libvmaf and not many_threads and not moved_installation",
    "thread": "not memory and not many_threads and not model and not clip_is and not onnxruntime",
}


def run(*command: str | Path, **variables: str) -> str:
    return steps.run(*command, environment=steps.with_tools(**variables))


def environment(folder: Path) -> Path:
    """Make an environment whose packages are this one's, but ours."""
    python = folder / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        # A folder named in a .pth file comes last, and its .pth files are not read: an editable
        # install in it stays out of the way.
        outer = run(sys.executable, "-c", "import site; print(*site.getsitepackages(), sep='\\n')")
        (site_of(python) / "outer.pth").write_text(outer)
    return python


def site_of(python: Path) -> Path:
    code = "import sysconfig; print(sysconfig.get_path('platlib'))"
    return Path(run(python, "-c", code).strip())


def build(sanitizers: str, core: Path, site: Path) -> None:
    """Build everything and install the package."""
    if not (core / "build.ninja").exists():
        run(
            "meson", "setup", core, "--buildtype=debugoptimized", f"-Db_sanitize={sanitizers}",
            "-Db_lundef=false", f"-Dpython.platlibdir={site}", f"-Dpython.purelibdir={site}",
        )  # fmt: skip
    run("ninja", "-C", core)
    run("meson", "install", "-C", core, "--tags", "python-runtime", "--no-rebuild")


def library(name: str) -> str:
    """Return where the compiler has a library."""
    return run("cc", f"-print-file-name={name}").strip()


def count(said: str, pattern: str) -> int:
    return sum(int(number) for number in re.findall(pattern, said))


def pytest(python: Path, kind: str, names: list[str], **variables: str) -> int:
    paths = sorted(path for name in names for path in (ROOT / "tests/python").glob(name))
    options = ("-q", "-p", "no:cacheprovider", "-k", LEAVE_OUT[kind])
    said = run(python, "-m", "pytest", *options, *paths, **variables)
    return count(said, r"(\d+) passed")


def main() -> int:
    """Build, test and print how many tests were clean."""
    kind, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    sanitizers, name = KINDS[kind]
    core = folder / "core"
    python = environment(folder / "venv")
    build(sanitizers, core, site_of(python))
    options = {
        # What Python and ONNX Runtime hold until the end is no leak of ours.
        "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT / 'tests/prove/threads.supp'}",
        "VMT_BUILD_DIR": str(core),
    }
    leaks = options | {"ASAN_OPTIONS": "abort_on_error=1:allocator_may_return_null=1"}
    tests = SUITES[kind]
    said = run("meson", "test", "-C", core, "--no-rebuild", "-t", "10", *tests, **leaks)
    if kind == "thread":  # many pictures, without what it says of memory
        run(core / "tests/c/core/core_memory", "100", "3", **leaks)
    programs = count(said, r"Ok:\s+(\d+)")
    print(f"{programs} C programs", flush=True)
    tested = pytest(Path(sys.executable), kind, PROGRAMS, **leaks) if kind == "address" else 0
    # The runtime comes first; C++ libraries are loaded later, so theirs has to be there too.
    preload = f"{library(f'lib{name}.so')} {library('libstdc++.so')}"
    bindings = pytest(
        python,
        kind,
        BINDINGS if kind == "address" else THREADED,
        **options | {"LD_PRELOAD": preload, "PYTHONMALLOC": "malloc"},
    )
    of_programs = f", {tested} tests of programs" if tested else ""
    print(f"{programs} C programs{of_programs}, {bindings} tests of bindings: clean")
    return 0


if __name__ == "__main__":
    sys.exit(main())
