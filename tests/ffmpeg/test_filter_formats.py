"""Which pixel formats the filter takes as they are."""

import re

import pytest
from launched import texture, worse, write_y4m

# How a format gets its luma from the planar one of its depth never changes the luma.
FORMATS = {
    8: ("nv12", "nv21", "nv24", "yuv410p", "yuv411p", "yuv440p", "yuva420p", "yuva444p"),
    10: ("p010le", "p010be", "yuv420p10be", "gray10be", "yuva422p10le", "yuva444p10be"),
    12: ("yuv422p12be", "yuva444p12le", "gray12be"),
    16: ("p016le", "p016be", "gray16be", "yuva444p16le", "yuva420p16be"),
}
TAKEN = re.compile(
    r"yuv[aj]?4\d\dp\d*(le|be)?|gray\d*(le|be)?|nv\d\d(le|be)?|p[024]1[0246](le|be)?"
)
PACKED = "color=gray:size=64x64:rate=25:duration=0.08,format=rgb24"


def auto_scaled(said):
    """Return what FFmpeg converted on its own: from which format to which."""
    return re.findall(r"auto_scale.*? fmt:(\w+) .*-> .*?fmt:(\w+)", said)


@pytest.mark.parametrize(
    ("bits", "name"), [(bits, name) for bits, names in FORMATS.items() for name in names]
)
def test_luma_is_that_of_the_planar_format(ffmpeg, tmp_path, bits, name):
    reference = texture(3, bits=bits)
    layout = "mono" if "gray" in name else "420"
    files = [
        write_y4m(tmp_path / "distorted.y4m", worse(reference, bits), layout, bits),
        write_y4m(tmp_path / "reference.y4m", reference, layout, bits),
    ]
    planar = ffmpeg.logged(*files, path=tmp_path / "log")
    logged = ffmpeg.logged(
        *files,
        path=tmp_path / "log",
        graph=f"[0]format={name}[d];[1]format={name}[r];[d][r]{{}}",
        before=("-loglevel", "verbose"),
    )
    assert logged.rows == planar.rows
    assert name not in {before for before, _ in auto_scaled(logged.ran.said)}


def formats_of(ffmpeg):
    """Return the names of the formats that FFmpeg can convert to and that must be taken."""
    lines = ffmpeg.run("-pix_fmts").output.decode().splitlines()
    found = []
    for line in lines:
        row = re.match(r"IO\.\.\. (\w+) ", line)
        if row and TAKEN.fullmatch(row[1]):
            found.append(row[1])
    return found


def test_every_planar_and_gray_format_is_taken_as_it_is(ffmpeg):
    names = formats_of(ffmpeg)
    assert len(names) > 70
    chains = "".join(
        f"{PACKED},format={name},split[a{n}][b{n}];"
        f"[a{n}][b{n}]vmaf_tiny,scale=64:64,format=gray[c{n}];"
        for n, name in enumerate(names)
    )
    outputs = "".join(f"[c{n}]" for n in range(len(names)))
    ran = ffmpeg.run(
        "-loglevel",
        "verbose",
        "-filter_complex",
        f"{chains}{outputs}concat=n={len(names)}",
        "-f",
        "null",
        "-",
    )
    assert ran.status == 0, ran.said
    assert len(re.findall("VMAF score: ", ran.said)) == len(names)
    assert sorted(auto_scaled(ran.said)) == sorted(("rgb24", name) for name in names)


def test_alpha_passes_through(ffmpeg):
    graph = "[0]format=yuva444p,split[d][r];[1]nullsink;[d][r]{}"
    source = "testsrc2=size=64x64:rate=25:duration=0.2:alpha=100"
    to = ("-f", "framemd5", "-")
    through = ffmpeg.score(source, source, graph=graph, to=to)
    plain = ffmpeg.score(source, source, graph="[0]format=yuva444p;[1]nullsink", to=to)
    assert through.status == 0, through.said
    assert through.output == plain.output


@pytest.mark.parametrize("name", ["rgb24", "gbrp", "yuyv422", "monow"])
def test_other_formats_are_converted(ffmpeg, name):
    graph = f"[0]format={name}[d];[1]format={name}[r];[d][r]{{}}"
    source = "testsrc2=size=64x64:rate=25:duration=0.2"
    assert ffmpeg.score(source, source, graph=graph).score is not None
