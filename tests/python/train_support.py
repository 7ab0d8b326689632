"""What the tests of the factory share: its import path, networks and tables made on the spot."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "model" / "tiny"
SHARED = ROOT.parent / "shared" / "data"
TEACHER = SHARED / "models" / "vmaf_v0.6.1.json"

# At the end: an installed vmaf_tiny must stay in front of the sources.
if str(ROOT / "python") not in sys.path:
    sys.path.append(str(ROOT / "python"))

needs_teacher = pytest.mark.skipif(not TEACHER.is_file(), reason=f"there is no {TEACHER}")


def network_of(model, seed=0):
    """A network of random weights in the shape of a model."""
    from vmaf_train.net import Network

    net = network(seed, model.hidden, model.inputs)
    count = len(model.features)
    scaled = [(1.0 * (n < count), float(n >= count)) for n in range(model.inputs)]
    use, one = np.array(scaled, np.float32).T
    return Network(net.mean * use, net.std * use + one, net.layers, model.activation)


def network(seed=0, hidden=(16, 8), inputs=6):
    """A network of random weights whose answers lie around 60."""
    from vmaf_train.net import Network

    rng = np.random.default_rng(seed)
    rows = np.tile(plausible_features(500), 4)[:, :inputs]
    layers = [
        (rng.normal(0, (2 / a) ** 0.5, (b, a)), rng.normal(0, 0.3, b))
        for a, b in itertools.pairwise([inputs, *hidden, 1])
    ]
    layers[-1] = (layers[-1][0] * 10, np.array([60.0]))
    return Network(
        rows.mean(axis=0).astype(np.float32),
        rows.std(axis=0).astype(np.float32),
        [(w.astype(np.float32), b.astype(np.float32)) for w, b in layers],
    )


def plausible_features(count, seed=0):
    """Rows as distortions make them: all fidelities fall together, motion is its own."""
    rng = np.random.default_rng(seed)
    badness = rng.random((count, 1)) ** 1.5
    fall = badness * np.array([0.6, 0.95, 0.85, 0.75, 0.65]) * rng.uniform(0.8, 1, (count, 5))
    return np.column_stack([1 - fall, rng.exponential(5, count)])


def toy_score(features):
    """A smooth score of the features between 0 and 100, bent like the real teacher."""
    fidelity = features[:, :5] @ np.array([0.5, 0.1, 0.1, 0.15, 0.15])
    return np.clip(104 * fidelity**2 + 0.2 * features[:, 5] - 4, 0, 100)


def write_parquet(path, count=600, sources=12, score=toy_score, drop=(), seed=0):
    """A table of plausible rows; returns its path."""
    from vmaf_train.features import FEATURES

    features, rng = plausible_features(count, seed), np.random.default_rng(seed)
    columns = {
        "source": [f"clip_{i % sources:04d}" for i in range(count)],
        "dis_basename": [f"clip_{i % sources:04d}__blur" for i in range(count)],
        "frame_index": np.arange(count, dtype=np.int32) // sources,
        "codec": rng.choice(["none", "libx264", "libx265", "libvpx-vp9"], count),
        "vmaf": score(features),
        "preset": ["medium"] * count,
        "crf": rng.integers(10, 50, count).astype(float),
    } | {name: features[:, i] for i, name in enumerate(FEATURES)}
    pq.write_table(pa.table({k: v for k, v in columns.items() if k not in drop}), path)
    return path


def bare_rows(features):
    """Rows of which only the features matter."""
    from vmaf_train.table import rows_without_origin

    features = np.asarray(features, float)
    return rows_without_origin(features, np.zeros(len(features)))


def measured(reference, distorted):
    """What libvmaf and the core say of luma planes."""
    from vmaf_train.material import picture_of_luma
    from vmaf_train.measure import measure

    return measure(
        (picture_of_luma(r), picture_of_luma(d)) for r, d in zip(reference, distorted, strict=True)
    )


def write_checkpoint(path, net, features=None, **about):
    """A checkpoint of a network."""
    from vmaf_train.checkpoint import save_checkpoint
    from vmaf_train.features import FEATURES

    count = len(FEATURES if features is None else features)
    checkpoint = {
        "features": list(FEATURES if features is None else features),
        "input_mean": net.mean[:count].tolist(),
        "input_std": net.std[:count].tolist(),
        "train_metrics": {"plcc": 0.999, "srocc": 0.998, "rmse": 0.5},
        "epochs": 1,
        "lr": 1e-3,
        "batch_size": 256,
        "seed": 0,
    } | about
    save_checkpoint(path, net, checkpoint)
    return path


def run_script(name, *arguments):
    """Run a script of python/scripts; returns what it did, without judging."""
    command = [sys.executable, ROOT / "python" / "scripts" / name, *arguments]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def run_step(*arguments):
    """Run ``python -m vmaf_train`` from the sources."""
    return run_python("import sys; from vmaf_train.cli import main; sys.exit(main())", *arguments)


def run_python(code, *arguments, **environment):
    """Run code that finds the sources, on one core: threads would fight over tiny matrices."""
    code = f"import sys; sys.path.append({str(ROOT / 'python')!r})\n{code}"
    command = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | environment
    return subprocess.run(command, capture_output=True, text=True, env=environment)
