"""vmaf-tiny bench: measure, show a table, write every round."""

import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vmaf_tiny import _core
from vmaf_tiny.bench import (
    Clip,
    EndToEnd,
    Measured,
    Times,
    end_to_end,
    from_files,
    measure,
    one_at_a_time,
    synthetic,
)
from vmaf_tiny.cli.options import BenchOptions, RawShape
from vmaf_tiny.cli.show import plain, show
from vmaf_tiny.containers import RawFormat
from vmaf_tiny.errors import OptionError
from vmaf_tiny.files import check_writable, write_text
from vmaf_tiny.peer import Peer, find_peer, supports
from vmaf_tiny.preflight import LARGEST, SMALLEST
from vmaf_tiny.vmaf_tool import VmafTool, find_tool

Step = Callable[[str], None]


def run(reference: str | None, distorted: str | None, raw: RawShape, options: BenchOptions) -> int:
    """Measure; 0."""
    if (reference is None) != (distorted is None):
        raise OptionError("bench takes two videos or none: give the distorted one as well")
    sizes = [parse_size(text) for text in options.size]
    for bits in options.bits:
        if not 8 <= bits <= 16:
            raise OptionError(f"{bits} bits per sample: use 8 to 16")
    if options.json:
        check_writable(options.json, [path for path in (reference, distorted) if path])
    form = _raw_format(raw, options)
    if form and reference is None:
        raise OptionError("-w and -h are of raw video: give two videos, or --size")
    setups = one_at_a_time(
        options.cpu or _core.cpu_levels()[::-1], options.mode, options.threads, options.renditions
    )
    peer, tool = (None, None) if options.no_peer else (find_peer(), find_tool())
    measured, whole = [], None
    with steps_shown() as step:
        for clip in _clips(reference, distorted, form, sizes, options):
            say = _naming(clip, step)
            measured.append(
                measure(clip, setups, rounds=options.rounds, peer=peer, tool=tool, step=say)
            )
        if peer and reference and distorted and (form is None or supports(form.depth)):
            threads = max(options.threads)
            whole = end_to_end(
                reference,
                distorted,
                peer,
                threads=threads,
                rounds=options.rounds,
                raw=form,
                step=step,
            )
    for one in measured:
        show(table(one))
        show("")
        show(stages_table(one))
        show("")
    if whole:
        show(_told(whole))
    show(_about(peer, tool, options))
    if options.json:
        report = as_json(measured, peer, whole, tool)
        write_text(options.json, json.dumps(report, indent=2) + "\n")
    return 0


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height of what is written as 1920x1080.

    Raises
    ------
    OptionError
        It is not written so, or VMAF is not defined for it.
    """
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if not found:
        raise OptionError(f"size {text!r}: give width and height, such as 1920x1080")
    width, height = int(found[1]), int(found[2])
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        smallest, largest = f"{SMALLEST}x{SMALLEST}", f"{LARGEST}x{LARGEST}"
        raise OptionError(f"size {text}: VMAF is defined from {smallest} to {largest}")
    return width, height


def _raw_format(raw: RawShape, options: BenchOptions) -> RawFormat | None:
    """Return the format of raw videos, whose bits are the benchmark's."""
    form = raw.format(options.bits[0] if options.bits else None)
    if form and len(options.bits) > 1:
        raise OptionError("raw video has one number of bits: give --bits once")
    return form


def _clips(
    reference: str | None,
    distorted: str | None,
    form: RawFormat | None,
    sizes: list[tuple[int, int]],
    options: BenchOptions,
) -> Iterator[Clip]:
    if reference and distorted:
        yield from_files(reference, distorted, options.pictures, form)
        return
    for size in sizes:
        for bits in options.bits or (8, 10):
            yield synthetic(*size, bits, options.pictures)


def _naming(clip: Clip, step: Step) -> Step:
    width, height = clip.size
    return lambda what: step(f"{width}x{height}, {clip.bits} bits: {what}")


