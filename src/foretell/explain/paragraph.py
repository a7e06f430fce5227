"""The paragraph: what is predicted, what moved it up and down, and what that does not mean.

This module owns its sentences, in English and Chinese. It refuses causal words: the model learned what goes
together, and says what it read, not why a customer acts.
"""

# ruff: noqa: RUF001 (full-width punctuation is how Chinese is written)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from foretell.core import columns
from foretell.core.item_condition import values_of
from foretell.core.prediction import Reason
from foretell.core.task import Task
from foretell.core.time import DAY, to_microseconds
from foretell.explain.goods import Goods
from foretell.explain.speech import Speech

__all__ = ["answer_sentence", "paragraph", "place_words", "value_words"]

_EPOCH: Final = date(1970, 1, 1)
_CAUTION: Final = (
    "These are associations the model has learned, not causes.",
    "以上是模型学到的关联，不是因果。",
)
_PROMOTION: Final = (
    " A probability of taking part is not the effect of the coupon.",
    "参与概率不等于优惠券的效果。",
)


def paragraph(
    task: Task,
    reasons: Sequence[Reason],
    *,
    opening: Sequence[str],
    speech: Speech,
    closing: str = "",
) -> str:
    """The whole explanation as one paragraph.

    Args:
        task: What was asked.
        reasons: Strongest first.
        opening: The sentences before the reasons.
        speech: The language.
        closing: What is said after the reasons, before the caution.
    """
    sentences = list(opening)
    up = [_told(reason, task, speech) for reason in reasons if reason.effect > 0]
    down = [_told(reason, task, speech) for reason in reasons if reason.effect < 0]
    if up:
        sentences.append(speech.either(f"Moved up by: {'; '.join(up)}.", f"拉高预测的：{'；'.join(up)}。"))
    if down:
        sentences.append(speech.either(f"Moved down by: {'; '.join(down)}.", f"拉低预测的：{'；'.join(down)}。"))
    if not up and not down:
        sentences.append(speech.either("Nothing stands out.", "没有特别突出的因素。"))
    caution = speech.either(*_CAUTION) + (speech.either(*_PROMOTION) if task.kind == "promotion" else "")
    return speech.either(" ", "").join([*sentences, *([closing] if closing else []), caution])


def answer_sentence(task: Task, answer: Mapping[str, Any], *, goods: Goods, speech: Speech) -> str:
    """What is predicted, in one sentence."""
    if task.kind == "amount":
        return _amount_sentence(task, answer, speech=speech)
    who, days = answer[columns.USER_ID], task.horizon_days
    day = speech.date(to_microseconds(answer[columns.CUTOFF]))
    chance = speech.percent(float(answer["score" if task.kind == "recommend" else columns.PROBABILITY]))
    what = goods.called(str(answer[columns.ITEM_ID]), speech) if columns.ITEM_ID in answer else ""
    where = speech.listed([value for wanted in task.where.values() for value in values_of(wanted)])
    span = f"within {days} days of {day} with a probability of {chance}"
    span_chinese = f"在{day}之后{days}天内"
    if task.kind == "churn":
        english = f"Customer {who} buys nothing {span}."
        chinese = f"客户{who}{span_chinese}不再购买的概率为{chance}。"
        due = answer.get("expected_date_of_next_order")
        if due is None:
            english += " No next order is expected within a year."
            chinese += "预计一年内不再下单。"
        else:
            next_day = speech.date((due - _EPOCH).days * DAY)
            english += f" The next order is expected around {next_day}."
            chinese += f"预计下次下单在{next_day}前后。"
    elif task.kind == "promotion":
        campaign = answer[columns.CAMPAIGN_ID]
        english = f"As of {day}, customer {who} takes up a campaign like {campaign} with a probability of {chance}."
        chinese = f"截至{day}，客户{who}参与活动{campaign}这类活动的概率为{chance}。"
    elif task.kind == "ad":
        place = place_words(answer, speech=speech)
        what += speech.either(f" ({place})", f"（{place}）") if place else ""
        english = f"Customer {who}, shown {what}, responds {span}."
        chinese = f"向客户{who}展示{what}，其{span_chinese}响应的概率为{chance}。"
    elif task.kind == "recommend":
        rank = answer.get("rank")
        listed = f", number {rank} of the list," if rank else ""
        listed_chinese = f"（列表第{rank}位）" if rank else ""
        english = f"Customer {who} {_verb(task)} {what}{listed} {span}."
        chinese = f"客户{who}{span_chinese}{_verb_chinese(task)}{what}{listed_chinese}的概率为{chance}。"
    else:
        thing = f" {where}" if where else ""
        english = f"Customer {who} {_verb(task)}{thing} {span}."
        chinese = f"客户{who}{span_chinese}{_verb_chinese(task)}{where}的概率为{chance}。"
    return speech.either(english, chinese)


