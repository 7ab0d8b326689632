"""Files that appear whole or not at all."""

import contextlib
import errno
import glob
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from vmaf_tiny.errors import OptionError, VmafTinyError


def write_atomically(path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there.

    What is no file, such as a pipe or a device, stays what it is: the content is written to it.

    Raises
    ------
    VmafTinyError
        The file cannot be written.
    """
    temporary = None
    try:
        target = _target(path)
        if target.exists() and not target.is_file():
            with tempfile.TemporaryDirectory(prefix="vmaf-tiny-") as folder:
                content = Path(folder) / target.name
                write(content)
                handle = os.open(target, os.O_WRONLY | os.O_NOCTTY)
                with content.open("rb") as source, os.fdopen(handle, "wb") as sink:
                    shutil.copyfileobj(source, sink)
            return
        remove_abandoned(target.parent, ".vmaf-tiny-", "-*.tmp")
        prefix = f".vmaf-tiny-{writer()}-"
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise VmafTinyError(f"{path} cannot be written: {reason}: choose another place") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the file at the end of links: a link stays, and its file is replaced."""
    try:
        return Path(path).resolve()
    except RuntimeError:  # of a link that leads to itself, before Python 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None


def writer(process: int | None = None) -> str:
    """Return what names of unfinished files call a process of this machine; None: this one."""
    return f"{_host()}-{process or os.getpid()}"


def _host() -> str:
    return socket.gethostname().partition(".")[0] or "localhost"


def remove_abandoned(folder: Path, before: str, after: str) -> None:
    """Remove unfinished files of processes of this machine that are no more, such as killed ones.

    Parameters
    ----------
    folder
        Where they are.
    before, after
        What is around `writer` in their names; the latter may have a ``*``.
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{glob.escape(before)}{glob.escape(_host())}-[0-9]*{after}"):
            process = re.match(r"\d+", path.name[len(before) + len(_host()) + 1 :])
            if process and not _is_alive(int(process[0])):
                path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, UTF-8, whole or not at all; ``"-"`` is standard output.

    Names of files may have bytes that are no UTF-8, which are written as `printable` has them.
    """
    if os.fspath(path) == "-":
        print(text, end="")
        return
    write_atomically(
        path, lambda temporary: temporary.write_text(printable(text), encoding="utf-8")
    )


def printable(text: str) -> str:
    """Return text that has been made of the name of a file without what UTF-8 cannot hold."""
    return text.encode(errors="backslashreplace").decode()


def _mode(target: Path) -> int:
    """Return the permissions that the file has, or that a new file gets."""
    if target.exists():
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_writable(output: str | os.PathLike[str], inputs: Iterable[str]) -> None:
    """Refuse a file that cannot be written, before the work and not after it.

    Parameters
    ----------
    output
        Path of what is going to be written.
    inputs
        What is read, which it must not be.

    Raises
    ------
    OptionError
        It is a folder or one of the inputs.
    VmafTinyError
        Its folder is missing or may not be written to.
    """
    path = Path(output)
    if path.is_symlink() and not path.exists():
        try:
            path = _target(path)
        except OSError as error:
            reason = f"{path} cannot be written: {error.strerror}: choose another"
            raise VmafTinyError(reason) from None
    if path.is_dir():
        raise OptionError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise VmafTinyError(f"{path} has no folder to be in: make {path.parent} first")
    if not os.access(path.parent, os.W_OK):
        raise VmafTinyError(f"{path} cannot be written: ask for the right to, or choose another")
    if path.exists() and any(Path(i).exists() and path.samefile(i) for i in inputs):
        raise OptionError(f"{path} is one of the inputs: choose another name")
