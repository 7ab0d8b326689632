"""Videos to score, a place to work in, and the command."""

import pytest

import clips
from terminals import Terminal
from vmaf_tiny.cli import main


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    """A folder with ten pictures, and with the same coarsely encoded."""
    folder = tmp_path_factory.mktemp("videos")
    clips.write(folder / "ref.mkv", clips.planes(10))
    clips.write(folder / "dis.mp4", clips.planes(10), options={"qp": "48"})
    return folder


@pytest.fixture
def pair(videos):
    return str(videos / "ref.mkv"), str(videos / "dis.mp4")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capfd, place):
    """Run the command here; return its exit status and what it said."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return status, out, err

    return run


@pytest.fixture
def terminal():
    """Start commands at terminals of their own, which are ended after the test."""
    opened = []

    def start(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()
