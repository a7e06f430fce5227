"""The dense network of the plain case: 64, 32 and 1 units, ReLU between them, a sigmoid at the end.

This module owns its training (by default binary cross entropy and Adam; early stopping) and its answers. It refuses
other architectures: those belong to ``foretell train``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from foretell.core.errors import ConfigError
from foretell.model.activations import ACTIVATIONS, ActivationName
from foretell.model.plain_losses import LOSSES, LossName
from foretell.train.muon import Muon

__all__ = ["HIDDEN", "Network", "NetworkConfig", "NetworkOptimiser", "fit_network", "network_config"]

Floats = NDArray[np.float64]

HIDDEN: Final = (64, 32)
_MOST_EPOCHS: Final = 40
_PATIENCE: Final = 4
NetworkOptimiser = Literal["adam", "adamw", "muon", "sgd", "gd"]
_RATES: Final[dict[NetworkOptimiser, float]] = {"adam": 1e-3, "adamw": 1e-3, "muon": 2e-3, "sgd": 0.05, "gd": 0.5}
_STEPS_AN_EPOCH_OF_GD: Final = 10
_MOMENTUM: Final = 0.9
_DECAY: Final[dict[NetworkOptimiser, float]] = {"adam": 1e-4, "adamw": 0.01, "muon": 0.01, "sgd": 1e-4, "gd": 1e-4}


class NetworkConfig(BaseModel):
    """What the network is made of and how it is trained.

    Example:
        >>> NetworkConfig(activation="tanh").optimiser
        'adam'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    activation: ActivationName = "relu"
    """Between the layers: ``sigmoid``, ``relu``, ``tanh``, ``gelu``, ``silu``."""

    loss: LossName = "cross_entropy"
    """What is made small: ``cross_entropy``, ``logistic`` (the same number, for labels of 1 and -1), ``mse``."""

    optimiser: NetworkOptimiser = "adam"
    """``adam``, ``adamw``, ``muon`` (matrices; AdamW for the rest), ``sgd`` with momentum, or ``gd``: plain gradient
    descent on all rows at once, ten steps an epoch."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """None takes one that suits the optimiser."""


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        layers: Weight ``[out, in]`` and bias ``[out]`` of each layer, the last with one unit.
        epochs: How many passes over the training rows it took.
        activation: Between the layers.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    epochs: int
    activation: ActivationName = "relu"

    def raw(self, inputs: NDArray[np.float32]) -> Floats:
        """Logits ``[n]``; the sigmoid of them is the network's output.

        Computed in double precision, so that a row's answer does not depend on the rows beside it.
        """
        values = inputs.astype(np.float64)
        for number, (weight, bias) in enumerate(self.layers):
            # One row at a time and many at once take different paths through the product, so it is spelled out.
            values = np.einsum("ni,oi->no", values, weight.astype(np.float64)) + bias
            if number < len(self.layers) - 1:
                values = ACTIVATIONS[self.activation](torch.from_numpy(values)).numpy()
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
    def from_tensors(
        cls, tensors: dict[str, NDArray[np.float32]], *, epochs: int, activation: ActivationName = "relu"
    ) -> Network:
        """Rebuild a network from ``tensors``."""
        n_layers = len(tensors) // 2
        layers = tuple((tensors[f"{n}.weight"], tensors[f"{n}.bias"]) for n in range(n_layers))
        return cls(layers, epochs, activation)


def network_config(**settings: object) -> NetworkConfig:
    """The settings given; those left out, or given as None, as they come.

    Raises:
        ConfigError: If there is no such setting, or no such activation, loss or optimiser.
    """
    try:
        return NetworkConfig.model_validate({name: value for name, value in settings.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"The dense network's {'.'.join(map(str, first['loc'])) or 'settings'}: {first['msg']}.",
            received=repr(first["input"]),
            remedy="The page 'A table with one row per user' lists them.",
        ) from error


def fit_network(
    inputs: NDArray[np.float32],
    label: Floats,
    *,
    weight: Floats | None = None,
    validation: tuple[NDArray[np.float32], Floats] | None = None,
    epochs: int | None = None,
    config: NetworkConfig | None = None,
    seed: int = 0,
) -> Network:
    """Train the network; with ``validation`` it stops when that no longer improves and keeps the best epoch.

    Args:
        inputs: Standardised features ``[n, F]``, finite.
        label: 0 or 1 ``[n]``.
        weight: How much each row counts ``[n]``, 1 on average.
        validation: Inputs and label of rows that decide when to stop.
        epochs: How many passes where nothing decides; the most there may be otherwise.
        config: Activation, loss and optimiser. Whatever the loss, the log loss of ``validation`` decides when to stop:
            chances are what is asked for.
        seed: Decides initial weights and the order of batches.

    References:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015. Prechelt, Early Stopping - But
        When?, 1998. The other optimisers: ``foretell.train.optimisation``.
    """
    random_state = torch.random.get_rng_state()  # a caller's own random numbers stay what they were
    try:
        torch.manual_seed(seed)
        return _train(inputs, label, weight, validation, epochs or _MOST_EPOCHS, config or NetworkConfig())
    finally:
        torch.random.set_rng_state(random_state)


def _train(
    inputs: NDArray[np.float32],
    label: Floats,
    weight: Floats | None,
    validation: tuple[NDArray[np.float32], Floats] | None,
    epochs: int,
    config: NetworkConfig,
) -> Network:
    modules: list[nn.Module] = []
    width = inputs.shape[1]
    for size in HIDDEN:
        modules += [nn.Linear(width, size), _Activation(config.activation)]
        width = size
    network = nn.Sequential(*modules, nn.Linear(width, 1))
    optimisers, loss_of = _optimisers(network, config), LOSSES[config.loss]
    data, target = torch.tensor(inputs), torch.tensor(label, dtype=torch.float32)
    counts = None if weight is None else torch.tensor(weight, dtype=torch.float32)
    batch = int(np.clip(len(label) // 60, 16, 512))
    best, kept, best_epoch = np.inf, _copied(network), 0
    for epoch in range(1, epochs + 1):
        for rows in _steps(len(label), batch, config.optimiser):
            loss = loss_of(network(data[rows]).squeeze(-1), target[rows], None if counts is None else counts[rows])
            network.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            for optimiser in optimisers:
                optimiser.step()
        if validation is None:
            kept, best_epoch = None, epoch
            continue
        score = _log_loss(_frozen(network, epoch, config.activation).raw(validation[0]), validation[1])
        if score < best - 1e-5:
            best, kept, best_epoch = score, _copied(network), epoch
        elif epoch - best_epoch >= _PATIENCE:
            break
    if kept is not None:
        network.load_state_dict(kept)
    return _frozen(network, best_epoch, config.activation)


class _Activation(nn.Module):
    def __init__(self, name: ActivationName) -> None:
        super().__init__()
        self.function = ACTIVATIONS[name]

    def forward(self, values: Tensor) -> Tensor:
        return self.function(values)


def _optimisers(network: nn.Module, config: NetworkConfig) -> list[torch.optim.Optimizer]:
    name, weights = config.optimiser, list(network.parameters())
    rate, decay = config.learning_rate or _RATES[name], _DECAY[name]
    if name == "adam":
        return [torch.optim.Adam(weights, lr=rate, weight_decay=decay)]
    if name == "adamw":
        return [torch.optim.AdamW(weights, lr=rate, weight_decay=decay)]
    if name == "muon":
        matrices, others = ([one for one in weights if (one.ndim > 1) == flat] for flat in (True, False))
        muon = Muon(matrices, lr=rate, weight_decay=decay)
        return [muon, torch.optim.AdamW(others, lr=rate, weight_decay=0.0)]
    return [torch.optim.SGD(weights, lr=rate, momentum=_MOMENTUM if name == "sgd" else 0.0, weight_decay=decay)]


def _steps(n_rows: int, batch: int, optimiser: NetworkOptimiser) -> tuple[Tensor, ...]:
    """The rows of each step of an epoch."""
    if optimiser == "gd":
        return (torch.arange(n_rows),) * _STEPS_AN_EPOCH_OF_GD
    return torch.split(torch.randperm(n_rows), batch)


def _copied(network: nn.Module) -> dict[str, Tensor] | None:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _frozen(network: nn.Sequential, epoch: int, activation: ActivationName) -> Network:
    linear = [module for module in network if isinstance(module, nn.Linear)]
    layers = tuple((layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in linear)
    return Network(layers, epoch, activation)


def _log_loss(logits: Floats, label: Floats) -> float:
    return float(np.mean(np.logaddexp(0, logits) - label * logits))
