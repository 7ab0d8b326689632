"""Results that were computed, in a file that only grows.

The file is a SQLite database in write-ahead mode: what was written is there after a crash, and
any number of processes may use it at once. A result has a key made of all that it depends on; it
is never changed, but for one that is found to be damaged, which is removed.
"""

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Any, Self

from vmaf_tiny.errors import MALFORMED, InputError, VmafTinyError
from vmaf_tiny.files import printable

_VERSION = 1
_PATIENCE = 60.0  # seconds that a writer waits for another
_PAUSE = 0.02  # seconds until another attempt to open
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, about TEXT NOT NULL, value BLOB NOT NULL, created TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS files (
    path TEXT, size INTEGER, modified INTEGER, sha256 TEXT NOT NULL,
    PRIMARY KEY (path, size, modified)
);
"""
_COLUMNS = {
    "results": ("key", "about", "value", "created"),
    "files": ("path", "size", "modified", "sha256"),
}


def default_store() -> Path:
    """Return the file that commands use unless they are told another.

    Raises
    ------
    VmafTinyError
        The user has no home.
    """
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # such as in a container, of a user who is only a number
        raise VmafTinyError(
            "there is no home to keep results in: set HOME, or give --store or --no-store"
        ) from None
    return Path(cache) / "vmaf-tiny" / "results.sqlite"


class Store:
    """Results by key.

    Parameters
    ----------
    path
        File; made, with its folder, if it is missing. None: in memory, gone when it is closed.

    Raises
    ------
    VmafTinyError
        It cannot be opened, or a newer version of this library wrote it. Every method raises it
        when the file can no longer be read or written, such as on a disk that is full; what was
        added before is still there.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = Path("in memory" if path is None else path)
        try:
            if path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            # Made absolute, as the name ":memory:" would mean something else to SQLite.
            file = self.path.absolute() if path is not None else ":memory:"
            self._connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
            self._prepare_in_turn()
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise VmafTinyError(
                f"the store {path} cannot be used: {reason}: choose another file or none"
            ) from None

    def _prepare_in_turn(self) -> None:
        """Prepare, again where another process does the same.

        SQLite waits for every other lock, but not where two turn a new file to write-ahead mode.
        """
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._prepare()
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > end:
                    raise
            time.sleep(_PAUSE)

    def _prepare(self) -> None:
        tables = self._tables()
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION and ("table", "results") in tables:
            raise VmafTinyError(f"the store {self.path} is of a newer vmaf-tiny: update this one")
        for (kind, name), columns in tables.items():  # before anything is changed in it
            if kind != "table" or columns != _COLUMNS.get(name):
                raise VmafTinyError(
                    f"the store {self.path} is a database of another program, with a {kind}"
                    f" {name!r}: choose another file or none"
                )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")  # also after a power cut
        self._connection.executescript(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version={_VERSION}")

    def _tables(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the columns of all that may be read or may act when something is written.

        A view is a program that may run for ever, and so is what a trigger does.
        """
        names = self._connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type != 'index'"
        )
        asked = "SELECT name FROM pragma_table_xinfo(?)"  # also those that are computed
        return {
            (kind, name): tuple(column for (column,) in self._connection.execute(asked, (name,)))
            for kind, name in names.fetchall()
            if not name.startswith("sqlite_")
        }

    def get(self, key: str) -> dict[str, Any] | None:
        """Return what was stored under a key, or None; a value that is damaged is forgotten."""
        with self._told():
            row = self._connection.execute(
                "SELECT value FROM results WHERE key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        try:
            return unpacked(row[0])
        except (zlib.error, *MALFORMED):
            self.forget(key)
            return None

    def forget(self, key: str) -> None:
        """Remove a value that is of no use, so that it is computed again."""
        with self._told():
            self._connection.execute("DELETE FROM results WHERE key = ?", (key,))

    def add(self, values: Iterable[tuple[str, Mapping[str, Any], bytes]]) -> None:
        """Add results, all or none; a key that is there already keeps its value.

        Parameters
        ----------
        values
            Keys, what they were made of, for people, and values from `packed`.
        """
        rows = [(key, json.dumps(about), value) for key, about, value in values]
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO results"
                    " VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                    rows,
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite may have rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def digest(self, path: str | os.PathLike[str]) -> str:
        """Return the sha256 of a file, without reading it again while it has not changed.

        Raises
        ------
        InputError
            It cannot be read.
        """
        try:
            name, stat = printable(os.path.realpath(path)), Path(path).stat()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        with self._told():
            found = self._connection.execute(
                "SELECT sha256 FROM files WHERE path = ? AND size = ? AND modified = ?",
                (name, stat.st_size, stat.st_mtime_ns),
            ).fetchone()
        if found:
            return str(found[0])
        sha256 = digest(path)
        with self._told():
            self._connection.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                (name, stat.st_size, stat.st_mtime_ns, sha256),
            )
        return sha256

    def __len__(self) -> int:
        with self._told():
            return int(self._connection.execute("SELECT count(*) FROM results").fetchone()[0])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell of what SQLite cannot do as this library does."""
        try:
            yield
        except sqlite3.Error as error:
            raise VmafTinyError(
                f"the store {self.path} cannot be read or written: {error}: free some space or"
                " choose another file; what was stored before is kept"
            ) from None

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def digest(path: str | os.PathLike[str]) -> str:
    """Return the sha256 of a file in hexadecimal.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        with closing(Path(path).open("rb")) as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def packed(value: Mapping[str, Any]) -> bytes:
    """Return what JSON has as bytes for a store; numbers keep all their bits."""
    return zlib.compress(json.dumps(value, allow_nan=False).encode())


def unpacked(value: bytes) -> dict[str, Any]:
    """Return what `packed` was given."""
    return dict(json.loads(zlib.decompress(value)))
