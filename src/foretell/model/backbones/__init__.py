"""The backbones: one file each behind one contract, chosen by name.

This package owns the register and each network between the event embedding and the heads. It refuses to embed events
and to compute losses.
"""

from __future__ import annotations

from typing import Final, Literal

from foretell.model.backbones.contract import Backbone
from foretell.model.backbones.convolution import Convolution
from foretell.model.backbones.hstu import Hstu
from foretell.model.backbones.masked import Masked
from foretell.model.backbones.packing import Packing
from foretell.model.backbones.pooled import Pooled
from foretell.model.backbones.recurrent import Gru, Lstm
from foretell.model.backbones.transformer import Transformer

__all__ = ["BACKBONES", "Backbone", "BackboneName", "Packing"]

BackboneName = Literal["transformer", "hstu", "gru", "lstm", "convolution", "masked", "pooled"]

BACKBONES: Final[dict[BackboneName, type[Backbone]]] = {
    "transformer": Transformer,
    "hstu": Hstu,
    "gru": Gru,
    "lstm": Lstm,
    "convolution": Convolution,
    "masked": Masked,
    "pooled": Pooled,
}
