"""The table of `make prove`: what is printed of proofs that were run before."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "prove/table.py"


def row(group: str, commit: str = "0123456", good: bool = True) -> dict[str, Any]:
    return {
        "proof": f"{group} holds", "good": good, "seconds": 36.0, "figure": "7 of 7",
        "group": group, "commit": commit,
    }  # fmt: skip


def printed(folder: Path, rows: list[dict[str, Any]]) -> tuple[int, list[str]]:
    kept = folder / "prove.json"
    kept.write_text(json.dumps(rows))
    done = subprocess.run(
        [sys.executable, TABLE, folder, "--json", kept, "table"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == "" and json.loads(kept.read_text()) == rows
    return done.returncode, done.stdout.splitlines()


def test_kept_rows_are_printed_with_their_commits(tmp_path: Path) -> None:
    """What was not run is missing, and what is no proof any more is not counted."""
    status, empty = printed(tmp_path, [])
    names = [line.partition(" NO ")[0].strip() for line in empty[:-1]]
    assert status == 1 and {"fuzzing", "threads", "media"} < set(names)
    assert all("was not run" in line for line in empty[:-1])

    whole = [row(name) for name in reversed(names)] + [row("a proof of old", good=False)]
    status, lines = printed(tmp_path, whole)
    assert status == 0 and [line.split(" holds ")[0] for line in lines[:-1]] == names
    assert all("0123456" in line and "7 of 7" in line for line in lines[:-1])
    assert lines[-1].startswith(f"{len(names)} of {len(names)} proved")
    assert lines[-1].endswith("of commit 0123456")

    whole[0] |= {"commit": "89abcde", "good": False}
    status, lines = printed(tmp_path, whole)
    assert status == 1 and " NO " in lines[-2] and "89abcde" in lines[-2]
    assert lines[-1].startswith(f"{len(names) - 1} of {len(names)}") and "commit" not in lines[-1]
