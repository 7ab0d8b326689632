"""PyTorch reads our checkpoints. Not collected by itself: `make test-torch` brings PyTorch."""

import numpy as np
import torch

import train_support as support
from vmaf_train.checkpoint import network_of, read_checkpoint, save_checkpoint
from vmaf_train.models import MODELS


def test_torch_loads_what_we_write(tmp_path):
    net = support.network(3)
    loaded = torch.load(support.write_checkpoint(tmp_path / "c.pt", net), weights_only=True)
    assert loaded["features"] == list(MODELS["vmaf_tiny_v2"].features)
    module = torch.nn.Sequential(
        torch.nn.Linear(6, 16),
        torch.nn.ReLU(),
        torch.nn.Linear(16, 8),
        torch.nn.ReLU(),
        torch.nn.Linear(8, 1),
    )
    module.load_state_dict(loaded["state_dict"])
    rows = support.plausible_features(50).astype(np.float32)
    with torch.no_grad():
        scores = module(torch.tensor((rows - net.mean) / net.std))[:, 0].numpy()
    assert np.abs(scores - net(rows)).max() < 1e-4


def test_gelu_is_that_of_torch(tmp_path):
    net = support.network_of(MODELS["fr_regressor_v1"])
    layers = []
    for weight, bias in net.layers:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
        layers += [layer, torch.nn.GELU(approximate="tanh")]
    rows = support.plausible_features(50).astype(np.float32)
    with torch.no_grad():
        scores = torch.nn.Sequential(*layers[:-1])(torch.tensor((rows - net.mean) / net.std))
    assert np.abs(scores[:, 0].numpy() - net(rows)).max() < 1e-3


def test_we_read_what_torch_writes(tmp_path):
    net = support.network(5)
    save_checkpoint(tmp_path / "c.pt", net, {"input_mean": net.mean.tolist()})
    about = {"input_mean": net.mean.tolist(), "input_std": net.std.tolist()}
    state = torch.load(tmp_path / "c.pt", weights_only=True)["state_dict"]
    torch.save({"state_dict": state} | about, tmp_path / "t.pt")
    rows = support.plausible_features(20)
    assert (network_of(read_checkpoint(tmp_path / "t.pt"))(rows) == net(rows)).all()
