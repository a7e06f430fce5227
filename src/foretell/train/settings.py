"""The settings of the sequence model and its pre-training.

This module owns what a user may choose of them, and what the choices left to foretell come to. It refuses to train.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foretell.model.activations import ActivationName
from foretell.model.backbones import BackboneName
from foretell.model.content.vectors import ContentConfig
from foretell.model.size import SizeName
from foretell.train.augmentation import AugmentationConfig
from foretell.train.losses import RegularisationConfig
from foretell.train.negatives import Drawing
from foretell.train.optimisation import OptimisationConfig
from foretell.train.precision import PrecisionName
from foretell.train.stopping import StoppingConfig

__all__ = ["ModelConfig"]

ItemLoss = Literal["full_softmax", "sampled_softmax"]

_FULL_UP_TO_ITEMS: Final = 20_000
"""Up to here the exact softmax costs at most three times what a sampled one does, and ranks better."""

_EVENTS_IN_ALL: Final = 8_000_000
"""Events that are read in all passes together, between the fewest and the most of them."""

_FEWEST_EPOCHS: Final = 3
_MOST_EPOCHS: Final = 20
_DROPOUTS: Final = ((500_000, 0.3), (5_000_000, 0.2))
_LEAST_DROPOUT: Final = 0.1


class ModelConfig(BaseModel):
    """The sequence model and its pre-training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: SizeName = "tiny"
    """The size dial: width, depth, heads, window, learning rate and batch follow."""

    backbone: BackboneName | Literal["auto"] = "transformer"
    """The network between the event embedding and the heads; ``auto`` chooses by the log and says why."""

    activation: ActivationName = "silu"
    """The backbone's nonlinearity."""

    epochs: Annotated[int, Field(ge=1, le=1000)] | Literal["auto"] = "auto"
    """Passes over the training events; ``auto`` makes more of them over a small log."""

    dropout: Annotated[float, Field(ge=0, lt=1)] | Literal["auto"] = "auto"
    """Dropout in the embedding and on residual branches; ``auto`` drops more where there is little to learn from."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Decoupled decay (L2) of the weights of layers; item and other tables, norms and biases are not decayed."""

    item_start: Literal["spectral", "random"] = "spectral"
    """Where item vectors begin: at the spectrum of the item graph, or at random."""

    item_loss: Literal["auto", "full_softmax", "sampled_softmax"] = "auto"
    """Loss of the next item: exact over the whole catalogue, or against sampled negatives; ``auto`` goes by size."""

    negatives: Drawing = "uniform"
    """How sampled negatives are drawn: ``uniform``, by ``popularity``, or ``mixed``."""

    n_negatives: Annotated[int, Field(ge=1)] = 1024
    """Sampled items the true next item is compared with."""

    companions: tuple[BackboneName, ...] = ()
    """Backbones of more sequence models, each with a seed of its own, whose opinions are averaged with the first one's
    when the next item is ranked: ``["transformer", "gru"]`` trains three models in all."""

    distil: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Above 0 one more model of the first backbone is trained last, which then answers alone: of the next item's label
    this share is what all the models before it agree on, the rest what came next."""

    content: ContentConfig = ContentConfig()
    """What is read of items beside their ids, categories and brands."""

    optimisation: OptimisationConfig = OptimisationConfig()
    """How the weights are moved: optimiser, schedule, clipping."""

    regularisation: RegularisationConfig = RegularisationConfig()
    """What is added to the losses against learning by heart."""

    augmentation: AugmentationConfig = AugmentationConfig()
    """Random changes of the training histories."""

    stopping: StoppingConfig = StoppingConfig()
    """When training ends before its last epoch."""

    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of the moving average of the weights that answers in the end; 0 takes the last weights."""

    tensorboard: bool = False
    """Write event files that TensorBoard shows, under ``tensorboard`` in the folder of the pre-training; needs the
    extra ``track``."""

    parallel: Literal["ddp", "fsdp"] = "ddp"
    """What the processes of ``torchrun`` hold: ``ddp`` all weights each, ``fsdp`` a part of weights, gradients and the
    optimiser's state each, for models that one process has no memory for. One process trains the same way with both."""

    precision: PrecisionName = "auto"
    """In which numbers products are computed: ``float32``, ``bfloat16``, or the latter where the processor has it."""

    min_item_count: Annotated[int, Field(ge=1)] = 5
    """Items seen less often in training have no vector of their own, only their content's."""

    checkpoint_seconds: Annotated[float, Field(gt=0)] = 15.0
    """Seconds between two checkpoints."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.distil and self.backbone == "masked":
            raise ValueError("a masked backbone cannot be distilled into: it answers at events of its own choice")
        reads_twice = self.regularisation.contrastive or self.regularisation.r_drop
        if reads_twice and self.parallel == "fsdp" and self.backbone == "masked":
            raise ValueError("contrastive and r_drop need parallel = 'ddp' with a masked backbone")
        return self

    def chosen_epochs(self, n_events: int) -> int:
        """The passes over so many training events.

        Example:
            >>> [ModelConfig().chosen_epochs(n_events) for n_events in (10_000, 1_000_000, 100_000_000)]
            [20, 8, 3]
        """
        if self.epochs != "auto":
            return self.epochs
        return min(max(round(_EVENTS_IN_ALL / max(n_events, 1)), _FEWEST_EPOCHS), _MOST_EPOCHS)

    def chosen_dropout(self, n_events: int) -> float:
        """The dropout for so many training events.

        Example:
            >>> [ModelConfig().chosen_dropout(n_events) for n_events in (10_000, 1_000_000, 100_000_000)]
            [0.3, 0.2, 0.1]
        """
        if self.dropout != "auto":
            return self.dropout
        return next((share for most, share in _DROPOUTS if n_events <= most), _LEAST_DROPOUT)

    def chosen_item_loss(self, n_items: int) -> ItemLoss:
        """The loss of the next item for a catalogue of so many items.

        Example:
            >>> ModelConfig().chosen_item_loss(1_000_000)
            'sampled_softmax'
        """
        if self.item_loss != "auto":
            return self.item_loss
        return "full_softmax" if n_items <= _FULL_UP_TO_ITEMS else "sampled_softmax"
