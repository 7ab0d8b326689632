"""Find the highest CRF that is good enough, in few probes, without believing in a perfect curve.

Nothing here encodes: a probe is a function. Scores usually fall as CRF rises, almost evenly on
the scale of log(s / (100 - s)); so a monotone curve through the probes on that scale says where to
look next. What is believed in the end is measured: a bracket of one CRF that is good enough and
one step above that is not.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Outcome: TypeAlias = Literal["met", "best_effort", "unreachable", "non_monotone"]

PROBES = 5
"""Encodes at most, of samples or of the whole."""

_SLOPE = -0.19  # of the curve on its scale, per step of a CRF of 0 to 51: where nothing is known
_LEAST = 0.05  # points that count as a rise, not as noise
_CEILING = 99.9  # above, clipping hides where a score would be


@dataclass(frozen=True)
class Probe:
    """A CRF that was tried.

    Attributes
    ----------
    crf
        What was tried.
    score
        Measured on the whole, or estimated from samples.
    low, high
        Where the score of the whole lies at 95 % confidence; both are the score if it was measured.
    whole
        Whether the whole was encoded.
    bitrate
        Bits per second of the whole: measured, or estimated from how much larger or smaller samples
        are than at the first CRF.
    seconds
        Time that the probe took.
    stopped
        Whether it ended early, as its confidence interval had left the target.
    """

    crf: float
    score: float
    low: float
    high: float
    whole: bool
    bitrate: float = math.nan
    seconds: float = 0.0
    stopped: bool = False


class Prober(Protocol):
    """Encodes at a CRF and says how good that is."""

    def __call__(self, crf: float, *, whole: bool) -> Probe:
        """Return what was found; it may be of the whole though samples were asked for."""


@dataclass(frozen=True)
class Goal:
    """What is looked for.

    Attributes
    ----------
    target
        The score to reach.
    tolerance
        Points below the target that are still good enough. Of a CRF as near to the target as that,
        above or below, the neighbour is not tried.
    low, high, step
        The CRFs to choose from.
    probes
        Encodes at most.
    """

    target: float
    tolerance: float
    low: float
    high: float
    step: float = 1.0
    probes: int = PROBES

    @property
    def enough(self) -> float:
        """The lowest score that is good enough."""
        return self.target - self.tolerance

    def near(self, score: float) -> bool:
        """Return whether a score is as good as the target itself."""
        return abs(score - self.target) <= self.tolerance

    def at(self, crf: float) -> float:
        """Return the nearest CRF to choose from."""
        steps = round((crf - self.low) / self.step)
        return self.low + self.step * min(max(steps, 0), self.last)

    @property
    def last(self) -> int:
        """Number of the highest CRF, the lowest being 0."""
        return math.floor((self.high - self.low) / self.step + 1e-9)


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes
    ----------
    outcome
        ``"met"``: the highest CRF that is good enough, or one within the tolerance.
        ``"best_effort"``: the best that was found with the probes there were.
        ``"unreachable"``: the lowest CRF is not good enough either.
        ``"non_monotone"``: a higher CRF scored better than a lower one, so what was not tried may
        be good enough too.
    reason
        The same for people.
    crf
        The answer.
    probes
        All that was tried, in order.
    """

    outcome: Outcome
    reason: str
    crf: float
    probes: tuple[Probe, ...]

    @property
    def verified(self) -> Probe:
        """The whole encode at the answer."""
        return next(p for p in reversed(self.probes) if p.whole and p.crf == self.crf)

    @property
    def estimate(self) -> Probe | None:
        """What samples had said of the answer; None: it was never estimated."""
        return next((p for p in self.probes if not p.whole and p.crf == self.crf), None)

    @property
    def gap(self) -> float | None:
        """How much better the whole is than samples had said; None: see `estimate`."""
        return None if self.estimate is None else self.verified.score - self.estimate.score


