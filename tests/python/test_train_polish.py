"""Levenberg-Marquardt goes down, by the right derivatives, and far."""

import numpy as np
import pytest

import train_support as support
from vmaf_train import polish as module
from vmaf_train.polish import OUTSIDE, forward, loss, polish, visible_error


def problem(seed=0, rows=1500):
    features = support.plausible_features(rows, seed)
    x = (features - features.mean(axis=0)) / features.std(axis=0)
    weight = np.where(np.arange(rows) % 2, 1.0, 1 / 3)
    return x, support.toy_score(features), weight


def start(seed=0):
    return [(w.astype(float), b.astype(float)) for w, b in support.network(seed).layers]


def test_it_reaches_what_the_first_guess_is_far_from():
    x, y, weight = problem()
    first = start()
    last = polish(first, x, y, weight, 60)
    rms = [np.sqrt(loss(layers, x, y, weight) / weight.sum()) for layers in (first, last)]
    assert rms[0] > 10
    assert rms[1] < 0.3


def test_the_gradient_is_the_slope_of_the_loss():
    x, y, weight = problem(rows=200)
    layers = start(2)
    layers[-1] = (layers[-1][0] * 3, layers[-1][1])  # some answers leave 0..100
    _, gradient = module._normal_equations(layers, x, y, weight, "relu")
    values = module._join(layers)
    assert len(gradient) == len(values) == 257
    for at in range(0, 257, 7):
        step = np.zeros(257)
        step[at] = 1e-6
        up, down = (loss(module._split(values + s, layers), x, y, weight) for s in (step, -step))
        slope = (up - down) / (2 * 1e-6)
        assert 2 * gradient[at] == pytest.approx(slope, rel=1e-3, abs=1e-5 * abs(gradient).max())


def test_every_step_goes_down():
    x, y, weight = problem(rows=300)
    layers = start(1)
    losses = [loss(layers, x, y, weight)]
    for _ in range(8):
        layers = polish(layers, x, y, weight, 1)
        losses.append(loss(layers, x, y, weight))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_no_steps_change_nothing():
    x, y, weight = problem(rows=50)
    layers = start()
    assert polish(layers, x, y, weight, 0) is layers


def test_the_same_start_ends_in_the_same_place():
    x, y, weight = problem(rows=400)
    first, second = (polish(start(), x, y, weight, 5) for _ in range(2))
    for (w, b), (v, c) in zip(first, second, strict=True):
        assert (w == v).all()
        assert (b == c).all()


def test_a_perfect_network_stays():
    x, _, weight = problem(rows=300)
    layers = start()
    y = forward(layers, x)[0][-1][:, 0]
    inside = (y > 1) & (y < 99)
    layers = polish(layers, x[inside], y[inside], weight[inside], 3)
    assert loss(layers, x[inside], y[inside], weight[inside]) == pytest.approx(0, abs=1e-12)


def test_errors_that_clipping_hides_count_less():
    predicted, truth = np.array([110.0, 90, -5, 5, 60]), np.array([100.0, 100, 0, 0, 50])
    error, factor = visible_error(predicted, truth)
    assert factor.tolist() == [OUTSIDE, 1, OUTSIDE, 1, 1]
    assert error == pytest.approx([10 * OUTSIDE, -10, -5 * OUTSIDE, 5, 10])
