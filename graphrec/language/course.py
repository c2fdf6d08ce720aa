"""Learning a recipe's course from its text: softmax regression on TF-IDF features of title words and
ingredients.

Every recipe with text gets a course, given or predicted, because carrying a label at all can tell
popularity. Examples
are the recipes that name their course; where those are few, titles that give theirs away ("... Cheesecake")
join them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphrec.language.course_words import seeded_course
from graphrec.language.keywords import title_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Float = NDArray[np.float64]
    Labels = NDArray[np.int64]

MAX_EXAMPLES = 20_000
FEW_GIVEN = 2000
"""With fewer given labels than this, title giveaways join the examples."""


@dataclass(frozen=True, slots=True)
class CourseText:
    """What a course is learned from: the title and the linked ingredients of one recipe."""

    title: str
    ingredients: tuple[str, ...]

    def features(self) -> list[str]:
        """Feature names: `t:` title terms, `i:` ingredients, `n:` a bucket of the ingredient count."""
        size = min(len(self.ingredients) // 3, 5)
        return (
            [f"t:{t}" for t in title_terms(self.title)] + [f"i:{i}" for i in self.ingredients] + [f"n:{size}"]
        )


class CourseClassifier:
    """Softmax regression with an L2 penalty, fitted by L-BFGS.

    Args:
        l2: penalty per example on the squared weights.
    """

    def __init__(self, l2: float = 1e-4, max_iter: int = 60) -> None:
        self.l2 = l2
        self.max_iter = max_iter
        self.classes: list[str] = []
        self._index: dict[str, int] = {}
        self._idf: Any = None
        self._weights: Any = None

    def fit(self, texts: Sequence[CourseText], labels: Sequence[str]) -> CourseClassifier:
        """Learn from texts and their courses, equally many; one class alone is learned as a constant."""
        import numpy as np

        rows = [text.features() for text in texts]
        seen = Counter(feature for row in rows for feature in set(row))
        self._index = {f: i for i, f in enumerate(sorted(f for f, n in seen.items() if n > 1))}
        counts = np.array([seen[f] for f in self._index], dtype=np.float64)
        self._idf = np.log((1 + len(rows)) / (1 + counts)) + 1
        self.classes = sorted(set(labels))
        code = {name: i for i, name in enumerate(self.classes)}
        self._weights = self._solve(self._matrix(rows), np.array([code[label] for label in labels]))
        return self

    def _matrix(self, rows: Sequence[Sequence[str]]) -> Any:
        import numpy as np
        from scipy import sparse

        columns = [[self._index[f] for f in row if f in self._index] for row in rows]
        indptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.int64)
        indices = np.array([c for row in columns for c in row], dtype=np.int64)
        values = self._idf[indices]
        squares = np.add.reduceat(np.append(values**2, 0.0), np.minimum(indptr[:-1], len(values)))
        norms = np.sqrt(np.where(np.diff(indptr) > 0, squares, 1.0))
        values = values / np.repeat(norms, np.diff(indptr))
        return sparse.csr_matrix((values, indices, indptr), shape=(len(rows), len(self._index)))

    def _solve(self, x: Any, y: Labels) -> Float:
        import numpy as np
        from scipy.optimize import minimize

        n, d, k = x.shape[0], x.shape[1], len(self.classes)
        truth = np.zeros((n, k))
        truth[np.arange(n), y] = 1.0
        xt = x.T.tocsr()

        def loss(flat: Float) -> tuple[float, Float]:
            w = flat.reshape(d + 1, k)
            p = _softmax(x @ w[:-1] + w[-1])
            value = -np.log(np.maximum(p[np.arange(n), y], 1e-300)).mean() + self.l2 * (w[:-1] ** 2).sum() / 2
            error = (p - truth) / n
            gradient = np.vstack([xt @ error + self.l2 * w[:-1], error.sum(axis=0)])
            return float(value), gradient.ravel()

        start = np.zeros((d + 1) * k)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": self.max_iter})
        weights: Float = found.x.reshape(d + 1, k)
        return weights

    def probabilities(self, texts: Sequence[CourseText]) -> Float:
        """`[num_texts, num_classes]`, rows sum to one, columns in the order of :attr:`classes`."""
        x = self._matrix([text.features() for text in texts])
        return _softmax(x @ self._weights[:-1] + self._weights[-1])

    def predict(self, texts: Sequence[CourseText]) -> list[str]:
        """The likeliest course of each text."""
        return [self.classes[i] for i in self.probabilities(texts).argmax(axis=1)] if texts else []


def _softmax(scores: Float) -> Float:
    import numpy as np

    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Float = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def assign_courses(texts: Sequence[CourseText], given: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The courses of every recipe: those given, else the one learned from the text.

    Args:
        texts: `[num_recipes]`; one without title and ingredients stays without a course.
        given: `[num_recipes]`, the courses that each recipe names itself, mostly none.
    """
    result = [tuple(dict.fromkeys(names)) for names in given]
    missing = [i for i, text in enumerate(texts) if not result[i] and (text.title or text.ingredients)]
    examples = [(texts[i], names[0]) for i, names in enumerate(result) if names]
    if len(examples) < FEW_GIVEN:
        seeds = ((texts[i], seeded_course(texts[i].title)) for i in missing)
        examples += [(text, course) for text, course in seeds if course is not None]
    if missing and examples:
        step = max(1, len(examples) // MAX_EXAMPLES)
        chosen = examples[::step]
        model = CourseClassifier().fit([t for t, _ in chosen], [c for _, c in chosen])
        for i, course in zip(missing, model.predict([texts[i] for i in missing]), strict=True):
            result[i] = (course,)
    return result


def cross_validated_accuracy(texts: Sequence[CourseText], labels: Sequence[str], folds: int = 5) -> float:
    """Share of held-out texts whose course is predicted right; example `i` is held out in fold `i %
    folds`.
    """
    right = 0
    for fold in range(folds):
        train = [i for i in range(len(texts)) if i % folds != fold]
        test = [i for i in range(len(texts)) if i % folds == fold]
        model = CourseClassifier().fit([texts[i] for i in train], [labels[i] for i in train])
        found = model.predict([texts[i] for i in test])
        right += sum(labels[i] == course for i, course in zip(test, found, strict=True))
    return right / len(texts) if texts else 0.0
