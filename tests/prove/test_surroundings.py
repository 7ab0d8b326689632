"""A disk that is full, an output that is closed, a runtime that fails, a network that is none."""

import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import clips
import processes
from command import COMMAND

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "filter/vmaf_tiny.h"


def run(
    *arguments: str | Path, before: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    return processes.run(
        [*before, *COMMAND, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("vmaf-tiny: error: ") and done.stderr.count("\n") == 1, done
    for word in words:
        assert word in done.stderr, done.stderr


# ------------------------------------------------------------------------------ where it goes


@pytest.mark.parametrize("where", ["/dev/full", "closed"])
def test_a_standard_output_that_takes_nothing(pair: tuple[Path, Path], where: str) -> None:
    """The score was to be there, so that it is not is a failure."""
    redirect = ">&-" if where == "closed" else ">/dev/full"
    for arguments in (["-q"], [], ["-q", "-o", "-", "--json"], ["models"]):
        videos = [] if "models" in arguments else [str(path) for path in pair]
        done = processes.run(
            ["sh", "-c", f'exec "$@" {redirect}', "sh", *COMMAND, *arguments, *videos],
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 1, (arguments, done)
        assert done.stderr.startswith("vmaf-tiny: error: "), (arguments, done)
        assert done.stderr.count("\n") == 1, (arguments, done)
        assert "Errno" not in done.stderr


def test_standard_input_and_error_that_are_closed(pair: tuple[Path, Path]) -> None:
    """What is opened then must not be taken for them, and complaints must not be the answer."""
    wrong = ("-q", "--model", "nothing")
    for arguments, status in ((("-q",), 0), (wrong, 1)):
        done = processes.run(
            ["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *COMMAND, *arguments, *map(str, pair)],
            stdout=subprocess.PIPE,
            text=True,
            timeout=600,
        )
        assert done.returncode == status
        assert done.stdout == ("" if status else run("-q", *pair).stdout)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk that is small")
def test_a_disk_that_is_full(
    pair: tuple[Path, Path], tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """In a mount namespace of its own; an older log is still whole."""
    script = """set -e
mount -t tmpfs -o size=16k none "$DISK"
echo old > "$DISK/log.json"
head -c 1M /dev/zero > "$DISK/filler" 2>/dev/null || true
status=0
"$@" || status=$?
cat "$DISK/log.json"
ls -A "$DISK" | wc -l
exit $status"""
    before = ("unshare", "-m", "sh", "-c", script, "sh")
    done = run("-q", *pair, "-o", tmp_path / "log.json", before=before, DISK=str(tmp_path))
    assert done.returncode == 1, done
    assert done.stdout.split() == ["old", "2"], done
    assert "free some space" in done.stderr and done.stderr.count("\n") == 1, done
    figure("full disk: status 1, one line, the older log whole, nothing left beside it")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["json", "csv", "xml", "parquet"])
def test_a_score_that_is_ended_leaves_the_older_log_or_the_new_one(
    tmp_path: Path, ending: str, amount: Callable[[int, int], int], figure: Callable[[str], None]
) -> None:
    """At any moment, and as soon as a file appears beside it, which alone may be left."""
    videos, place = tmp_path / "videos", tmp_path / "place"
    videos.mkdir()
    place.mkdir()
    planes = clips.planes(6, 64, 64) * 100
    reference = clips.write(videos / "reference.mkv", planes)
    encode = clips.write(videos / "encode.mp4", planes, options={"qp": "44"})
    log = place / f"log.{ending}"
    command = [*COMMAND, "score", "-q", reference, encode, "-o", log]
    begun = time.monotonic()
    processes.run(command, timeout=600, stdout=subprocess.DEVNULL)
    whole, lasted = log.read_bytes(), time.monotonic() - begun
    ends: Counter[str] = Counter()
    rng = random.Random(ending)
    for number in range(amount(2, 25)):
        log.write_bytes(b"old")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        latest = time.monotonic() + rng.uniform(0.6, 1.3) * lasted if number % 2 else math.inf
        while time.monotonic() < latest and process.poll() is None:
            if latest == math.inf and len(list(place.iterdir())) > 1:
                break
        process.send_signal(rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT)))
        process.wait()
        found = log.read_bytes()
        is_old = found == b"old"
        # What differs tells of the run, such as when it was.
        assert is_old or abs(len(found) - len(whole)) < 200, (process.returncode, len(found))
        assert process.returncode == 0 or process.returncode in (-9, -15, -2, 130)
        ends["old" if is_old else "new"] += 1
    assert processes.run(command, timeout=600, stdout=subprocess.DEVNULL).returncode == 0
    left = [path for path in place.iterdir() if path != log]
    assert all(re.fullmatch(r"\.vmaf[_-]tiny-.*\.tmp", path.name) for path in left), left
    figure(
        f"{ending}: {ends.total()} ended, {ends['old']} with the older log and {ends['new']} with "
        f"the new one, {len(left)} unfinished files left"
    )


@pytest.mark.parametrize(
    ("lacks", "words"),
    [
        ("sys.modules['av'] = None", "install vmaf-tiny again, or give it more memory"),
        ("threading.Thread.start = refuse", "try fewer --threads and --workers"),
    ],
    ids=["library", "thread"],
)
def test_what_does_not_fit_into_the_memory(pair: tuple[Path, Path], lacks: str, words: str) -> None:
    """Whichever it is, that is told in one line."""
    code = f"""
import sys
import threading

def refuse(thread):
    raise RuntimeError("can't start new thread")

{lacks}
from vmaf_tiny.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", code, "score", "-q", *pair]
    refused(processes.run(command, capture_output=True, text=True, timeout=600), words)


# ------------------------------------------------------------------------- what it runs with


@pytest.fixture
def fake(build_dir: Path) -> str:
    return str(build_dir / "tests/c/fusion/libfake_ort.so")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"VMAF_TINY_ORT_LIB": "/nowhere.so"}, ("/nowhere.so",)),
        ({"FAKE_ORT_VERSION": "1.16.3"}, ("1.16.3", "1.17 or newer")),
        ({"FAKE_ORT_ANSWER": "fail"}, (r"fake: kernel\nfailed",)),
        ({"FAKE_ORT_ANSWER": "nan"}, ("NaN",)),
        ({"FAKE_ORT_BROKEN": "cpu:session"}, ("out of device memory",)),
    ],
    ids=["missing", "too old", "fails in run", "answers nonsense", "refuses the model"],
)
def test_an_onnx_runtime_that_does_not_work(
    pair: tuple[Path, Path],
    tmp_path: Path,
    fake: str,
    variables: dict[str, str],
    words: tuple[str, ...],
) -> None:
    log = tmp_path / "log.json"
    refused(run("-q", *pair, "-o", log, **{"VMAF_TINY_ORT_LIB": fake} | variables), *words)
    assert not log.exists()


# Files that lead elsewhere: FFmpeg must not follow them to a network.
ELSEWHERE = {
    "list.m3u8": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "key.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:9/k"\n#EXTINF:1,\na.ts\n'
    "#EXT-X-ENDLIST\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "script.ffconcat": "ffconcat version 1.0\nfile http://127.0.0.1:9/a.mkv\n",
    "disguised.mkv": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
}


def without_network(unshare: str | None) -> tuple[str, ...]:
    """Return what runs a command as who one is but without a network; empty: nothing does."""
    for flags in ("-n", "-cn"):  # the latter for who is not root
        alone = (unshare or "unshare", flags)
        if unshare and subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
            return alone
    return ()


@pytest.mark.slow
def test_nothing_asks_for_the_network(
    pair: tuple[Path, Path],
    tmp_path: Path,
    amount: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    """No socket but of this machine is asked for, and without a network nothing is missing."""
    strace, unshare = shutil.which("strace"), shutil.which("unshare")
    assert strace or unshare, "apt-get install strace"
    said = []
    log, table, page = tmp_path / "log.json", tmp_path / "table.json", tmp_path / "page.html"
    sweep = ("sweep", "-q", "--crf", "40", "--preset", "ultrafast", "--store", tmp_path / "store")
    commands: list[tuple[str | Path, ...]] = [
        ("score", "-q", *pair, "-o", log),
        (*sweep, "--workers", "1", pair[0], "-o", table),
        ("report", "-q", log, table, "-o", page),
        ("rescore", "-q", log),
        ("models",),
    ]
    for name, text in ELSEWHERE.items():
        (tmp_path / name).write_text(text)
    if strace:
        before = (strace, "-f", "-qq", "-e", "trace=socket,connect,sendto,bind")
        for command in (*commands, *(("score", "-q", pair[0], tmp_path / n) for n in ELSEWHERE)):
            done = run(*command, before=before)
            assert done.returncode == (command[-1] in {tmp_path / n for n in ELSEWHERE}), done
            assert re.findall(r"AF_(?!UNIX)\w+", done.stderr) == [], done.stderr
        count = f"{len(commands)} commands and {len(ELSEWHERE)} files that lead elsewhere"
        said.append(f"0 sockets of a network asked for by {count}")
    if away := without_network(unshare):
        for command in commands[: amount(1, len(commands))]:
            alone = run(*command, before=away)
            assert (alone.returncode, alone.stdout) == (0, run(*command).stdout), alone
        said.append("without one the same answers")
        if amount(0, 1):
            tests = (sys.executable, "-m", "pytest", "-q", "-m", "not slow", ROOT / "tests/python")
            done = processes.run(
                [*away, *tests], cwd=ROOT, capture_output=True, text=True, timeout=1800
            )
            assert done.returncode == 0, done.stdout[-3000:]
            said.append(f"{re.findall(r'([0-9]+) passed', done.stdout)[-1]} quick tests pass")
    figure(", ".join(said))


LOADED_BY_THREADS = """
import sys
import threading

class Noted:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            loaded.append(name)

loaded = []
sys.meta_path.insert(0, Noted())
from vmaf_tiny.cli import main
main(sys.argv[1:])
print(*loaded)
"""


def test_no_thread_loads_numpy(pair: tuple[Path, Path]) -> None:
    """Two that load a part of it that it finds by itself may do so without end, now and then."""
    command = [sys.executable, "-c", LOADED_BY_THREADS, "score", "-q", "--align", "fix"]
    done = processes.run([*command, *pair], capture_output=True, text=True, timeout=600)
    score, loaded = done.stdout.splitlines()
    assert float(score) > 0
    assert not [name for name in loaded.split() if name.startswith("numpy")], loaded


# ------------------------------------------------------------------------------- what it shows


def names(library: Path, *flags: str) -> set[str]:
    listed = subprocess.check_output(["nm", "--defined-only", *flags, library], text=True)
    return {line.split()[-1] for line in listed.splitlines() if len(line.split()) == 3}


def test_only_names_of_ours_are_exported(build_dir: Path, figure: Callable[[str], None]) -> None:
    declared = set(re.findall(r"^VMT_API .*?(\w+)\(", HEADER.read_text(), re.M))
    assert declared and all(name.startswith("vmt_") for name in declared)
    shared = build_dir / "filter/libvmaf_tiny.so"
    assert names(shared, "-D") == declared
    static = names(build_dir / "filter/libvmaf_tiny.a", "-g")
    assert {name for name in static if not name.startswith("vmt_")} == set()
    (native,) = (build_dir / "python").glob(f"_native{sysconfig.get_config_var('EXT_SUFFIX')}")
    assert {name for name in names(native, "-D") if "native" not in name} == set()
    figure(f"{len(declared)} functions exported, all vmt_*; {len(static)} inside, all vmt_*")