def find(probe: Prober, goal: Goal, first: float | None = None) -> Found:
    """Find the highest CRF that is good enough; the answer has been encoded as a whole.

    The first probe is of the whole, for samples are chosen by what it finds; so is the last.

    Parameters
    ----------
    probe
        Encodes and scores.
    goal
        What is looked for.
    first
        CRF to begin with; None: in the middle.
    """
    probes: list[Probe] = []
    crf = goal.at((goal.low + goal.high) / 2 if first is None else first)
    while True:
        # The last probe must be of the whole, and so is one that is likely the answer.
        last = len(probes) == goal.probes - 1
        whole = not probes or last or _settled(probes, goal) == crf
        probes.append(probe(crf, whole=whole))
        if len(probes) == goal.probes:
            break
        answer = _settled(probes, goal)
        if answer is None:
            crf = next_crf(probes, goal, last=len(probes) == goal.probes - 1)
        elif _whole(probes, answer):
            break
        else:
            crf = answer
    return _judge(probes, goal)


def _known(probes: Sequence[Probe]) -> dict[float, Probe]:
    """Return what is best known of each CRF: the whole rather than samples."""
    known: dict[float, Probe] = {}
    for probe in probes:
        if probe.whole or probe.crf not in known:
            known[probe.crf] = probe
    return dict(sorted(known.items()))


def _whole(probes: Sequence[Probe], crf: float) -> bool:
    return any(p.whole and p.crf == crf for p in probes)


def bracket(probes: Sequence[Probe], goal: Goal) -> tuple[float | None, float | None]:
    """Return the highest CRF that is good enough, below all that fail, and the lowest that fails.

    None where there is none yet.
    """
    known = _known(probes)
    failing = [crf for crf, p in known.items() if p.score < goal.enough]
    bad = min(failing, default=None)
    passing = [c for c, p in known.items() if p.score >= goal.enough and (bad is None or c < bad)]
    return max(passing, default=None), bad


def _settled(probes: Sequence[Probe], goal: Goal) -> float | None:
    """Return the answer if no further CRF needs to be tried."""
    good, bad = bracket(probes, goal)
    known = _known(probes)
    if good is not None and goal.near(known[good].score) and _steep(probes, goal, good):
        return good
    if good is None:
        return bad if bad is not None and bad <= goal.low else None
    if good >= goal.at(goal.high):
        return good
    return good if bad is not None and bad - good <= goal.step * 1.001 else None


def _steep(probes: Sequence[Probe], goal: Goal, crf: float) -> bool:
    """Return whether two steps above a CRF are likely not good enough: it is next to the answer."""
    return curve(probes, goal)(crf + 2 * goal.step) < float(_scale(np.array([goal.enough]))[0])


