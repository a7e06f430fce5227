"""A model in parts, one a process, while it is trained (FSDP2), and its state as a whole for files.

This module owns the way to the parts and back: what a checkpoint holds does not tell in how many parts it was made. It
refuses to decide whether a model is sharded, and to train it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from foretell.train.checkpoint import Stateful

__all__ = ["Whole", "copied_to_shard", "gathered", "laid_out", "laid_out_optimiser", "refill", "shard", "whole"]

Model = TypeVar("Model", bound=nn.Module)


def copied_to_shard(model: Model) -> Model:
    """A copy that may be sharded; the memory of the model's own weights is given back until they are needed again."""
    copied = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.untyped_storage().resize_(0)
    return copied


def refill(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Give a model whose memory was given back its weights."""
    for parameter in model.parameters():
        parameter.untyped_storage().resize_(parameter.numel() * parameter.element_size())
    model.load_state_dict(state)


def shard(module: nn.Module, *, blocks: Iterable[nn.Module]) -> None:
    """Leave each process its part of every parameter; the whole is gathered where a block reads it and let go again.

    Args:
        module: What is called with a step's batch.
        blocks: Its parts that are gathered one after another; of lists of modules, each module.
    """
    mesh = init_device_mesh("cpu", (distributed.get_world_size(),))
    for block in blocks:
        for part in block if isinstance(block, nn.ModuleList) else ():
            fully_shard(part, mesh=mesh)
    fully_shard(module, mesh=mesh, reshard_after_forward=True)


def whole(value: Tensor) -> Tensor:
    """A tensor of which processes hold parts, gathered; any other as it is. All processes must ask together."""
    found: Tensor = value.full_tensor() if isinstance(value, DTensor) else value
    return found


def gathered(state: Any, *, keep: bool = True) -> Any:  # noqa: ANN401 (what state_dict gives)
    """A state with its tensors gathered. All processes must ask together.

    Args:
        state: Tensors in dictionaries and lists.
        keep: Whether this process wants them; one that does not lets each go before the next.
    """
    if isinstance(state, DTensor):
        found = state.full_tensor()
        return found if keep else None
    if isinstance(state, dict):
        return {name: gathered(value, keep=keep) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(gathered(value, keep=keep) for value in state)
    return state


def laid_out(saved: Any, like: Any) -> Any:  # noqa: ANN401
    """A gathered state in the parts of another one: each process takes its own."""
    if isinstance(like, DTensor):
        return distribute_tensor(saved, like.device_mesh, like.placements, src_data_rank=None)
    if isinstance(like, dict):
        return {name: laid_out(value, like.get(name)) for name, value in saved.items()}
    if isinstance(like, list):
        return [laid_out(value, one) for value, one in zip(saved, like, strict=True)]
    return saved


def laid_out_optimiser(saved: dict[str, Any], optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """The state of an optimiser in the parts of what it moves: what is as large as a parameter lies as it does."""
    parameters = [one for group in optimiser.param_groups for one in group["params"]]

    def beside(value: Any, parameter: Tensor) -> Any:  # noqa: ANN401
        same = isinstance(value, Tensor) and value.shape == parameter.shape
        return laid_out(value, parameter) if same else value

    state = {
        number: {name: beside(value, parameters[number]) for name, value in one.items()}
        for number, one in saved["state"].items()
    }
    return {**saved, "state": state}


@dataclass(frozen=True)
class Whole:
    """Something whose state is in parts, for a checkpoint.

    Attributes:
        part: What it is.
        lay_out: From its gathered state to the parts.
        keep: Whether this process wants the gathered state.
    """

    part: Stateful
    lay_out: Callable[[Any], Any]
    keep: bool

    def state_dict(self) -> Any:  # noqa: ANN401
        """The state, gathered."""
        return gathered(self.part.state_dict(), keep=self.keep)

    def load_state_dict(self, saved: Any) -> None:  # noqa: ANN401
        """Take a gathered state over."""
        self.part.load_state_dict(self.lay_out(saved))