@contextmanager
def steps_shown() -> Iterator[Step]:
    """Give what shows on standard error what is being measured, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("opening") as status:
        yield lambda text: status.update(plain(text))


def table(measured: Measured) -> Table:
    """Return the times of one clip as a table."""
    width, height = measured.size
    title = f"{measured.clip}, {width}x{height}, {measured.bits} bits"
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column(plain(title), no_wrap=True)
    for name in ("fps", "ms", "ns/pixel", "x libvmaf", "x one thread"):
        shown.add_column(name, justify="right", no_wrap=True)
    if measured.peer:
        shown.add_row("libvmaf", *_figures(measured.peer, measured.size), "1.00", "")
    for cpu, times in measured.held.items():
        shown.add_row(f"libvmaf held to {cpu}", *_figures(times, measured.size), "1.00", "")
    for setup, times in measured.times.items():
        ratios = (measured.ratio(setup), measured.speedup(setup))
        shown.add_row(
            str(setup),
            *_figures(times, measured.size),
            *(f"{ratio:.2f}" if ratio else "" for ratio in ratios),
        )
    return shown


def stages_table(measured: Measured) -> Table:
    """Return where the time of one clip goes, in milliseconds of the processor a picture."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("ms in each stage", no_wrap=True)
    for stage in _core.STAGES:
        shown.add_column(stage, justify="right", no_wrap=True)
    for setup, stages in measured.stages.items():
        shown.add_row(str(setup), *(f"{median(values):.2f}" for values in stages.values()))
    return shown


def _figures(times: Times, size: tuple[int, int]) -> tuple[str, str, str]:
    return f"{times.fps:.1f}", f"{times.ms:.2f}", f"{times.ns_per_pixel(size):.2f}"


def _told(whole: EndToEnd) -> str:
    return (
        f"from end to end: {whole.wall_ratio:.2f} times as fast as ffmpeg with libvmaf by the"
        f" clock, {whole.cpu_ratio:.2f} by the processor's time\n"
    )


def _about(peer: Peer | None, tool: VmafTool | None, options: BenchOptions) -> str:
    said = [f"{options.pictures} pictures, medians of {options.rounds} rounds; {cpu_name()}"]
    if peer:
        said.append(f"libvmaf {peer.libvmaf} at its best in ffmpeg {peer.ffmpeg}")
    elif not options.no_peer and not tool:
        said.append("nothing to compare with: no ffmpeg with libvmaf was found")
    if tool:
        said.append(f"held to a level, libvmaf {tool.libvmaf} in {tool.path}")
    elif peer:
        said.append("to have it held to each level, name its tool vmaf in $VMAF")
    return "; ".join(said)


def cpu_name() -> str:
    """Return the name of the CPU, as its maker gives it where that can be had."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def as_json(
    measured: list[Measured],
    peer: Peer | None,
    whole: EndToEnd | None = None,
    tool: VmafTool | None = None,
) -> dict[str, Any]:
    """Return every round, and what measured it."""
    return {
        "provenance": provenance(peer, tool),
        "measured": [_measured(one) for one in measured],
        "end_to_end": asdict(whole) if whole else None,
    }


def provenance(peer: Peer | None, tool: VmafTool | None = None) -> dict[str, Any]:
    """Return what measured."""
    return {
        "version": _core.version(),
        "cpu": cpu_name(),
        "processors": os.cpu_count(),
        "levels": _core.cpu_levels(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "peer": asdict(peer) if peer else None,
        "vmaf_tool": asdict(tool) if tool else None,
        "load": list(os.getloadavg()),
        "arguments": sys.argv[1:],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _measured(one: Measured) -> dict[str, Any]:
    about = {"clip": one.clip, "size": one.size, "bits": one.bits, "pictures": one.pictures}
    ours = [
        {"setup": asdict(setup), **_rounds(times), "ns_per_pixel": times.ns_per_pixel(one.size)}
        | {"ratio": one.ratio(setup), "speedup": one.speedup(setup)}
        | {"stage_ms": one.stages[setup]}
        for setup, times in one.times.items()
    ]
    theirs = _rounds(one.peer) if one.peer else None
    held = {cpu: _rounds(times) for cpu, times in one.held.items()}
    return {**about, "libvmaf": theirs, "libvmaf_held": held, "vmaf_tiny": ours}


def _rounds(times: Times) -> dict[str, Any]:
    return {"cpu_ms": times.cpu, "wall_ms": times.wall, "ms": times.ms, "fps": times.fps}
