"""From effects to words: the reasons that are told and the paragraph they stand in.

This module owns the meeting of effects and words for tasks that ask about customers. It refuses to compute
effects.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from foretell.core import columns
from foretell.core.prediction import Reason
from foretell.explain.alternatives import Alternative, alternative_words
from foretell.explain.asking import Asked, Request
from foretell.explain.attribution import Attribution
from foretell.explain.contributions import Contributions, in_points
from foretell.explain.event_words import Narration
from foretell.explain.explanation import value_column
from foretell.explain.families import strongest_by_family
from foretell.explain.feature_words import FeatureTalk
from foretell.explain.goods import Goods
from foretell.explain.paragraph import answer_sentence, paragraph, place_words, value_words
from foretell.explain.reasons import choose
from foretell.explain.speech import Speech
from foretell.explain.units import Unit
from foretell.features import phrase
from foretell.features.definition import Language
from foretell.model.inputs import HeadInputs
from foretell.predictor.fitted import FittedTask
from foretell.predictor.offers import campaign_at
from foretell.predictor.predictor import Predictor

__all__ = ["Telling"]

_NOT_ABOUT_CUSTOMERS: Final = ("shop_", "position_code", "channel_code", "campaign_")


@dataclass(frozen=True)
class Telling:
    """Tells one answer.

    Attributes:
        predictor: Whose answer.
        fitted: The task.
        request: Who is asked about, and when.
        asked: The question and its answer.
        language: ``en`` or ``zh``.
    """

    predictor: Predictor
    fitted: FittedTask
    request: Request
    asked: Asked
    language: Language

    def reasons(
        self,
        units: Sequence[Unit],
        attribution: Attribution,
        contributions: Contributions,
        *,
        inputs: HeadInputs,
        n: int,
    ) -> tuple[Reason, ...]:
        """The ``n`` strongest reasons.

        Args:
            units: The units of the history.
            attribution: What each was worth.
            contributions: What each feature added to the logit.
            inputs: What the head read, one row.
            n: How many.
        """
        narration = Narration(self._speech, self._goods, self.request.cutoff, self.asked.item)
        events = [
            Reason("event", narration.name(unit), float(effect), narration.words(unit))
            for unit, effect in zip(units, attribution.effects, strict=True)
        ]
        return choose(events, self._features(contributions, inputs, knows_customer=bool(units)), n=n)

    def story(
        self,
        reasons: Sequence[Reason],
        *,
        references: Mapping[str, float],
        later: Sequence[Alternative],
        is_known: bool,
    ) -> str:
        """The paragraph.

        Args:
            reasons: The reasons that are told.
            references: What their effects are weighed against.
            later: The answers on later days.
            is_known: Whether the customer has any events.
        """
        opening = [answer_sentence(self.fitted.task, self.asked.answer, goods=self._goods, speech=self._speech)]
        nothing, average = (
            value_words(self.fitted.task, references[kind], speech=self._speech) for kind in ("event", "feature")
        )
        if is_known:
            told = self._speech.either(
                f"Knowing none of this customer's events, the model would say {nothing}, in an average case {average}: "
                "events are weighed against the first, figures against the second.",
                f"若不了解该客户的任何行为，模型会给出{nothing}；平均情形为{average}。行为的影响相对于前者，指标的影响相对于后者。",
            )
        else:
            told = self._speech.either(
                "Nothing is known of this customer by then, so this is what the model says of a stranger.",
                "此前没有该客户的任何记录，这是模型对陌生客户的回答。",
            )
        value = float(self.asked.answer[value_column(self.fitted.task)])
        closing = alternative_words(later, task=self.fitted.task, value=value, speech=self._speech)
        return paragraph(self.fitted.task, reasons, opening=[*opening, told], closing=closing, speech=self._speech)

    @cached_property
    def _speech(self) -> Speech:
        return Speech(self.language)

    @cached_property
    def _goods(self) -> Goods:
        wanted = self.request.view.histories[columns.ITEM_ID].drop_nulls().unique().to_list()
        if self.asked.item is not None:
            wanted.append(self.asked.item)
        return Goods.of(self.request.view.tables.get("items"), wanted=wanted)

    def _features(self, contributions: Contributions, inputs: HeadInputs, *, knows_customer: bool) -> list[Reason]:
        effects = in_points(contributions)
        if not knows_customer:
            # Of a stranger every number of their own is empty: only the offer is worth a word.
            effects = {name: effect for name, effect in effects.items() if name.startswith(_NOT_ABOUT_CUSTOMERS)}
        values = dict(zip(inputs.names, inputs.features[0].astype(float).tolist(), strict=True))
        undefined = [name for name, value in values.items() if value != value]
        talk = FeatureTalk(self._speech, values, self._noun, self._offer())
        return [
            Reason("feature", name, effect, talk.words(name, effect=effect))
            for name, effect in strongest_by_family(effects, undefined=undefined).values()
        ]

    def _noun(self, name: str) -> str:
        features = self.predictor.reader.user_features
        return features[name].words(self.language) if name in features.names else phrase(name, language=self.language)

    def _offer(self) -> dict[str, str]:
        """Words for what only the question knows."""
        speech, offer = self._speech, dict[str, str]()
        if self.asked.item is not None:
            for level in (columns.CATEGORY, columns.CATEGORY_2):
                name = self._goods.category(self.asked.item, level=level)
                if name is not None:
                    offer[f"name of {level}"] = name
        if self.fitted.task.kind == "ad":
            where = place_words(self.asked.answer, speech=speech)
            offer["placement"] = speech.either(
                f"shown at: {where}" if where else "shown at no known place",
                f"展示位置：{where}" if where else "展示位置未知",
            )
        if self.fitted.task.kind == "promotion":
            asked = {"cutoff": self.request.cutoff, "horizon_days": self.fitted.task.horizon_days}
            campaign = campaign_at(self.request.view, **asked)
            days = speech.days(campaign.duration_days)
            offer["campaign"] = speech.either(
                f"the campaign's kind and length ({campaign.kind}, {days})",
                f"活动类型与时长（{campaign.kind}，{days}）",
            )
        return offer
