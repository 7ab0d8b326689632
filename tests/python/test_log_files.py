"""Where a log goes: whole or not at all, and never in the way of what is there."""

import json
import os
import resource
import stat
import threading
from pathlib import Path

from log_writer import TWO_FRAMES, Writer


def unprivileged() -> list[str]:
    """What to put before a command so that root, too, is held to permissions."""
    drop = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", drop] if os.geteuid() == 0 else []


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def test_new_file_has_the_mode_of_any_new_file(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    writer.write("json", path, umask=0o027)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_replaced_file_keeps_its_mode(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("old")
    path.chmod(0o604)
    json.loads(writer.write("json", path, umask=0o027))
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_long_name_and_name_without_folder(writer: Writer, tmp_path: Path) -> None:
    writer.write("json", tmp_path / ("n" * 255))
    assert writer.run("json", "log.json", cwd=tmp_path).returncode == 0
    json.loads((tmp_path / "log.json").read_text())


def test_file_that_bears_the_temporary_name_is_left_alone(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    name = ".vmaf_tiny-$$-0.tmp"
    plant = ["sh", "-c", f'ln -s precious {name} && exec "$@"', "sh"]
    done = writer.run("json", "log.json", before=plant, cwd=tmp_path)
    assert done.returncode == 0
    json.loads((tmp_path / "log.json").read_text())
    assert (tmp_path / "precious").read_text() == "precious"
    (planted,) = tmp_path.glob(".vmaf_tiny-*")
    assert planted.is_symlink()


def test_link_stays_and_its_file_is_replaced(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "links").mkdir()
    real, link = tmp_path / "there/log.json", tmp_path / "links/link"
    link.symlink_to("second")
    (tmp_path / "links/second").symlink_to("../there/log.json")
    for _ in ("made", "replaced"):
        text = writer.write("json", link)
        assert link.is_symlink()
        assert not real.is_symlink()
        assert real.read_text() == text
        assert [p.name for p in real.parent.iterdir()] == ["log.json"]


def test_old_file_survives_a_failure(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("old")
    message = writer.refuse("json", path, 27, preexec_fn=limit_file_size)
    assert str(path) in message
    assert "ulimit" in message
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["log.json"]


def test_failure_leaves_no_file(writer: Writer, tmp_path: Path) -> None:
    writer.refuse("json", tmp_path / "log.json", 27, preexec_fn=limit_file_size)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_said(writer: Writer) -> None:
    assert "free some space" in writer.refuse("json", "/dev/full", 28)


def test_missing_folder_is_said(writer: Writer, tmp_path: Path) -> None:
    message = writer.refuse("xml", tmp_path / "none/log.xml", 2)
    assert "make its folder first" in message
    (tmp_path / "file").touch()
    writer.refuse("xml", tmp_path / "file/log.xml", 20)
    (tmp_path / "link").symlink_to("none/log.xml")
    writer.refuse("xml", tmp_path / "link", 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "link"]


def test_folder_is_no_file(writer: Writer, tmp_path: Path) -> None:
    assert "not a folder" in writer.refuse("csv", tmp_path, 21)


def test_chain_of_links_without_end_is_refused(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    writer.refuse("csv", tmp_path / "a", 40)


def test_place_without_permission_is_refused(writer: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "log.json").write_text("old")
    folder.chmod(0o555)
    for name in ("log.json", "new.json"):
        message = writer.refuse("json", folder / name, 13, before=unprivileged())
        assert "where you may write" in message
    folder.chmod(0o755)
    (folder / "log.json").chmod(0o444)
    writer.refuse("json", folder / "log.json", 13, before=unprivileged())
    assert (folder / "log.json").read_text() == "old"
    assert [p.name for p in folder.iterdir()] == ["log.json"]


def test_dash_is_standard_output_after_what_was_printed(writer: Writer, tmp_path: Path) -> None:
    expected = writer.write("csv", tmp_path / "log.csv")
    done = writer.run("csv", "-", "--print", "first ", cwd=tmp_path)
    assert done.stdout == "first " + expected
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


def test_standard_output_is_never_replaced(writer: Writer, tmp_path: Path) -> None:
    expected = writer.write("csv", tmp_path / "log.csv")
    path = tmp_path / "output"
    for name in ("/dev/stdout", path):
        with path.open("w") as file:
            done = writer.run("csv", name, "--print", "first ", stdout=file)
        assert done.returncode == 0
        assert path.read_text() == "first " + expected


def test_pipe_is_written_to(writer: Writer, tmp_path: Path) -> None:
    frames = [(i, *TWO_FRAMES[0][1:]) for i in range(2000)]
    expected = writer.write("sub", tmp_path / "log.sub", frames=frames)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(fifo.read_text()))
    thread.start()
    done = writer.run("sub", fifo, frames=frames)
    thread.join(timeout=60)
    assert done.returncode == 0
    assert read == [expected]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_reader_that_has_gone_is_an_error_and_no_signal(writer: Writer) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    message = writer.refuse("json", "-", 32, stdout=writing)
    os.close(writing)
    assert "ended too early" in message


def test_pipe_that_does_not_wait_is_waited_for(writer: Writer, tmp_path: Path) -> None:
    frames = [(i, *TWO_FRAMES[0][1:]) for i in range(2000)]
    expected = writer.write("csv", tmp_path / "log.csv", frames=frames)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    read: list[bytes] = []

    def drain() -> None:
        with os.fdopen(reading, "rb") as file:
            read.append(file.read())

    thread = threading.Timer(0.3, drain)
    thread.start()
    done = writer.run("csv", "-", frames=frames, stdout=writing)
    os.close(writing)
    thread.join(timeout=60)
    assert done.returncode == 0
    assert b"".join(read).decode() == expected
