"""The card of an intent model: what a person has to know before using it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphrec.nlu.intents.model import IntentModel


def intent_card(model: IntentModel) -> str:
    """Markdown text."""
    report = model.report
    by_domain: dict[str, list[str]] = {}
    for intent, domain in zip(model.intents, model.domains, strict=True):
        by_domain.setdefault(domain or "(no domain)", []).append(f"`{intent}`")
    intents = "\n".join(f"- {domain}: {', '.join(names)}" for domain, names in by_domain.items())
    figures = "\n".join(
        f"| {name} | {value:.4f} |" if isinstance(value, float) else f"| {name} | {value} |"
        for name, value in report.items()
    )
    return f"""# Intent model

Softmax regression on vectors of the encoder `{model.encoder.name}`, fingerprint `{model.encoder.fingerprint}`.

Data: SHA-256 `{model.digest}`

{intents}

## Held-out figures

Rows that were held out choose the regularisation, the temperature and the threshold; the figures come from the same
rows. `ece` is the expected calibration error, `rejected` the share of known utterances below the threshold.

| figure | value |
| --- | --- |
{figures}
| threshold ({model.score}) | {model.threshold:.4f} |
| temperature | {model.temperature:.4f} |

## Limits

- It knows the intents listed here; what fits none of them is called out of scope, and some of it will be missed.
- Confidence is honest on utterances like those of its training data and less so on others.
"""
