"""The ``[features]`` section of a configuration: which features, how chosen, how scaled.

This module owns those settings and their checks. It refuses settings that nothing reads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foretell.features.declaration import Declaration

__all__ = ["FeatureConfig", "Measure", "Scaling"]

Scaling = Literal["rank_gauss", "standard", "robust", "log"]
Measure = Literal["association", "mutual_information", "chi_squared", "anova", "correlation"]


class FeatureConfig(BaseModel):
    """Every table inside the section declares features; every other key is one of these settings.

    Example:
        >>> config = FeatureConfig.model_validate(
        ...     {"keep": 40, "select": "association", "night_views": {"aggregate": "count", "hours": [22, 6]}}
        ... )
        >>> config.keep, list(config.define)
        (40, ['night_views'])
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    replace_defaults: bool = False
    """Whether the declared features take the place of the default ones, instead of joining them."""

    select: Literal["none", "association"] = "none"
    """``association`` leaves out features that do not go with the target in training, or repeat a stronger one."""

    keep: Annotated[int, Field(ge=1)] | None = None
    """With ``select``: at most so many features a task, the strongest first."""

    measure: Measure = "association"
    """With ``select``: what strength is; ``association`` is distance of the AUC from one half (a yes-or-no target)."""

    redundancy: Annotated[float, Field(gt=0, le=1)] = 0.999
    """With ``select``: of two features whose ranks correlate more than this, the weaker is left out."""

    false_discovery_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """With ``select``: at most this share of the kept features may be expected to be chance."""

    scale: Scaling = "rank_gauss"
    """How features are scaled for the dense heads: to a normal shape, by mean and deviation, by median and quartiles,
    or as logarithms."""

    define: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Declaration] = Field(default_factory=dict)
    """The declared features by name; in TOML each is a table ``[features.NAME]``."""

    @model_validator(mode="before")
    @classmethod
    def _tables_declare(cls, raw: Any) -> Any:  # noqa: ANN401 (what a user wrote may be anything)
        if not isinstance(raw, dict):
            return raw
        declared = {
            name: body
            for name, body in raw.items()
            if name not in cls.model_fields and isinstance(body, (dict, Declaration))
        }
        if not declared:
            return raw
        rest = {name: body for name, body in raw.items() if name not in declared}
        return {**rest, "define": {**rest.get("define", {}), **declared}}

    @model_validator(mode="after")
    def _heeded(self) -> Self:
        if self.replace_defaults and not self.define:
            raise ValueError("replace_defaults takes the default features away, and none is declared")
        settings = ("keep", "measure", "redundancy", "false_discovery_rate")
        given = [name for name in settings if getattr(self, name) != type(self).model_fields[name].default]
        if self.select == "none" and given:
            raise ValueError(f'{", ".join(given)} only matters with select = "association"')
        return self