def _scale(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.clip(scores, 100 - _CEILING, _CEILING) / 100
    return np.log(share / (1 - share))


def curve(probes: Sequence[Probe], goal: Goal) -> Callable[[float], float]:
    """Return a curve that falls, through what is known, on the scale of log(s / (100 - s)).

    Scores that rise with CRF are replaced by the nearest that do not (isotonic regression, the
    whole counting for more than samples); between them runs a monotone cubic (PCHIP), outside a
    line.
    """
    from scipy.interpolate import PchipInterpolator
    from scipy.optimize import isotonic_regression

    known = _known(probes)
    x = np.array(list(known))
    weights = np.array([10.0 if p.whole else 1.0 for p in known.values()])
    y = _scale(np.array([p.score for p in known.values()]))
    y = isotonic_regression(y, weights=weights, increasing=False).x
    usual = _SLOPE * 51 / max(goal.high, 51.0)
    if len(x) == 1:
        return lambda crf: float(y[0] + usual * (crf - x[0]))
    inside = PchipInterpolator(x, y)
    slopes = np.minimum(np.diff(y) / np.diff(x), usual / 4)  # a flat end says nothing of beyond

    def value(crf: float) -> float:
        if crf < x[0]:
            return float(y[0] + slopes[0] * (crf - x[0]))
        if crf > x[-1]:
            return float(y[-1] + slopes[-1] * (crf - x[-1]))
        return float(inside(crf))

    return value


def fitted(probes: Sequence[Probe], goal: Goal) -> Callable[[float], float]:
    """Return `curve` as scores."""
    value = curve(probes, goal)
    return lambda crf: 100 / (1 + math.exp(-value(crf)))


def next_crf(probes: Sequence[Probe], goal: Goal, *, last: bool = False) -> float:
    """Return the CRF to try next: where the curve crosses, within the bracket.

    Parameters
    ----------
    last
        Whether it will be the last probe: then it is the answer, and on the safe side.
    """
    good, bad = bracket(probes, goal)
    value = curve(probes, goal)
    enough = float(_scale(np.array([goal.enough]))[0])
    first = 0 if good is None else round((good - goal.low) / goal.step) + 1
    end = goal.last if bad is None else round((bad - goal.low) / goal.step) - 1
    choices = [goal.low + goal.step * n for n in range(first, max(end, first) + 1)]
    passing = [crf for crf in choices if value(crf) >= enough]
    crossing = passing[-1] if passing else choices[0]
    tried = goal.at(crossing)
    if not last:
        return tried
    if good is not None and not passing:
        crossing = good
    # What is missed now cannot be mended: stay a fifth of a step off.
    past = value(crossing) + 0.2 * (value(crossing + goal.step) - value(crossing))
    safe = goal.at(crossing if past >= enough else crossing - goal.step)
    return tried if _whole(probes, safe) else safe  # which is the answer anyway


def rises(probes: Sequence[Probe]) -> list[tuple[Probe, Probe]]:
    """Return pairs of which the higher CRF scored better, beyond what chance explains."""
    known = list(_known(probes).values())
    return [
        (one, other)
        for n, one in enumerate(known)
        for other in known[n + 1 :]
        if other.low - one.high > _LEAST
    ]


def _judge(probes: Sequence[Probe], goal: Goal) -> Found:
    """Return the answer, among what was encoded as a whole, and how far it can be trusted."""
    whole = [p for p in _known(probes).values() if p.whole]
    good, bad = bracket(probes, goal)
    passing = [p for p in whole if p.score >= goal.enough]
    safe = [p for p in passing if bad is None or p.crf < bad] or passing
    answer = safe[-1] if safe else max(whole, key=lambda p: p.score)
    done = tuple(probes)
    wrong = rises(probes)
    if wrong:
        one, other = wrong[0]
        reason = (
            f"CRF {other.crf:g} scored {other.score:.2f}, better than {one.score:.2f} at CRF"
            f" {one.crf:g}: of those that were tried, CRF {answer.crf:g} is the highest that is"
            f" good enough with none below that is not"
        )
        if not passing:
            reason = reason.split(": of")[0] + ", and none that was tried whole is good enough"
        return Found("non_monotone", reason, answer.crf, done)
    if not passing:
        lowest = whole[0].crf <= goal.low
        if lowest:
            reason = (
                f"the lowest CRF, {answer.crf:g}, scores {answer.score:.2f} and"
                f" {goal.enough:.2f} is needed"
            )
            return Found("unreachable", reason, answer.crf, done)
        reason = (
            f"the best of {len(whole)} whole encodes, CRF {answer.crf:g}, scores"
            f" {answer.score:.2f} and {goal.enough:.2f} is needed: allow more probes or a lower"
            " first CRF"
        )
        return Found("best_effort", reason, answer.crf, done)
    told = f"CRF {answer.crf:g} scores {answer.score:.2f}"
    if goal.near(answer.score) and _steep(probes, goal, answer.crf):
        return Found("met", f"{told}, within {goal.tolerance:g} of the target", answer.crf, done)
    if answer.crf >= goal.at(goal.high):
        return Found("met", f"{told}, and it is the highest CRF there is", answer.crf, done)
    if bad is not None and answer.crf == good and bad - answer.crf <= goal.step * 1.001:
        below = _known(probes)[bad]
        how = "" if below.whole else " by samples"
        reason = f"{told}, and CRF {bad:g} only {below.score:.2f}{how}"
        return Found("met", reason, answer.crf, done)
    more = "a higher CRF" if bad is None else f"a CRF between it and {bad:g}"
    reason = f"{told}; {more} may do, if more probes are allowed"
    return Found("best_effort", reason, answer.crf, done)
