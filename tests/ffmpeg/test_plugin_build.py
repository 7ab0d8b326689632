"""How a plug-in comes about: what is read from the machine, what is written into a tree."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from launched import ROOT

sys.path.insert(0, str(ROOT / "filter" / "ffmpeg"))

import build
import installed
import plugin
import source
import tree
import wheel
import whole
from report import Fault, Log

BOOKWORM = """\
ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers
built with gcc 12 (Debian 12.2.0-14+deb12u1)
configuration: --prefix=/usr --toolchain=hardened --enable-gpl --enable-libx264 --enable-shared
libavutil      57. 28.100 / 57. 28.100
libavfilter     8. 44.100 /  8. 44.100
libpostproc    56.  6.100 / 56.  6.100
"""
LDD = """\
    linux-vdso.so.1 (0x00007ffd2f5f2000)
    libavfilter.so.8 => /lib/x86_64-linux-gnu/libavfilter.so.8 (0x00007f9b1a400000)
    libavutil.so.57 => /lib/x86_64-linux-gnu/libavutil.so.57 (0x00007f9b1880f000)
    libswscale.so.6 => /lib/x86_64-linux-gnu/libswscale.so.6 (0x00007f9b1b04a000)
    libpostproc.so.56 => /lib/x86_64-linux-gnu/libpostproc.so.56 (0x00007f9b1b11a000)
    libavc1394.so.0 => /lib/x86_64-linux-gnu/libavc1394.so.0 (0x00007f9b18600000)
