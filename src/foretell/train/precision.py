"""In which numbers the products of pre-training are computed.

This module owns the choice and how the loop applies it. Weights, gradients and the optimiser stay in float32: it
refuses to touch them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

__all__ = ["Precision", "PrecisionName"]

PrecisionName = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Precision:
    """How products are computed.

    Attributes:
        products: The type of their inputs.
        device: ``cpu`` or ``cuda``.

    Example:
        >>> Precision.chosen("float32").products
        torch.float32
    """

    products: torch.dtype
    device: str

    @classmethod
    def chosen(cls, name: PrecisionName, *, device: str = "cpu") -> Precision:
        """The precision by name; ``auto`` takes bfloat16 where the processor multiplies it in hardware."""
        if name == "auto":
            name = "bfloat16" if _multiplies_bfloat16(device) else "float32"
        return cls(torch.bfloat16 if name == "bfloat16" else torch.float32, device)

    @property
    def rows_step(self) -> int:
        """Of what the events of a step should be a multiple: a bfloat16 product is compiled anew for every shape."""
        return 128 if self.products is torch.bfloat16 and self.device == "cpu" else 1

    def products_of(self) -> AbstractContextManager[object]:
        """Within this context the products of layers are computed so; norms, softmaxes and sums stay in float32."""
        if self.products is torch.float32:
            return nullcontext()
        return torch.autocast(self.device, dtype=self.products)


def _multiplies_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.backends.cpu.get_cpu_capability()
    found = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    # Older instruction sets convert to float32 and back: slower than float32 itself.
    return "AVX512" in capabilities and found is not None and bool(found())
