"""The dense network of the plain case: 64, 32 and 1 units, ReLU between them, a sigmoid at the end.

This module owns its training (binary cross entropy, Adam, early stopping) and its answers. It refuses other
architectures: those belong to ``foretell train``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["HIDDEN", "Network", "fit_network"]

Floats = NDArray[np.float64]

HIDDEN: Final = (64, 32)
_MOST_EPOCHS: Final = 40
_PATIENCE: Final = 4
_LEARNING_RATE: Final = 1e-3


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        layers: Weight ``[out, in]`` and bias ``[out]`` of each layer, the last with one unit.
        epochs: How many passes over the training rows it took.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    epochs: int

    def raw(self, inputs: NDArray[np.float32]) -> Floats:
        """Logits ``[n]``; the sigmoid of them is the network's output.

        Computed in double precision, so that a row's answer does not depend on the rows beside it.
        """
        values = inputs.astype(np.float64)
        for number, (weight, bias) in enumerate(self.layers):
            # One row at a time and many at once take different paths through the product, so it is spelled out.
            values = np.einsum("ni,oi->no", values, weight.astype(np.float64)) + bias
            if number < len(self.layers) - 1:
                values = np.maximum(values, 0.0)
        return np.asarray(values[:, 0])

    def parameters(self) -> int:
        """How many weights it has."""
        return sum(weight.size + bias.size for weight, bias in self.layers)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """The weights by name, for safetensors."""
        named = [(f"{number}.weight", weight) for number, (weight, _) in enumerate(self.layers)]
        named += [(f"{number}.bias", bias) for number, (_, bias) in enumerate(self.layers)]
        return dict(named)

    @classmethod
    def from_tensors(cls, tensors: dict[str, NDArray[np.float32]], *, epochs: int) -> Network:
        """Rebuild a network from ``tensors``."""
        n_layers = len(tensors) // 2
        return cls(tuple((tensors[f"{n}.weight"], tensors[f"{n}.bias"]) for n in range(n_layers)), epochs)


def fit_network(
    inputs: NDArray[np.float32],
    label: Floats,
    *,
    weight: Floats | None = None,
    validation: tuple[NDArray[np.float32], Floats] | None = None,
    epochs: int | None = None,
    seed: int = 0,
) -> Network:
    """Train the network; with ``validation`` it stops when that no longer improves and keeps the best epoch.

    Args:
        inputs: Standardised features ``[n, F]``, finite.
        label: 0 or 1 ``[n]``.
        weight: How much each row counts ``[n]``, 1 on average.
        validation: Inputs and label of rows that decide when to stop.
        epochs: How many passes where nothing decides; the most there may be otherwise.
        seed: Decides initial weights and the order of batches.

    References:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015. Prechelt, Early Stopping - But
        When?, 1998.
    """
    random_state = torch.random.get_rng_state()  # a caller's own random numbers stay what they were
    try:
        torch.manual_seed(seed)
        return _train(inputs, label, weight, validation, epochs or _MOST_EPOCHS)
    finally:
        torch.random.set_rng_state(random_state)


def _train(
    inputs: NDArray[np.float32],
    label: Floats,
    weight: Floats | None,
    validation: tuple[NDArray[np.float32], Floats] | None,
    epochs: int,
) -> Network:
    modules: list[nn.Module] = []
    width = inputs.shape[1]
    for size in HIDDEN:
        modules += [nn.Linear(width, size), nn.ReLU()]
        width = size
    network = nn.Sequential(*modules, nn.Linear(width, 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE, weight_decay=1e-4)
    data, target = torch.tensor(inputs), torch.tensor(label, dtype=torch.float32)
    counts = None if weight is None else torch.tensor(weight, dtype=torch.float32)
    batch = int(np.clip(len(label) // 60, 16, 512))
    best, kept, best_epoch = np.inf, _copied(network), 0
    for epoch in range(1, epochs + 1):
        for rows in torch.split(torch.randperm(len(label)), batch):
            loss = functional.binary_cross_entropy_with_logits(
                network(data[rows]).squeeze(-1), target[rows], weight=None if counts is None else counts[rows]
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if validation is None:
            kept, best_epoch = None, epoch
            continue
        score = _log_loss(_frozen(network, epoch).raw(validation[0]), validation[1])
        if score < best - 1e-5:
            best, kept, best_epoch = score, _copied(network), epoch
        elif epoch - best_epoch >= _PATIENCE:
            break
    if kept is not None:
        network.load_state_dict(kept)
    return _frozen(network, best_epoch)


def _copied(network: nn.Module) -> dict[str, Tensor] | None:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _frozen(network: nn.Sequential, epoch: int) -> Network:
    linear = [module for module in network if isinstance(module, nn.Linear)]
    return Network(
        tuple((layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in linear), epoch
    )


def _log_loss(logits: Floats, label: Floats) -> float:
    return float(np.mean(np.logaddexp(0, logits) - label * logits))