"""


# ------------------------------------------------------------------------------ the machine


@pytest.mark.parametrize(
    ("line", "version", "release"),
    [
        (BOOKWORM, "5.1.9-0+deb12u1", "5.1.9"),
        ("ffmpeg version 6.1.1-3ubuntu5 Copyright", "6.1.1-3ubuntu5", "6.1.1"),
        ("ffmpeg version n8.1.2 Copyright", "n8.1.2", "8.1.2"),
        ("ffmpeg version 9.0 Copyright", "9.0", "9.0"),
        ("ffmpeg version 7.0.2-static https://x Copyright", "7.0.2-static", "7.0.2"),
    ],
)
def test_a_release_is_read(line, version, release):
    assert installed.parse_version(line) == (version, release)


@pytest.mark.parametrize(
    "line", ["ffmpeg version N-118447-g4d33b9d Copyright", "ffmpeg version git-2026-01-01", "oops"]
)
def test_a_snapshot_is_refused(line):
    with pytest.raises(Fault, match="--ffmpeg"):
        installed.parse_version(line)


def test_versions_and_configuration_are_read():
    assert installed.parse_library_version(BOOKWORM, "libavfilter") == "8.44.100"
    assert installed.parse_configuration(BOOKWORM) == ("--enable-gpl", "--toolchain=hardened")
    with pytest.raises(Fault):
        installed.parse_library_version("libavutil 57. 28.100", "libavfilter")


def test_only_ffmpegs_own_libraries_are_taken():
    libraries = installed.parse_libraries(LDD)
    assert set(libraries) == {
        "libavfilter.so.8", "libavutil.so.57", "libswscale.so.6", "libpostproc.so.56"
    }  # fmt: skip
    assert libraries["libavutil.so.57"] == Path("/lib/x86_64-linux-gnu/libavutil.so.57")


def program(folder: Path, text: str) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def program_without_libraries(folder: Path) -> str:
    return program(folder, f"cat <<'E'\n{BOOKWORM}\nE")


def test_no_ffmpeg_says_what_to_install(tmp_path):
    with pytest.raises(Fault, match="apt-get install ffmpeg"):
        installed.find_installed(str(tmp_path / "ffmpeg"))


def test_an_ffmpeg_without_libraries_is_refused(tmp_path):
    with pytest.raises(Fault, match=r"static.*make ffmpeg"):
        installed.find_installed(program_without_libraries(tmp_path))


# ------------------------------------------------------------------------------- the source


def test_one_line_sources_become_sources_of_sources():
    text = (
        "# deb http://old main\n"
        "deb http://deb.debian.org/debian bookworm main contrib\n"
        "deb-src http://deb.debian.org/debian bookworm main contrib\n"
        "  deb [signed-by=/k.gpg arch=amd64] https://x stable main\n"
        "\n"
    )
    assert source.source_lines(text) == (
        "deb-src http://deb.debian.org/debian bookworm main contrib\n"
        "deb-src [signed-by=/k.gpg arch=amd64] https://x stable main\n"
    )


def test_deb822_sources_become_sources_of_sources():
    text = (
        "# comment\nTypes: deb\nURIs: http://archive/ubuntu\nSuites: noble noble-updates\n"
        "Components: main universe\nSigned-By:\n -----BEGIN PGP\n .\n mQ\n"
        "\n"
        "Types: deb\nEnabled: no\nURIs: http://off\nSuites: x\nComponents: y\n"
        " \n"
        "types: deb deb-src\nURIs: http://security\nSuites: s\nComponents: main\n"
    )
    assert source.source_stanzas(text) == (
        "Types: deb-src\nURIs: http://archive/ubuntu\nSuites: noble noble-updates\n"
        "Components: main universe\nSigned-By:\n -----BEGIN PGP\n .\n mQ\n"
        "\n"
        "Types: deb-src\nURIs: http://security\nSuites: s\nComponents: main\n"
    )
    assert source.source_stanzas("") == ""


def test_the_systems_sources_are_only_read(tmp_path):
    etc, out = tmp_path / "etc", tmp_path / "out"
    (etc / "sources.list.d").mkdir(parents=True)
    out.mkdir()
    (etc / "sources.list").write_text("deb http://a b c\n")
    (etc / "sources.list.d" / "more.list").write_text("deb http://d e f\n")
    (etc / "sources.list.d" / "x.sources").write_text("Types: deb\nURIs: http://g\n")
    source.write_private_sources(etc, out)
    assert (out / "system.list").read_text() == "deb-src http://a b c\ndeb-src http://d e f\n"
    assert (out / "system.sources").read_text() == "Types: deb-src\nURIs: http://g\n"
    assert (etc / "sources.list").read_text() == "deb http://a b c\n"


def test_pins_are_sha256():
    assert len(source.pinned_sha256("5.1.9")) == len(hashlib.sha256().hexdigest())
    assert source.pinned_sha256("0.0.1") is None


def test_a_tarball_that_is_not_the_pinned_one_is_refused(tmp_path):
    tarball = tmp_path / "ffmpeg-5.1.9.tar.xz"
    tarball.write_bytes(b"something else")
    with pytest.raises(Fault, match=r"not the tarball of FFmpeg 5\.1\.9"):
        source.get_tarball("5.1.9", tmp_path / "cache", tarball)
    with pytest.raises(Fault, match="remove it"):
        source.get_tarball("5.1.9", tmp_path, None)
    assert source.get_tarball("0.0.1", tmp_path, tarball)[0] == tarball
    with pytest.raises(Fault, match="is not there"):
        source.get_tarball("5.1.9", tmp_path, tmp_path / "missing")


def test_a_source_that_cannot_be_had_names_a_whole_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_from_distribution", lambda *_: None)
    with pytest.raises(source.Unreachable, match=r"0\.0\.1 cannot be had.*make ffmpeg"):
        source.get_tarball("0.0.1", tmp_path, None)


# --------------------------------------------------------------------------------- the tree


def small_tree(folder: Path, kind: str = "AVFilter") -> Path:
    avfilter = folder / "libavfilter"
    avfilter.mkdir(parents=True)
    (avfilter / "allfilters.c").write_text(
        f"extern const {kind} ff_vf_vif;\nextern const {kind} ff_vf_vmafmotion;\n"
    )
    (avfilter / "Makefile").write_text(
        "OBJS-$(CONFIG_VMAFMOTION_FILTER)   += vf_vmafmotion.o framesync.o\n"
    )
    (avfilter / "version_major.h").write_text("#define LIBAVFILTER_VERSION_MAJOR   8\n")
    (avfilter / "version.h").write_text(
        "#define LIBAVFILTER_VERSION_MINOR  44\n#define LIBAVFILTER_VERSION_MICRO 100\n"
    )
    return folder


@pytest.mark.parametrize("kind", ["AVFilter", "FFFilter"])
def test_the_filter_is_added_once(tmp_path, kind):
    added = small_tree(tmp_path, kind)
    tree.add_filter(added)
    contents = {path: path.read_text() for path in (added / "libavfilter").iterdir()}
    times = {path: path.stat().st_mtime_ns for path in contents}
    tree.add_filter(added)
    assert {path: path.stat().st_mtime_ns for path in contents} == times
    assert contents[added / "libavfilter/allfilters.c"].splitlines()[1] == (
        f"extern const {kind} ff_vf_vmaf_tiny;"
    )
    assert contents[added / "libavfilter/Makefile"].splitlines()[0] == (
        "OBJS-$(CONFIG_VMAF_TINY_FILTER)   += vf_vmaf_tiny.o vmaf_tiny_check.o "
        "vmaf_tiny_formats.o vmaf_tiny_held.o vmaf_tiny_result.o framesync.o"
    )
    filters = {path.name for path in (ROOT / "filter" / "ffmpeg").glob("*.[ch]")}
    assert filters == set(tree.SOURCES)
    assert filters < {path.name for path in contents}


def test_an_older_filter_is_replaced(tmp_path):
    older = small_tree(tmp_path)
    tree.add_filter(older)
    makefile = older / "libavfilter/Makefile"
    new = makefile.read_text()
    makefile.write_text(new.replace(" vmaf_tiny_result.o", ""))
    tree.add_filter(older)
    assert makefile.read_text() == new


@pytest.mark.parametrize("text", ["", "extern const AVFilter ff_vf_vmafmotion;\n" * 2])
def test_a_tree_without_its_anchor_is_refused_untouched(tmp_path, text):
    broken = small_tree(tmp_path)
    (broken / "libavfilter/allfilters.c").write_text(text)
    makefile = (broken / "libavfilter/Makefile").read_text()
    with pytest.raises(Fault, match=r"allfilters\.c"):
        tree.add_filter(broken)
    assert (broken / "libavfilter/Makefile").read_text() == makefile


def test_another_folder_is_no_tree(tmp_path):
    with pytest.raises(Fault, match="no source tree"):
        tree.add_filter(tmp_path)
    with pytest.raises(Fault, match="no source tree"):
        tree.avfilter_version(tmp_path)


def test_the_version_of_a_tree_is_read(tmp_path):
    assert tree.avfilter_version(small_tree(tmp_path)) == "8.44.100"


def tarball_of(path: Path, folders: list[str]) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for folder in folders:
            info = tarfile.TarInfo(f"{folder}/RELEASE")
            info.size = 3
            archive.addfile(info, io.BytesIO(b"1.0"))
    return path


def test_a_tarball_is_unpacked_as_a_tree(tmp_path):
    out = tmp_path / "out" / "tree"
    tree.unpack(tarball_of(tmp_path / "t.tar.xz", ["ffmpeg-1.0"]), out)
    assert (out / "RELEASE").read_text() == "1.0"
    assert list(out.parent.iterdir()) == [out]


def test_a_broken_tarball_leaves_nothing(tmp_path):
    broken = tarball_of(tmp_path / "t.tar.xz", ["ffmpeg-1.0"])
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    with pytest.raises(Fault, match="cannot be unpacked"):
        tree.unpack(broken, tmp_path / "out" / "tree")
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(Fault, match="2 folders"):
        tree.unpack(tarball_of(tmp_path / "two.tar.xz", ["a", "b"]), tmp_path / "out" / "tree")


# -------------------------------------------------------------------------------- the build


def an_ffmpeg(**changes) -> installed.Installed:
    values = {
        "path": Path("/usr/bin/ffmpeg"),
        "version": "5.1.9-0+deb12u1",
        "release": "5.1.9",
        "avfilter": "8.44.100",
        "configuration": ("--enable-gpl",),
        "libraries": installed.parse_libraries(LDD),
    }
    return installed.Installed(**{**values, **changes})


def test_what_libavfilter_is_configured_with():
    options = plugin.configure_options(an_ffmpeg(), lean=False, assembler=True)
    assert "--enable-gpl" in options
    assert "--enable-filters" in options
    assert not {"--disable-x86asm", "--disable-postproc"} & set(options)
    libraries = {k: v for k, v in an_ffmpeg().libraries.items() if "postproc" not in k}
    less = plugin.configure_options(an_ffmpeg(libraries=libraries), lean=True, assembler=False)
    assert {"--disable-x86asm", "--disable-postproc"} < set(less)
    chosen = [option for option in less if option.startswith("--enable-filter=")]
    assert "vmaf_tiny,vstack,yadif" in chosen[0]


def test_the_core_is_found_built_or_installed(tmp_path):
    for place in ("filter", "lib/x86_64-linux-gnu", "lib"):
        archive = tmp_path / place.replace("/", "-") / place / "libvmaf_tiny.a"
        archive.parent.mkdir(parents=True)
        archive.write_bytes(b"!<arch>\n")
        core = plugin.find_core(tmp_path / place.replace("/", "-"))
        assert core == plugin.Core(archive, ROOT / "filter" / "vmaf_tiny.h")
    archive.write_bytes(b"!<thin>\n")
    with pytest.raises(Fault, match="thin"):
        plugin.find_core(tmp_path / "lib")
    with pytest.raises(Fault, match="--core"):
        plugin.find_core(tmp_path)


def test_missing_tools_are_named_together(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(Fault, match="apt-get install make gcc libc6-dev"):
        plugin.check_tools()


def test_a_failing_command_shows_the_end_of_its_log(tmp_path, capsys):
    log = Log(tmp_path / "deep" / "log")
    assert log.run(["sh", "-c", "echo fine"], tmp_path)
    assert not log.run(["sh", "-c", "echo broken >&2; exit 3"], tmp_path)
    fault = log.fault("the build failed")
    assert "broken" in capsys.readouterr().err
    assert str(log.path) in str(fault)


def test_an_error_is_one_line_and_status_1(tmp_path, capsys):
    status = build.main(["--core", str(tmp_path)])
    said = capsys.readouterr().err
    assert status == 1
    assert said.startswith("build.py: there is no libvmaf_tiny.a")
    assert said.count("\n") == 1


def test_wrong_usage_is_status_2():
    command = [sys.executable, ROOT / "filter" / "ffmpeg" / "build.py", "--colour"]
    assert subprocess.run(command, capture_output=True).returncode == 2


# -------------------------------------------------------------------------- a whole ffmpeg


@pytest.mark.parametrize(
    ("asked", "release"),
    [("5.1", "5.1.9"), ("9", "9.0.2"), ("8.1.2", "8.1.2"), ("newest", "9.0.2")],
)
def test_a_release_may_be_named_in_short(asked, release):
    assert whole.known_releases(asked)[0] == release


def test_the_newest_is_the_newest_that_can_be_had(tmp_path, monkeypatch):
    def get(release, cache, given):
        if release in there:
            return Path(release), "sha256"
        raise source.Unreachable(release)

    monkeypatch.setattr(whole, "get_tarball", get)
    there = ["8.1.2", "5.1.9"]
    assert whole.newest_tarball("newest", tmp_path, None) == ("8.1.2", Path("8.1.2"), "sha256")
    there = []
    with pytest.raises(source.Unreachable, match=r"5\.1\.9"):
        whole.newest_tarball("newest", tmp_path, None)


@pytest.mark.parametrize("asked", ["4.4", "9.0.99", "5.10", "/missing/tree"])
def test_an_unknown_release_is_refused(asked):
    with pytest.raises(Fault, match=r"choose one of 5\.1\.9"):
        whole.known_releases(asked)


def test_what_a_whole_ffmpeg_is_configured_with():
    def options(libraries=(), **changes):
        wanted = whole.Wanted("9.0", **changes)
        return set(whole.whole_options(wanted, Path("/p"), list(libraries), assembler=True))

    assert {"--disable-autodetect", "--disable-everything"} < options()
    assert "--disable-everything" not in options(extent="full")
    assert {"--enable-shared", "--prefix=/p"} < options(shared=True)
    # what is compiled serves every prefix
    assert "--prefix=/p" not in options()
    assert "--toolchain=gcc-asan" in options(sanitize=True)
    assert {"--enable-libdav1d", "--enable-decoder=libdav1d"} < options(["dav1d"])
    assert {"--enable-gpl", "--enable-libx264", "--enable-encoder=libx264"} < options(["x264"])
    assert not {"--enable-gpl", "--enable-encoder=libx264"} & options(["dav1d"])
    assert "--enable-encoder=libx264" not in options(["x264"], extent="full")


def test_the_least_ffmpeg_needs_no_libraries(monkeypatch):
    monkeypatch.setenv("CC", "a compiler")
    options = whole.machine_options(whole.Wanted("9.0", "least"), Path("/p"))
    assert "--cc=a compiler" in options
    assert {"--disable-x86asm", "--disable-inline-asm"} < set(options)
    assert not [option for option in options if "--enable-lib" in option or "zlib" in option]


def test_a_tree_that_was_configured_in_place_is_refused(tmp_path):
    (small_tree(tmp_path) / "config.h").touch()
    wanted = whole.Wanted(str(tmp_path))
    core = plugin.Core(tmp_path, tmp_path)
    rest = {"models": tmp_path, "onnxruntime": None, "tarball": None, "jobs": 1}
    with pytest.raises(Fault, match="make distclean"):
        whole.make_whole(wanted, core, None, tmp_path / "cache", **rest)


def test_a_script_adds_the_filter_to_a_tree(tmp_path):
    core = tmp_path / "core" / "lib" / "libvmaf_tiny.a"
    core.parent.mkdir(parents=True)
    core.write_bytes(b"!<arch>\n")
    script = [sys.executable, ROOT / "filter" / "ffmpeg" / "add-filter", "--core", core.parents[1]]
    added = small_tree(tmp_path / "tree")
    ran = subprocess.run([*script, added], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert f"--extra-libs='{core} -lm" in ran.stdout
    assert "ff_vf_vmaf_tiny" in (added / "libavfilter/allfilters.c").read_text()
    ran = subprocess.run([*script, tmp_path], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "no source tree" in ran.stderr


# ------------------------------------------------------------------------------ PyAV's wheel


def test_a_pyav_without_its_own_ffmpeg_is_refused(tmp_path, monkeypatch):
    (tmp_path / "av").mkdir()
    (tmp_path / "av" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "av", raising=False)
    with pytest.raises(Fault, match="make ffmpeg SHARED=1"):
        wheel.find_wheel()


def test_the_plugin_for_pyav_is_described():
    names = ("libavutil-5.so.60.2", "libavcodec-0.so.62.9", "libavfilter-9.so.11.14.102")
    libraries = {
        f"{n.split('-')[0]}.so.{n.split('.so.')[1].split('.')[0]}": Path("/w") / n for n in names
    }
    found = an_ffmpeg(version="18.1.0", avfilter="11.14.102", libraries=libraries)
    assert wheel.library_name(found) == "libavfilter-9.so.11.14.102"
    assert json.loads(wheel.settings(found, None)) == {
        "av": "18.1.0",
        "release": "5.1.9",
        "libraries": list(names),
        "onnxruntime": "",
    }


def test_later_releases_are_not_asked_to_leave_out_what_they_lack():
    options = plugin.configure_options(
        an_ffmpeg(release="8.1.2", libraries={}), lean=True, assembler=True
    )
    assert "--disable-postproc" not in options


def test_where_no_plugin_can_be_made_a_whole_ffmpeg_is(tmp_path, monkeypatch, capsys):
    program = tmp_path / "out" / "bin" / "ffmpeg"
    program.parent.mkdir(parents=True)
    asked = []

    def make_whole(wanted, *_, **__):
        asked.append(wanted)
        return program

    monkeypatch.setattr(build, "make_whole", make_whole)
    monkeypatch.setattr(build, "find_core", lambda folder: plugin.Core(folder, folder))
    static = program_without_libraries(tmp_path)
    assert build.main(["--ffmpeg", static]) == 1
    assert not asked
    assert build.main(["--ffmpeg", static, "--or-whole"]) == 0
    assert asked == [whole.Wanted("newest")]
    assert (tmp_path / "out" / "vmaf-tiny-ffmpeg").resolve() == program
    assert "static" in capsys.readouterr().out
