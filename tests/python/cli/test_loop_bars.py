"""Progress of loops: bars on a terminal of which nothing is left, lines elsewhere."""

import json
import re

import pytest

import clips
from command import run
from vmaf_tiny import examine

COMMANDS = {
    "sweep": ["--crf", "24,36", "--no-store"],
    "ladder": ["--sizes", "144,72", "--crf", "30"],
    "search": ["--target", "80", "--samples", "0", "--probes", "2"],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clip that takes some seconds to encode and score, so that bars are seen."""
    lumas = [clips.noisy(clips.plane(n, 320, 240), seed=n) for n in range(150)]
    return clips.write(tmp_path_factory.mktemp("bars") / "clip.mkv", lumas)


def screen(text):
    """Return what is left on a terminal of 100 columns after all that was written to it."""
    lines, row, column = [""], 0, 0
    pieces = re.findall(r"\x1b\[([?\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)", text)
    for number, command, home, down, written in pieces:
        if home:
            column = 0
        elif down:
            row += 1
            if row == len(lines):
                lines.append("")
        elif written:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + written + line[column + len(written) :]
            column += len(written)
        elif command == "A":
            row = max(row - int(number or 1), 0)
        elif command == "K" and number == "2":
            lines[row] = ""
        elif command not in "mhlK":
            raise AssertionError(f"what is {command}?")
    return [line.rstrip() for line in lines if line.strip()]


def test_the_screen_is_read_right():
    assert screen("one\r\ntwo\r\x1b[2K\x1b[1A\x1b[2Kthree\r\n\x1b[1mx\x1b[0m") == ["three", "x"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_sees_progress_and_what_the_source_is_like_remains(terminal, source, command):
    shown = terminal(command, source, *COMMANDS[command])
    text = shown.read()
    assert shown.process.wait() in (0, 3), text
    assert re.search(r"\d+ (of \d+ )?pictures, [\d.]+ fps", text)
    if command == "sweep":  # each rendition has its own
        for crf in (24, 36):
            assert re.search(rf"libx264 crf {crf} .*━.* fps.*, VMAF [\d.]+", text)
        assert "0 of 2 renditions" in text
    head, *rows = screen(text)
    assert head.split() == ["preflight", "source"]
    assert [row.split(maxsplit=1) for row in rows] == [
        [check.name, check.reference] for check in examine(str(source)).checks
    ]
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_gets_whole_lines_and_no_codes(source, command):
    done = run(command, source, *COMMANDS[command])
    assert done.returncode in (0, 3)
    for text in (done.stdout.decode(), done.stderr.decode()):
        assert "\x1b" not in text and "\r" not in text and "preflight" not in text
    lines = done.stderr.decode().splitlines()
    assert all(re.fullmatch(r"vmaf-tiny: .*\d fps.*", line) for line in lines)


@pytest.mark.parametrize("command", ["sweep", "search"])
def test_events_are_json_on_a_terminal_too(terminal, source, command):
    shown = terminal(command, source, *COMMANDS[command], "--progress", "json")
    text = shown.read()
    assert shown.process.wait() in (0, 3)
    events = [json.loads(line) for line in text.splitlines() if line.strip()]
    assert events and all("event" in event for event in events)


@pytest.mark.parametrize("command", ["sweep", "search"])
def test_quiet_is_quiet_on_a_terminal(terminal, source, command):
    shown = terminal(command, source, *COMMANDS[command], "-q")
    assert shown.read() == ""
    assert shown.process.wait() in (0, 3)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_refused_is_shown_first(terminal, tmp_path, command):
    lumas = [clips.plane(n, 320, 240) for n in range(4)]
    bright = clips.write(tmp_path / "hdr.mkv", lumas, color_trc=16)
    shown = terminal(command, bright, *COMMANDS[command])
    *rows, refusal = screen(shown.read())
    assert shown.process.wait() == 1
    assert "transfer   PQ" in rows and "is HDR" in refusal
