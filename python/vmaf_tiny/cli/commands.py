"""The commands and their help."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.types import NonNegativeInt, PositiveFloat

from vmaf_tiny._core import version
from vmaf_tiny.cli.edits import EditOptions, SourceEditOptions
from vmaf_tiny.cli.encoding import (
    BatchOptions,
    EncoderOptions,
    LadderOptions,
    LoopOptions,
    SearchOptions,
)
from vmaf_tiny.cli.options import (
    FLAG,
    OUTPUT,
    PATH,
    PATHS,
    VIDEO,
    BenchOptions,
    LoopModelOptions,
    ModelOptions,
    OutputOptions,
    PairOptions,
    RawOptions,
    RawShape,
    SweepOptions,
    WorkOptions,
)

HELP = """\
VMAF scores of encodes by a tiny model.

`vmaf-tiny REF DIS` is short for `vmaf-tiny score REF DIS`.

Limits: the model fuses six extracted features, it does not look at pixels; it has learned SDR
video only; and it cannot be better than its teacher, libvmaf's vmaf_v0.6.1.
"""

app = App(
    name="vmaf-tiny",
    help=HELP,
    help_flags=["--help"],  # -h is the height, as in libvmaf's command
    version=version,
)
app.register_install_completion_command()


@app.command
@app.default
def score(
    reference: Annotated[str, PATH, Parameter(alias="-r", group=VIDEO)],
    distorted: Annotated[str, PATH, Parameter(alias="-d", group=VIDEO)],
    *,
    pair: PairOptions = PairOptions(),
    edit: EditOptions = EditOptions(),
    raw: RawOptions = RawOptions(),
    model: ModelOptions = ModelOptions(),
    work: WorkOptions = WorkOptions(),
    output: OutputOptions = OutputOptions(),
) -> int:
    """Score an encode against its reference.

    Parameters
    ----------
    reference
        The original: any file that FFmpeg decodes, .y4m, raw .yuv, or - for standard input.
    distorted
        The encode.
    """
    from vmaf_tiny.cli.score import run

    return run(reference, distorted, pair, edit, raw, model, work, output)


@app.command
def preflight(
    reference: Annotated[str, PATH, Parameter(alias="-r", group=VIDEO)],
    distorted: Annotated[str | None, PATH, Parameter(alias="-d", group=VIDEO)] = None,
    *,
    pair: PairOptions = PairOptions(),
    edit: EditOptions = EditOptions(),
    raw: RawOptions = RawOptions(),
    json: Annotated[bool, FLAG] = False,
) -> int:
    """Say what two videos are like and whether they can be compared; exit status 1 if not.

    It has the options of `score` about videos, but does not look at what pairs show.

    Parameters
    ----------
    reference
        The original, or the source of encodes to come.
    distorted
        The encode.
    json
        For machines.
    """
    from vmaf_tiny.cli.preflight import run

    return run(reference, distorted, pair, edit, raw, json)


@app.command
def search(
    source: Annotated[str, PATH, Parameter(group=VIDEO)],
    *,
    options: SearchOptions,
    encoder: EncoderOptions = EncoderOptions(),
    work: LoopOptions = LoopOptions(),
    edit: SourceEditOptions = SourceEditOptions(),
    raw: RawOptions = RawOptions(),
    model: LoopModelOptions = LoopModelOptions(),
) -> int:
    """Find the CRF that gives a source a score, in few encodes, and verify it.

    `vmaf-tiny search SRC --target 93 --encoder libsvtav1 --preset 8`

    The first encode is of the whole source; by its features, samples are chosen for the next ones;
    the answer is encoded as a whole, and how far the samples were off is told. Exit status 3 and a
    reason if what was asked for was not found: best_effort, unreachable or non_monotone. What was
    computed is kept: the same command goes on where one was killed.

    Parameters
    ----------
    source
        The original: any file that FFmpeg decodes, .y4m or raw .yuv.
    """
    from vmaf_tiny.cli.search import run

    return run(source, options, encoder, work, edit, raw, model)


@app.command
def ladder(
    source: Annotated[str, PATH, Parameter(group=VIDEO)],
    *,
    options: LadderOptions = LadderOptions(),
    encoder: EncoderOptions = EncoderOptions(),
    work: BatchOptions = BatchOptions(),
    edit: SourceEditOptions = SourceEditOptions(),
    raw: RawOptions = RawOptions(),
    model: LoopModelOptions = LoopModelOptions(),
) -> int:
    """Encode a source at several sizes, compare all at one, and suggest the rungs of a ladder.

    `vmaf-tiny ladder SRC --sizes 1080,720,540,360 --scores 95,85,70 -o ladder.json -o ladder.m3u8`

    Rungs come from the convex hull of all encodes, which differs from title to title. What was
    computed is kept: the same command goes on where one was killed.

    Parameters
    ----------
    source
        The original: any file that FFmpeg decodes, .y4m or raw .yuv; all encodes are scaled back
        to its size and compared there.
    """
    from vmaf_tiny.cli.ladder import run

    return run(source, options, encoder, work, edit, raw, model)


@app.command
def sweep(
    source: Annotated[str, PATH, Parameter(group=VIDEO)],
    *,
    options: SweepOptions = SweepOptions(),
    work: BatchOptions = BatchOptions(),
    edit: SourceEditOptions = SourceEditOptions(),
    raw: RawOptions = RawOptions(),
    model: LoopModelOptions = LoopModelOptions(),
    output: Annotated[tuple[str, ...], PATHS, Parameter(alias="-o", group=OUTPUT)] = (),
) -> int:
    """Encode a source in many ways, in memory, and score every encode.

    `vmaf-tiny sweep SRC --encoder libx264 --crf 18:40:2 --preset medium,slow -o results.json`

    What was computed is kept: the same command goes on where one was killed. Curves (of more than
    one encoder, preset or size) are compared by BD-rate.

    Parameters
    ----------
    source
        The original: any file that FFmpeg decodes, .y4m or raw .yuv.
    output
        Files to write: .json has everything, .parquet and .frames.csv a row for each picture, .csv
        one for each rendition; - is JSON on standard output. Give it once for each.
    """
    from vmaf_tiny.cli.sweep import run

    return run(source, options, work, edit, raw, model, output)


@app.command
def rescore(
    features: Annotated[tuple[str, ...], PATHS],
    *,
    model: ModelOptions = ModelOptions(),
    output: Annotated[str | None, PATH, Parameter(alias="-o")] = None,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False,
) -> int:
    """Score features again by another model, without any video.

    Parameters
    ----------
    features
        Tables (.parquet) that `-o` of other commands wrote, exact to the last bit, or logs of
        vmaf-tiny or libvmaf (.json, .csv), rounded to six decimals.
    output
        File to write the features with the new scores to, its ending tells the format: .parquet
        for any number of encodes, .json, .xml, .csv or .sub for one.
    quiet
        Only the scores, one a line.
    """
    from vmaf_tiny.cli.rescore import run

    return run(features, model, output, quiet)


@app.command
def report(
    results: Annotated[tuple[str, ...], PATHS],
    *,
    output: Annotated[str, PATH, Parameter(alias="-o")] = "report.html",
    title: str = "",
    pictures: NonNegativeInt = 3,
    window: PositiveFloat = 1.0,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False,
) -> int:
    """Show results as one page: curves, scores over time, a table, the worst pictures.

    The page needs no network and no other file.

    Parameters
    ----------
    results
        What `-o` of the other commands wrote, of one source or more: .json, .parquet, or a log as
        .csv. Ladders and searches are shown as such from .json; several ladders are compared.
    output
        The page; - is standard output.
    title
        Of the page; without it the names of the sources.
    pictures
        Worst windows that are marked and shown by a picture, of each encode whose videos are
        still there; of a ladder only of its rungs.
    window
        Seconds of a window.
    quiet
        Print nothing.
    """
    from vmaf_tiny.cli.report import run

    return run(results, output, title, pictures, window, quiet)


@app.command
def pictures(
    reference: Annotated[str, PATH, Parameter(alias="-r", group=VIDEO)],
    distorted: Annotated[str | None, PATH, Parameter(alias="-d", group=VIDEO)] = None,
    *,
    raw: RawOptions = RawOptions(),
    model: ModelOptions = ModelOptions(),
    json: Annotated[bool, FLAG] = False,
    quiet: Annotated[bool, FLAG, Parameter(alias="-q")] = False,
) -> int:
    """Run a model that looks at pictures, such as mobilesal_placeholder_v0.

    Parameters
    ----------
    reference
        The video, or the original of the distorted one.
    distorted
        The encode, for a model that takes two pictures.
    json
        For machines, with the value of every picture.
    quiet
        Only the mean.
    """
    from vmaf_tiny.cli.pictures import run

    return run(reference, distorted, raw, model, json, quiet)


@app.command
def models(
    *,
    model_dir: Annotated[str | None, PATH] = None,
    json: Annotated[bool, FLAG] = False,
) -> int:
    """List the models that can be asked for by id.

    Parameters
    ----------
    model_dir
        Folder of the registry.json to list, instead of the package's own.
    json
        For machines.
    """
    from vmaf_tiny.cli.models import run

    return run(model_dir, json)


@app.command
def doctor(*, model: ModelOptions = ModelOptions()) -> int:
    """Say what is installed, whether scoring works, and what to do if not."""
    from vmaf_tiny.cli.doctor import run

    return run(model)


@app.command
def bench(
    reference: Annotated[str | None, PATH] = None,
    distorted: Annotated[str | None, PATH] = None,
    *,
    raw: RawShape = RawShape(),
    options: BenchOptions = BenchOptions(),
) -> int:
    """Measure how fast this machine computes features, and libvmaf if an ffmpeg has it.

    One thing is varied at a time, against the first CPU level, mode, number of threads and number
    of renditions. Medians of rounds in which all take turns: by the processor's time for one
    thread, by the clock for more.

    Parameters
    ----------
    reference, distorted
        Measure with the first pictures of these instead of synthetic ones, and from end to end.
    """
    from vmaf_tiny.cli.bench import run

    return run(reference, distorted, raw, options)
