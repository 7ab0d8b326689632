# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Prove our declaration of ONNX Runtime's C interface by compiling it beside the real header.

The header is the system's, or the one of an earlier run, or is taken out of the package of a
Debian suite that has one, without installing anything. Exits 0 if the two agree, 1 if they do
not, and 77 (skipped, for meson) with the reason if no header can be had.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILTER = HERE.parents[2] / "filter"
HEADER = "onnxruntime_c_api.h"
PACKAGE, SUITE = "libonnxruntime-dev", "trixie"
MIRROR = "http://deb.debian.org/debian"
SKIPPED = 77
SYSTEM = (
    "/usr/include/onnxruntime",
    "/usr/include/onnxruntime/core/session",
    "/usr/local/include/onnxruntime",
    "/opt/homebrew/include/onnxruntime",
)


class Unavailable(Exception):
    """There is no header, and the reason."""


def mirror() -> str:
    """Debian's mirror as this system is set up to use, else the general one."""
    apt = Path("/etc/apt")
    for source in (*sorted(apt.glob("sources.list.d/*")), apt / "sources.list"):
        if source.is_file():
            text = re.sub(r"#.*", "", source.read_text(errors="replace"))
            if found := re.search(r"\bhttps?://\S+/debian/?(?=\s)", text):
                return found.group()
    return MIRROR


def keyring() -> Path:
    """Keys that Debian's packages are signed with."""
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        path = Path("/usr/share/keyrings") / name
        if path.is_file():
            return path
    raise Unavailable("Debian's keyring is not installed (package debian-archive-keyring)")


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command; its last words are the reason if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=180)
    except FileNotFoundError:
        raise Unavailable(f"there is no {command[0]} on this system") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took too long") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise Unavailable(f"{command[0]} failed: {' '.join(last)}")


def download(folder: Path) -> Path:
    """Unpack the developer package under a folder; return where its headers lie."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={keyring()}] {mirror()} {SUITE} main\n")
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Acquire::Retries": 0,
        "Acquire::http::Timeout": 10,
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q"]
    for key, value in options.items():
        apt += ["-o", f"{key}={value}"]
    run(*apt, "update", cwd=folder)
    run(*apt, "download", PACKAGE, cwd=folder)
    packages = list(folder.glob("*.deb"))
    if len(packages) != 1:
        raise Unavailable(f"{PACKAGE} did not arrive")
    run("dpkg", "-x", packages[0], folder / "unpacked", cwd=folder)
    headers = list((folder / "unpacked").rglob(HEADER))
    if not headers:
        raise Unavailable(f"{PACKAGE} has no {HEADER}")
    return headers[0].parent


def find_headers(cache: Path) -> tuple[Path, str]:
    """Return the folder of the header and where it is from; keep a downloaded one in the cache."""
    kept = cache / "onnxruntime"
    if (kept / HEADER).is_file():
        return kept, "kept from an earlier run"
    for folder in map(Path, SYSTEM):
        if (folder / HEADER).is_file():
            return folder, "the system's"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        found = download(Path(temporary))
        shutil.move(found, kept)
    return kept, f"from Debian {SUITE}"


def compare(compiler: str, include: Path) -> str:
    """Compile the assertions; return what the compiler says, empty if all hold."""
    command = [compiler, "-std=c11", "-fsyntax-only", f"-I{FILTER}", f"-I{include}"]
    done = subprocess.run(
        [*command, HERE / "ort_slots.c"], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr) if done.returncode else ""


def forgotten() -> set[str]:
    """Return functions that our declaration has and the assertions do not name."""
    declared = re.findall(r"\(\*([a-z]\w+)\)\(", (FILTER / "fusion/ort_api.h").read_text())
    asserted = re.findall(
        r"VmtOrtApiBase, (\w+)|^SAME\((\w+)", (HERE / "ort_slots.c").read_text(), re.M
    )
    return set(declared) - {a or b for a, b in asserted}


def main() -> int:
    """Compare, print one line or what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default="cc", help="C compiler that understands GNU C")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep the header in")
    arguments = parser.parse_args()
    if missing := forgotten():
        print(f"not compared with the real header: {' '.join(sorted(missing))}")
        return 1
    try:
        include, origin = find_headers(arguments.cache.resolve())
    except Unavailable as reason:
        print(f"skipped, there is no {HEADER} to compare with: {reason}")
        return SKIPPED
    version = re.search(r"define ORT_API_VERSION (\d+)", (include / HEADER).read_text())
    print(f"{HEADER} {origin}, version {version.group(1) if version else '?'}: {include}")
    if differences := compare(arguments.cc, include):
        print(differences)
        return 1
    print("slots, types and numbers agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
