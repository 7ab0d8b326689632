"""What there is to do on a source: units with their keys, what is stored of them, their files."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vmaf_tiny.encode.lane import remove_unfinished
from vmaf_tiny.encode.rendition import Rendition
from vmaf_tiny.encode.result import RenditionResult
from vmaf_tiny.encode.segment import Segment
from vmaf_tiny.encode.segments import join_files, join_results
from vmaf_tiny.errors import MALFORMED
from vmaf_tiny.frames import SourceSpec
from vmaf_tiny.result import amount
from vmaf_tiny.units.jobs import Job, Scoring, result_of, unit_key
from vmaf_tiny.units.store import Store, packed, unpacked

_PARTS = ".parts"  # folder in that of the encodes, for those of segments


class Plan:
    """Units of renditions, whole or by segments.

    Parameters
    ----------
    source, sha256
        What is encoded, and of its bytes; empty: not known.
    renditions
        What is made.
    scoring
        How it is scored.
    store
        Where results are looked for and kept.
    files
        Where the encode of each rendition is kept; None: it is not.
    segments
        Of the source; without any, it is encoded whole.

    Attributes
    ----------
    values : dict
        What is there, by key.
    """

    def __init__(
        self,
        source: SourceSpec,
        sha256: str,
        renditions: Sequence[Rendition],
        scoring: Scoring,
        store: Store,
        files: Sequence[Path | None],
        segments: Sequence[Segment] = (),
    ) -> None:
        self.source, self.sha256, self.renditions = source, sha256, renditions
        self.path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
        self.scoring, self.files = scoring, files
        self._store = store
        self.segments: Sequence[Segment | None] = segments or [None]
        self._keys: dict[tuple[int, int], str] = {}
        self._abouts: dict[str, dict[str, Any]] = {}
        for r, rendition in enumerate(renditions):
            model = scoring.model_of(rendition).info
            for s, segment in enumerate(self.segments):
                key, about = unit_key(
                    sha256, rendition, scoring, model, segment, kept=files[r] is not None
                )
                self._keys[r, s] = key
                self._abouts[key] = about
        self.values: dict[str, dict[str, Any]] = {}
        for r in range(len(renditions)):
            self._look_up(r)

    def key(self, r: int, s: int) -> str:
        """Return the key of a rendition's segment."""
        return self._keys[r, s]

    def keys(self, r: int) -> list[str]:
        """Return the keys of all segments of a rendition."""
        return [self._keys[r, s] for s in range(len(self.segments))]

    def part(self, r: int, s: int) -> Path | None:
        """Return where the encode of a segment is kept until it is joined."""
        whole = self.files[r]
        if whole is None or self.segments[s] is None:
            return whole
        return whole.parent / _PARTS / f"{self._keys[r, s]}.nut"

    def _look_up(self, r: int) -> None:
        """Find what is stored of a rendition, and still has its file."""
        whole = self.files[r]
        joined = whole is not None and len(self.segments) > 1 and self._is_joined(r, whole)
        for s, key in enumerate(self.keys(r)):
            value = self._store.get(key)
            if value is None or not self._is_sound(key, value):
                continue
            part = self.part(r, s)
            there = part is None or (part.is_file() and part.stat().st_size == value["file_size"])
            if there or joined:
                self.values[key] = value

    def _is_sound(self, key: str, value: dict[str, Any]) -> bool:
        """Return whether a result can be had from a value; one that is damaged is forgotten."""
        try:
            made = result_of(value, self.path, None)
            size = value["file_size"]
            value["file_size"] = None if size is None else int(amount(size))
        except MALFORMED:
            self._store.forget(key)
            return False
        # What progress reads of it, which is not what the result is read from.
        value["result"] |= {"score": made.score, "bytes": made.bytes, "pictures": made.pictures}
        return True

    def joined_key(self, r: int) -> str:
        """Return the key of what is known of the joined file."""
        return "joined " + " ".join(self.keys(r))

    def _is_joined(self, r: int, whole: Path) -> bool:
        value = self._store.get(self.joined_key(r))
        size = value.get("file_size") if value else None
        return size is not None and whole.is_file() and whole.stat().st_size == size

    def add(self, keys: Sequence[str], values: Sequence[bytes]) -> None:
        """Store what was computed."""
        rows = zip(keys, values, strict=True)
        self._store.add((key, self._abouts[key], value) for key, value in rows)
        for key, value in zip(keys, values, strict=True):
            self.values[key] = unpacked(value)

    def missing_renditions(self) -> list[int]:
        """Return numbers of the renditions that are not stored whole."""
        return [
            r
            for r in range(len(self.renditions))
            if any(key not in self.values for key in self.keys(r))
        ]

    def jobs(self, at_once: int) -> list[Job]:
        """Return what is to be done, segment by segment."""
        jobs = []
        for s, segment in enumerate(self.segments):
            missing = [
                r for r in range(len(self.renditions)) if self._keys[r, s] not in self.values
            ]
            for first in range(0, len(missing), at_once):
                batch = missing[first : first + at_once]
                parts = [self.part(r, s) for r in batch]
                files = tuple(part for part in parts if part is not None)
                for file in files:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    remove_unfinished(file)
                jobs.append(
                    Job(
                        self.source,
                        self.sha256,
                        tuple(self.renditions[r] for r in batch),
                        tuple(self._keys[r, s] for r in batch),
                        self.scoring,
                        segment,
                        files,
                    )
                )
        return jobs

    def part_of(self, r: int, s: int) -> RenditionResult | None:
        """Return the result of a segment of a rendition, if it is there."""
        value = self.values.get(self._keys[r, s])
        return None if value is None else result_of(value, self.path, None)

    def result(self, r: int) -> RenditionResult | None:
        """Return the result of a rendition once all of it is there."""
        values = [self.values.get(key) for key in self.keys(r)]
        if any(value is None for value in values):
            return None
        whole = self.files[r]
        parts = [result_of(value, self.path, whole) for value in values if value]
        if len(parts) == 1:
            return parts[0]
        if whole is not None and not self._is_joined(r, whole):
            files = [part for s in range(len(parts)) if (part := self.part(r, s))]
            join_files(files, [part.duration for part in parts], whole)
            size = whole.stat().st_size
            about = {"joined": self.keys(r)}
            self._store.add([(self.joined_key(r), about, packed({"file_size": size}))])
            for file in files:
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (whole.parent / _PARTS).rmdir()
        return join_results(parts, whole)
