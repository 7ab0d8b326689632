"""Score an encode against its reference."""

import os
import time as clock
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from vmaf_tiny._core import Model
from vmaf_tiny.checks import Check
from vmaf_tiny.errors import OptionError
from vmaf_tiny.frames import SourceSpec, VideoInfo
from vmaf_tiny.inputs import EditSpec, Inputs, RawSpec, Scale
from vmaf_tiny.pairing import Pairing, choose, judge
from vmaf_tiny.preflight import damage_warnings
from vmaf_tiny.realign import ALIGNMENTS, Watched, find, read_both
from vmaf_tiny.result import Result
from vmaf_tiny.scorer import PictureScore, Scorer

__all__ = ["PictureScore", "Progress", "Scorer", "score"]

_EVERY = 0.2  # seconds between reports of progress


@dataclass(frozen=True, slots=True)
class Progress:
    """How far scoring is.

    Attributes
    ----------
    done
        Pairs so far.
    total
        Estimate of all pairs; None: unknown.
    fps
        Pairs per second so far.
    eta
        Seconds to go, estimated; None: unknown.
    stage
        ``"scoring"``, or ``"aligning"`` in the pass before it.
    """

    done: int
    total: int | None
    fps: float
    eta: float | None
    stage: str = "scoring"


def score(
    reference: SourceSpec,
    distorted: SourceSpec,
    model: str | os.PathLike[str] | Model = "vmaf_tiny_v2",
    *,
    device: str = "auto",
    ort_library: str | os.PathLike[str] | None = None,
    model_dir: str | os.PathLike[str] | None = None,
    model_threads: int = 0,
    registered_only: bool = False,
    clip: bool = True,
    codec: str | None = None,
    preset: str | None = None,
    crf: float | str | None = None,
    threads: int = 0,
    cpu: str = "best",
    subsample: int = 1,
    mode: str = "exact",
    pairing: str = "auto",
    align: str = "check",
    raw: RawSpec = None,
    edit: EditSpec = None,
    scale: Scale = "reference",
    allow: Collection[str] = (),
    progress: Callable[[Progress], None] | None = None,
    preflight: Callable[[Sequence[Check]], None] | None = None,
) -> Result:
    """Score an encode against its reference.

    Parameters
    ----------
    reference, distorted
        Each a path (``"-"``: standard input) of anything FFmpeg decodes, y4m or raw video; a PyAV
        container or video stream, read from where it is; or PyAV frames or luma planes in order,
        such as a ``(n, height, width)`` array of ``uint8``. Different sizes and depths are made
        equal, see `preflight`.
    model
        Id in the registry, else the path of an .onnx file, else a loaded `Model`, which the
        options about the model then have no effect on and which stays open.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"openvino"`` or ``"rocm"``.
    ort_library
        Path of libonnxruntime; None: ``$VMAF_TINY_ORT_LIB``, else the installed one.
    model_dir
        Folder of the registry; None: ``$VMAF_TINY_MODEL_DIR``, else the package's own.
    model_threads
        Threads of ONNX Runtime; 0: 1.
    registered_only
        Refuse a model that the registry does not have.
    clip
        Clip scores, to 0 to 100 unless the model says otherwise.
    codec, preset, crf
        For a model that is conditioned on the encoder: its name, such as ``"libx264"``, preset and
        CRF; or codec ``"blind"`` for a score without that knowledge. Other models take none.
    threads
        Threads for the features, 0: one per processor; each decoder gets half as many. Scores
        do not depend on it.
    cpu
        Kernels for the features, ``"best"`` or a level's name. Scores do not depend on it.
    subsample
        Score every n-th pair only.
    mode
        ``"exact"``: features equal to libvmaf's; ``"fast"``: VIF of pictures of about 960x540 and
        more from some of their rows, which moves the score of a picture by hundredths.
    pairing
        ``"auto"``, ``"time"`` or ``"index"``, see `pairing.choose`.
    align
        ``"check"``: warn if pictures are not compared with their own, by what they show; ``"fix"``:
        read both videos once before, and pair pictures by what they show if need be; ``"off"``.
    raw
        What raw video is like: one format for standard input and files that end in ``.yuv`` or the
        like, or a pair, for the reference and for the distorted, of which one may be None.
    edit
        What is done to the pictures of each before all else, an `Edit` or None for each.
    scale
        The size of comparison: ``"reference"``, ``"distorted"``, or width and height.
    allow
        Names among `preflight.ALLOWANCES` of what is to be scored although it is likely wrong.
    progress
        Called now and then, and at the end.
    preflight
        Called once with what both videos are like, before they are compared or refused.

    Returns
    -------
    result
        Scores of each pair and of the video, and how they came. Look at its ``warnings``.

    Raises
    ------
    InputError
        A video cannot be read or must not be compared; the message says what to do.
    ModelError
        The model cannot be used.
    OptionError
        An option has a value that is unknown, out of range or not available here.

    Examples
    --------
    >>> import numpy as np
    >>> from vmaf_tiny import score
    >>> pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    >>> result = score(pictures, pictures // 2 + 64)
    >>> result.scores.shape, 0 <= result.score <= 100
    ((3,), True)
    >>> str(result.provenance.pairing)
    'by index: 3 pairs of 3 and 3 pictures'
    """
    if align not in ALIGNMENTS:
        raise OptionError(f"unknown alignment {align!r}: choose one of {', '.join(ALIGNMENTS)}")
    if distorted is None:
        raise OptionError("distorted is None: give the video that is to be scored")
    with ExitStack() as stack:
        inputs = Inputs(
            reference, distorted, raw=raw, edit=edit, scale=scale, allow=allow, threads=threads
        )
        stack.enter_context(inputs)
        if align == "fix":
            inputs.check_twice()
        if not isinstance(model, Model):  # before anything is decoded, as this may fail
            model = stack.enter_context(
                Model(
                    model,
                    model_dir=model_dir,
                    device=device,
                    ort_library=ort_library,
                    threads=model_threads,
                    registered_only=registered_only,
                    clip=clip,
                    codec=codec,
                    preset=preset,
                    crf=crf,
                )
            )
        before, matches = None, None
        if align == "fix":
            with ExitStack() as first:
                one, other = inputs.open(first)
                plan = inputs.plan((one, other))
                kind, _ = choose(pairing, one.info, other.info)
                meter = _Meter(progress, (one.info, other.info), "aligning")
                before, matches = find((one, other), plan, kind, meter.step)
        reference_source, distorted_source = sources = inputs.open(stack)
        infos = reference_source.info, distorted_source.info
        seen = inputs.checks(sources)
        if preflight is not None:
            preflight(seen)
        plan = inputs.plan(sources)
        kind, warnings = choose(pairing, *infos)
        if before and before.right:
            before, matches = None, None
        paired = Pairing(kind if matches is None else "content", *infos, matches)
        scorer = stack.enter_context(
            Scorer(
                plan.width,
                plan.height,
                plan.bits,
                model=model,
                threads=threads,
                cpu=cpu,
                subsample=subsample,
                mode=mode,
            )
        )
        meter = _Meter(progress, infos, "scoring")
        watched = Watched(
            paired,
            *read_both(
                (reference_source, distorted_source),
                (plan.reference, plan.distorted),
                align != "off",
            ),
        )
        for left, right in watched.pairs():
            scorer.add(left.luma, right.luma, time=left.time)
            meter.step()
        alignment = watched.finish() if align != "off" else None
        report = paired.report
        found = judge(report)
        (result,) = scorer.finish()
        meter.report()
        return replace(
            result,
            warnings=(
                *(note for info in infos for note in info.notes),
                *plan.warnings,
                *warnings,
                *found,
                *(alignment.warnings() if alignment else ()),
                *(text for each in sources for text in damage_warnings(each.info, each.damages)),
            ),
            provenance=replace(
                result.provenance,
                reference=str(infos[0]),
                distorted=str(infos[1]),
                pairing=report,
                alignment=alignment,
                before=before,
                conversions=(*inputs.edits, *plan.conversions),
                checks=seen,
                edits=inputs.edits,
            ),
        )


class _Meter:
    """Reports progress now and then."""

    def __init__(
        self,
        progress: Callable[[Progress], None] | None,
        infos: tuple[VideoInfo, VideoInfo],
        stage: str,
    ) -> None:
        self._stage = stage
        counts = [info.frame_count for info in infos if info.frame_count]
        self._total = min(counts, default=None)
        self._progress = progress
        self._begun = self._last = clock.monotonic()
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._progress and clock.monotonic() - self._last >= _EVERY:
            self.report()

    def report(self) -> None:
        if not self._progress:
            return
        self._last = clock.monotonic()
        fps = self._done / max(self._last - self._begun, 1e-9)
        left = None if self._total is None else max(self._total - self._done, 0)
        eta = None if left is None else left / fps
        self._progress(Progress(self._done, self._total, fps, eta, self._stage))
