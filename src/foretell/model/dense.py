"""A small dense network on the sequence state, and plain logistic regression on the features.

This module owns both networks and their short training. It refuses long training: both take seconds.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DenseNetwork", "fit_dense"]


class DenseNetwork(nn.Module):
    """Standardise, then hidden layers with dropout, then one logit (or one output).

    Args:
        n_inputs: Number of inputs F.
        hidden: Width of each hidden layer; empty for logistic regression.
        dropout: Dropout after each hidden layer.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_inputs: int, *, hidden: tuple[int, ...] = (), dropout: float = 0.2) -> None:
        super().__init__()
        self.hidden = hidden
        self.register_buffer("mean", torch.zeros(n_inputs))
        self.register_buffer("scale", torch.ones(n_inputs))
        layers: list[nn.Module] = []
        width = n_inputs
        for size in hidden:
            layers += [nn.Linear(width, size), nn.SiLU(), nn.Dropout(dropout)]
            width = size
        self.body = nn.Sequential(*layers)
        self.output = nn.Linear(width, 1)
        nn.init.zeros_(self.output.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits ``[n]`` of inputs ``[n, F]``."""
        logits: Tensor = self.output(self.body((inputs - self.mean) / self.scale)).squeeze(-1)
        return logits

    @torch.no_grad()
    def raw(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logits as NumPy, in evaluation mode."""
        self.eval()
        return np.asarray(self(torch.tensor(inputs)).double().numpy())


def fit_dense(
    inputs: NDArray[np.float32],
    label: NDArray[np.float64],
    *,
    validation: tuple[NDArray[np.float32], NDArray[np.float64]],
    hidden: tuple[int, ...],
    seed: int,
) -> DenseNetwork:
    """Train on cross entropy with AdamW; keep the epoch that is best on the validation window.

    Args:
        inputs: ``[n, F]``, finite.
        label: 0 or 1 ``[n]``.
        validation: Inputs and label of the later window.
        hidden: Hidden layer widths; empty for logistic regression.
        seed: Decides initial weights and the order of batches.

    References:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019 (AdamW).
    """
    torch.manual_seed(seed)
    network = DenseNetwork(inputs.shape[1], hidden=hidden)
    network.mean.copy_(torch.from_numpy(inputs.mean(0)))
    network.scale.copy_(torch.from_numpy(np.maximum(inputs.std(0), 1e-3)))
    data = torch.tensor(inputs)  # a copy where torch aligns it: alignment can decide the last bits of a product
    # A copy: columns of a data frame are read-only, which tensors do not know.
    target = torch.tensor(label, dtype=torch.float32)
    batch = int(np.clip(len(label) // 20, 64, 1024))
    epochs = int(np.clip(400_000 // max(len(label), 1), 8, 40))
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=4e-3, total_steps=epochs * -(-len(label) // batch), pct_start=0.2
    )
    best, kept = np.inf, {name: value.clone() for name, value in network.state_dict().items()}
    for _ in range(epochs):
        network.train()
        for rows in torch.split(torch.randperm(len(label)), batch):
            loss = functional.binary_cross_entropy_with_logits(network(data[rows]), target[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        score = _log_loss(network.raw(validation[0]), validation[1])
        if score < best:
            best, kept = score, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(kept)
    return network.eval()


def _log_loss(logits: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    return float(np.mean(np.logaddexp(0, logits) - label * logits))
