"""An hour of video through the filter: memory must not grow. Run by `make test-hour`.

What is kept of a frame, for the pooled score and the log, is some hundred bytes; that is all that
may be added.
"""

import re
import subprocess
from pathlib import Path

SECONDS, RATE = 3600, 25
SOURCE = f"testsrc2=size=320x180:rate={RATE}:duration={SECONDS}"
KEPT_BYTES = 100  # of a frame


def resident(process: int) -> int:
    """Memory of a process in KiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB$", status, re.M)[1])


def test_an_hour(ffmpeg, tmp_path):
    command = [ffmpeg.launcher, "-nostdin", "-nostats", "-hide_banner", "-y"]
    command += ["-f", "lavfi", "-i", f"{SOURCE},gblur=0.5", "-f", "lavfi", "-i", SOURCE]
    # a line for every minute of video, as it leaves
    graph = f"[0][1]vmaf_tiny=stats=60:log_fmt=csv:log_path={tmp_path}/log"
    most = []
    with subprocess.Popen(
        [*command, "-lavfi", graph, "-f", "null", "-"], stderr=subprocess.PIPE, text=True
    ) as child:
        for line in child.stderr:
            if " frames: mean " in line:
                most.append(resident(child.pid))
    assert child.returncode == 0
    assert len((tmp_path / "log").read_text().splitlines()) == SECONDS * RATE + 1
    assert len(most) == SECONDS // 60
    print(
        f"\nMiB after 5, 10, 20, 40 and 59 minutes of video: "
        f"{', '.join(f'{most[minute - 1] / 1024:.1f}' for minute in (5, 10, 20, 40, 59))}"
    )
    frames = (59 - 5) * 60 * RATE
    assert most[58] - most[4] <= frames * KEPT_BYTES / 1024
