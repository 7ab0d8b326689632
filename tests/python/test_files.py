"""Files that are written whole or not at all, and places that are no files."""

import os
import stat
import threading
from pathlib import Path

import pytest

from vmaf_tiny.errors import VmafTinyError
from vmaf_tiny.files import check_writable, write_text


def test_a_pipe_stays_a_pipe(tmp_path):
    """As root, a device would be replaced as well, /dev/null for everybody."""
    pipe, got = tmp_path / "pipe.json", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    check_writable(pipe, [])
    write_text(pipe, "all of it")
    reader.join(timeout=60)
    assert got == ["all of it"] and stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_stays_a_device(tmp_path):
    master, slave = os.openpty()
    device, link = Path(os.ttyname(slave)), tmp_path / "terminal.json"
    link.symlink_to(device)
    write_text(link, "all of it")
    assert os.read(master, 100) == b"all of it"
    assert link.is_symlink() and stat.S_ISCHR(device.stat().st_mode)
    os.close(master)
    os.close(slave)
    with pytest.raises(VmafTinyError, match="cannot be written"):
        write_text(link, "nobody is there")


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    link, file = tmp_path / "link.json", tmp_path / "file.json"
    file.write_text("old")
    link.symlink_to(file)
    check_writable(link, [])
    write_text(link, "new")
    assert link.is_symlink() and file.read_text() == "new"


@pytest.mark.parametrize("leads", ["loop.json", "missing/file.json"])
def test_a_link_that_leads_nowhere(tmp_path, leads):
    link = tmp_path / "loop.json"
    link.symlink_to(tmp_path / leads)
    for write in (lambda: check_writable(link, []), lambda: write_text(link, "x")):
        with pytest.raises(VmafTinyError, match=r"(cannot be written|no folder to be in): .+"):
            write()
    assert link.is_symlink() and list(tmp_path.iterdir()) == [link]
