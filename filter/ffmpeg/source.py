# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The source of an FFmpeg release: a file that is given or kept, the distribution's, FFmpeg's."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from report import Fault, output_of, say

PINS = Path(__file__).with_name("releases.json")
"""The sha256 of the tarballs of releases, as JSON."""

_SITE = "https://ffmpeg.org/releases"
_DEBIAN = "http://deb.debian.org/debian/pool/main/f/ffmpeg"


class Unreachable(Fault):
    """The source of a release cannot be downloaded."""


def pinned_sha256(release: str) -> str | None:
    """Return the sha256 that the tarball of a release must have; None if it is not known."""
    pins: dict[str, str] = json.loads(PINS.read_text("utf-8"))
    return pins.get(release)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def source_lines(text: str) -> str:
    """Turn the lines of a sources.list into those for source packages."""
    kept = []
    for line in text.splitlines():
        entry = re.match(r"\s*deb(?:-src)?(\s.*)", line)
        if entry:
            kept.append(f"deb-src{entry[1]}")
    return "".join(f"{line}\n" for line in dict.fromkeys(kept))


def source_stanzas(text: str) -> str:
    """Turn the stanzas of a deb822 .sources file into those for source packages."""
    kept = []
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line and not line.startswith("#")]
        fields = {line.split(":")[0].lower(): line for line in lines if not line[0].isspace()}
        enabled = fields.get("enabled", "").partition(":")[2].strip().lower()
        if "types" not in fields or enabled in ("no", "false", "without", "off", "disable"):
            continue
        kept.append(
            "\n".join("Types: deb-src" if line == fields["types"] else line for line in lines)
        )
    return "\n\n".join(kept) + "\n" if kept else ""


def write_private_sources(etc: Path, folder: Path) -> None:
    """Write the source packages' side of the system's apt sources into a folder."""
    parts = etc / "sources.list.d"
    lists = [
        path for path in [etc / "sources.list", *sorted(parts.glob("*.list"))] if path.is_file()
    ]
    lines = source_lines("\n".join(path.read_text("utf-8") for path in lists))
    stanzas = [source_stanzas(path.read_text("utf-8")) for path in sorted(parts.glob("*.sources"))]
    (folder / "system.list").write_text(lines, "utf-8")
    (folder / "system.sources").write_text("\n".join(filter(None, stanzas)), "utf-8")


def _apt(root: Path) -> list[str]:
    """Return apt-get with everything it writes below a folder, so that it needs no root."""
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(root / "sources"),
        "Dir::State::lists": str(root / "lists"),
        "Dir::Cache": str(root / "cache"),
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
    }
    return ["apt-get", "-q", *(f"-o{name}={value}" for name, value in settings.items())]


def _from_distribution(release: str, root: Path) -> Path | None:
    """Download the tarball of the source package ffmpeg, checked by apt's signatures."""
    if not shutil.which("apt-get"):
        return None
    say("source", f"asking apt for the source of ffmpeg {release}")
    for part in ("sources", "lists/partial", "cache/archives/partial", "out"):
        (root / part).mkdir(parents=True)
    write_private_sources(Path("/etc/apt"), root / "sources")
    # Some list may be out of reach; whether the package can be had is seen below.
    output_of([*_apt(root), "update"])
    package = output_of(["dpkg-query", "-W", "-f=${source:Package}=${source:Version}", "ffmpeg"])
    exact = package if re.fullmatch(r"[a-z0-9+.-]+=[\w.:+~-]+", package) else "ffmpeg"
    for wanted in dict.fromkeys((exact, "ffmpeg")):
        subprocess.run(
            [*_apt(root), "source", "--download-only", "--tar-only", wanted],
            cwd=root / "out",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        found = root / "out" / f"ffmpeg_{release}.orig.tar.xz"
        if found.is_file():
            return found
    return None


def _from_site(release: str, root: Path) -> Path | None:
    """Download the tarball from FFmpeg or Debian; only for a release whose sha256 is pinned."""
    if not pinned_sha256(release):
        return None
    path = root / "site.tar.xz"
    for address in (
        f"{_SITE}/ffmpeg-{release}.tar.xz",
        f"{_DEBIAN}/ffmpeg_{release}.orig.tar.xz",
    ):
        say("source", f"asking {address}")
        try:
            with urllib.request.urlopen(address, timeout=30) as answer, path.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError:
            continue
        return path
    return None


def _check(path: Path, release: str) -> str:
    """Return the sha256 of a tarball; a Fault if it is not the pinned one."""
    pin, found = pinned_sha256(release), sha256_of(path)
    if pin not in (None, found):
        raise Fault(
            f"{path} is not the tarball of FFmpeg {release}: its sha256 is {found}, not {pin}: "
            "remove it, or give the right one with --tarball"
        )
    return found


def get_tarball(release: str, cache: Path, given: Path | None) -> tuple[Path, str]:
    """Find or download the tarball of a release.

    Parameters
    ----------
    release : str
        E.g. "5.1.9".
    cache : Path
        Folder where tarballs are kept.
    given : Path, optional
        The tarball itself.

    Returns
    -------
    tuple of Path and str
        The file and its sha256.

    Raises
    ------
    Unreachable
        It cannot be had.
    Fault
        It is not what was expected.
    """
    if given:
        if not given.is_file():
            raise Fault(f"{given} is not there: give the tarball of FFmpeg {release}")
        return given, _check(given, release)
    kept = cache / f"ffmpeg-{release}.tar.xz"
    if kept.is_file():
        return kept, _check(kept, release)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="download-", dir=cache) as name:
        got = _from_distribution(release, Path(name)) or _from_site(release, Path(name))
        if not got:
            raise Unreachable(
                f"the source of FFmpeg {release} cannot be had: if apt offers a newer ffmpeg, "
                "apt-get install ffmpeg and try again; else download "
                f"{_SITE}/ffmpeg-{release}.tar.xz elsewhere and give it with --tarball, or make a "
                "whole ffmpeg of another release (make ffmpeg)"
            )
        found = _check(got, release)
        got.replace(kept)
    return kept, found