def value_words(task: Task, value: float, *, speech: Speech) -> str:
    """A probability in percent, or an amount as it is said.

    Example:
        >>> spend = Task(name="spend", kind="amount", horizon_days=28)
        >>> value_words(spend, 12.5, speech=Speech("en")), value_words(spend, 12.5, speech=Speech("zh"))
        ('12.50', '12.50')
    """
    if task.kind != "amount":
        return speech.percent(value)
    return speech.money(value) if task.measure == "value" else speech.number(round(value, 2))


def _amount_sentence(task: Task, answer: Mapping[str, Any], *, speech: Speech) -> str:
    """How much is expected of a customer, in one sentence."""
    who, days = answer[columns.USER_ID], task.horizon_days
    day = speech.date(to_microseconds(answer[columns.CUTOFF]))
    amount = value_words(task, float(answer["mean"]), speech=speech)
    where = speech.listed([value for wanted in task.where.values() for value in values_of(wanted)])
    bought = task.action == columns.PURCHASE
    on, of, on_chinese = (f" on {where}", f" of {where}", f"在{where}上") if where else ("", "", "")
    english, chinese = {
        ("value", True): (f"spend {amount}{on}", f"{on_chinese}消费{amount}"),
        ("quantity", True): (f"buy {amount} units{of}", f"{on_chinese}购买{amount}件"),
        ("count", True): (f"buy{on and f' {where}'} {amount} times", f"{on_chinese}购买{amount}次"),
        ("value", False): (f"do {task.action!r} worth {amount}{on}", f"{on_chinese}{task.action}的金额为{amount}"),
        ("quantity", False): (f"do {task.action!r} of {amount} units{of}", f"{on_chinese}{task.action}{amount}件"),
        ("count", False): (f"do {task.action!r}{on} {amount} times", f"{on_chinese}{task.action}{amount}次"),
    }[task.measure or "value", bought]
    return speech.either(
        f"Customer {who} is expected to {english} within {days} days of {day}.",
        f"客户{who}在{day}之后{days}天内预计{chinese}。",
    )


def place_words(answer: Mapping[str, Any], *, speech: Speech) -> str:
    """Where an item is shown: position and channel, empty where neither is known.

    Example:
        >>> place_words({"position": "2", "channel": "app"}, speech=Speech("en"))
        'position 2, app'
    """
    position, channel = (answer.get(name) for name in (columns.POSITION, columns.CHANNEL))
    if position is not None and str(position).isdigit():
        position = speech.either(f"position {position}", f"第{position}位")
    return ", ".join(str(part) for part in (position, channel) if part is not None)


def _verb(task: Task) -> str:
    return "buys" if task.action == columns.PURCHASE else f"does {task.action!r} on"


def _verb_chinese(task: Task) -> str:
    return "购买" if task.action == columns.PURCHASE else f"对商品{task.action}"


def _signed(effect: float, speech: Speech) -> str:
    """An effect with its sign; large ones without decimals."""
    size = abs(effect)
    return ("+" if effect >= 0 else "-") + speech.number(round(size) if size >= 100 else float(f"{size:.2g}"))


def _told(reason: Reason, task: Task, speech: Speech) -> str:
    """A reason with its effect."""
    if task.kind == "demand" or task.measure == "quantity":
        amount = _signed(reason.effect, speech) + speech.either(" units", "件")
    elif task.measure == "count":
        amount = _signed(reason.effect, speech) + speech.either(" times", "次")
    elif task.measure == "value":
        amount = f"{reason.effect:+,.2f}"
    else:
        amount = speech.points(reason.effect)
    return speech.either(f"{reason.words} ({amount})", f"{reason.words}（{amount}）")
