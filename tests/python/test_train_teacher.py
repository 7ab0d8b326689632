"""The teacher as a function answers as libvmaf does."""

import json

import numpy as np
import pytest

import train_support as support
from vmaf_train.errors import TrainError
from vmaf_train.features import FEATURES
from vmaf_train.sampling import MOTION_MAX, sample_rows
from vmaf_train.synthetic import leaves
from vmaf_train.table import rows_without_origin
from vmaf_train.teacher import read_teacher

# libvmaf's order is not ours: motion2 comes second.
NAMES = ["adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3"]
SLOPES = [0.01, 2.0, 0.05, 1.0, 1.5, 1.25, 1.75]
INTERCEPTS = [-0.3, -1.0, 0.1, -0.2, -0.5, -0.25, -0.75]
VECTORS = [(4.0, {1: 0.5, 2: 0.25, 6: 1.0}), (-2.5, {3: 0.5, 4: 0.75, 5: 0.125})]


def model_file(path, **changes):
    lines = ["svm_type nu_svr", "kernel_type rbf", "gamma 0.04", "nr_class 2", "total_sv 2"]
    lines += ["rho -1.5", "SV"]
    for weight, entries in VECTORS:
        lines.append(f"{weight} " + " ".join(f"{k}:{v}" for k, v in entries.items()) + " ")
    content = {
        "model_type": "LIBSVMNUSVR",
        "model": "\n".join(lines) + "\n",
        "feature_names": [f"VMAF_integer_feature_{name}_score" for name in NAMES],
        "norm_type": "linear_rescale",
        "slopes": SLOPES,
        "intercepts": INTERCEPTS,
        "score_clip": [0.0, 100.0],
    } | changes
    path.write_text(json.dumps({"model_dict": content}))
    return path


def by_hand(row):
    values = dict(zip(FEATURES, row, strict=True))
    x = [SLOPES[k + 1] * values[name] + INTERCEPTS[k + 1] for k, name in enumerate(NAMES)]
    total = 1.5
    for weight, entries in VECTORS:
        distance = sum((x[k] - entries.get(k + 1, 0.0)) ** 2 for k in range(6))
        total += weight * np.exp(-0.04 * distance)
    return (total - INTERCEPTS[0]) / SLOPES[0]


def test_the_sum_is_the_one_in_the_file(tmp_path):
    teacher = read_teacher(model_file(tmp_path / "svr.json"))
    rows = support.plausible_features(700)
    assert teacher.raw(rows) == pytest.approx([by_hand(row) for row in rows], rel=1e-12)
    assert teacher(rows).max() <= 100


def test_scores_are_clipped(tmp_path):
    teacher = read_teacher(model_file(tmp_path / "svr.json"))
    assert teacher.raw([[1, 1, 1, 1, 1, 0]])[0] > 100
    assert teacher([[1, 1, 1, 1, 1, 0]]).tolist() == [100]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "svm_type epsilon_svr\nkernel_type rbf\ngamma 1\nrho 0\nSV\n1 1:1\n"},
        {"norm_type": "none"},
        {"feature_names": ["VMAF_integer_feature_adm3_score"]},
        {"feature_names": [f"VMAF_integer_feature_{name}_score" for name in NAMES[:5]]},
    ],
)
def test_another_kind_of_model_cannot_teach(tmp_path, changes):
    with pytest.raises(TrainError, match="not a model file"):
        read_teacher(model_file(tmp_path / "svr.json", **changes))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrainError, match=r"nowhere\.json"):
        read_teacher(tmp_path / "nowhere.json")


@support.needs_teacher
def test_libvmaf_gives_the_same_scores():
    rng = np.random.default_rng(1)
    reference = leaves(rng, 6, 96, 128)
    worse = [
        np.clip(p + rng.normal(0, s, p.shape), 0, 255).astype(np.uint8)
        for p, s in zip(reference, (0, 3, 8, 15, 30, 60), strict=True)
    ]
    measured = support.measured(reference, worse)
    assert np.ptp(measured.vmaf) > 30
    # libvmaf prints six decimals of every feature.
    assert np.abs(read_teacher(support.TEACHER)(measured.features) - measured.vmaf).max() < 1e-3


def test_drawn_rows_are_labelled_by_the_teacher_and_plausible(tmp_path):
    teacher = read_teacher(model_file(tmp_path / "svr.json"))
    features = support.plausible_features(400)
    rows = rows_without_origin(features, teacher(features))
    drawn = sample_rows(rows, teacher, 1000, np.random.default_rng(5))
    assert drawn.features.shape == (1000, 6)
    assert drawn.vmaf.tolist() == teacher(drawn.features).tolist()
    assert drawn.features.min() >= 0
    assert drawn.features[:, 5].max() <= 2 * max(MOTION_MAX, features[:, 5].max())
    assert set(drawn.source) == {""}
    again = sample_rows(rows, teacher, 1000, np.random.default_rng(5))
    assert (again.features == drawn.features).all()
