"""TF-IDF against scikit-learn's counts, and its limits: caps, collisions, batches, memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from graphrec.errors import InvalidInputError
from graphrec.text.ngrams import batches, ngrams
from graphrec.text.tfidf import TfidfBlocks, TfidfConfig

ANALYSERS: list[dict[str, object]] = [
    {},
    {"ngram_range": (2, 2)},
    {"analyzer": "char_wb", "ngram_range": (3, 3)},
]
SMALL = TfidfConfig(bucket_bits=(20, 20, 20))
TEXTS = [
    "Two eggs, beaten: whisk the eggs.",
    "",
    "  \t\n ",
    "Ünïcode naïve crème brûlée; ΟΔΥΣΣΕΥΣ and a snake_case x y",
    "the whisk\n\nthe eggs\u00a0the\u3000cream don't",
    "beaten eggs and the cream İstanbul ß 漢字 😀😀😀 a",
]
TEXT = st.text(st.sampled_from("abÉ_9 ,.\n\u00a0ßσΣ😀"), max_size=25)


def oracle(texts: list[str], max_df: float = 0.98) -> list[sp.csr_matrix]:
    """The three blocks by scikit-learn's analysers, unit rows each; empty blocks have no columns."""
    blocks = []
    for settings_ in ANALYSERS:
        try:
            counts = CountVectorizer(max_df=max_df, **settings_).fit_transform(texts).astype(np.float64)
        except ValueError:  # no terms
            counts = sp.csr_matrix((len(texts), 0))
        df = np.bincount(counts.indices, minlength=counts.shape[1])
        blocks.append(normalize(counts @ sp.diags(np.log((1 + len(texts)) / (1 + df)))))
    return blocks


def gram(blocks: list[sp.csr_matrix]) -> np.ndarray:
    rows = normalize(sp.hstack(blocks)) if sum(block.shape[1] for block in blocks) else blocks[0]
    return (rows @ rows.T).toarray()


def check_against_oracle(texts: list[str], config: TfidfConfig = SMALL) -> None:
    """The same terms in any order have the same inner products, row sums and number of entries."""
    rows = TfidfBlocks.fit(lambda: iter(texts), config).transform(texts)
    blocks = oracle(texts, config.max_df)
    assert rows.dtype == np.float32 and rows.has_sorted_indices
    assert rows.shape == (len(texts), sum(block.shape[1] for block in blocks))
    np.testing.assert_allclose((rows @ rows.T).toarray(), gram(blocks), atol=2e-6)


def test_weights_are_those_of_scikit_learn() -> None:
    check_against_oracle(TEXTS)
    check_against_oracle([f"{a} {b}" for a in TEXTS for b in reversed(TEXTS)])


@given(st.lists(TEXT, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_as_scikit_learn_reads_it(texts: list[str]) -> None:
    for (places, hashes), options in zip(ngrams(texts), ANALYSERS, strict=True):
        analyse = CountVectorizer(**options).build_analyzer()
        wanted = [sorted(map(analyse(text).count, set(analyse(text)))) for text in texts]
        found = [
            sorted(np.unique(hashes[places == i], return_counts=True)[1].tolist()) for i in range(len(texts))
        ]
        assert found == wanted


@given(st.lists(TEXT, min_size=1, max_size=8), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_the_size_of_batches_changes_nothing(texts: list[str], characters: int) -> None:
    small = TfidfConfig(bucket_bits=(12, 12, 12), batch_characters=characters)
    whole = TfidfConfig(bucket_bits=(12, 12, 12))
    one, other = (TfidfBlocks.fit(lambda: iter(texts), config).transform(texts) for config in (small, whole))
    assert one.shape == other.shape and (one != other).nnz == 0


def test_known_hashes() -> None:
    """Artefacts of one run must mean the same in the next: the hash of a word never changes."""
    words, pairs, trigrams = (hashes.tolist() for _, hashes in ngrams(["ab ab"]))
    assert words[0] == words[1] and len(pairs) == 1 and len(trigrams) == 4
    value = (ord("a") + ord("b") * 0x9E3779B97F4A7C15) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        value = (value ^ (value >> shift)) * factor % 2**64
    assert words[0] == value


def test_the_caps_keep_the_terms_of_most_texts() -> None:
    texts = [" ".join(f"w{j}" for j in range(i + 1)) for i in range(20)]  # w0 in all, w1 in 19, ...
    config = TfidfConfig(max_terms=(5, 3, 2), bucket_bits=(20, 20, 20))
    blocks = TfidfBlocks.fit(lambda: iter(texts), config)
    assert blocks.num_terms == 10
    frequency = np.round(21 / np.exp(blocks.idf.astype(np.float64)) - 1).astype(int)
    assert sorted(frequency[:5].tolist(), reverse=True) == [19, 18, 17, 16, 15]  # .98 of 20 leaves w0 out
    assert sorted(frequency[5:8].tolist(), reverse=True) == [19, 18, 17]


def test_at_a_cap_within_one_frequency_just_enough_are_kept() -> None:
    texts = ["alpha beta gamma delta", "omega"]
    blocks = TfidfBlocks.fit(lambda: iter(texts), TfidfConfig(max_terms=(3, 1, 1), bucket_bits=(20, 20, 20)))
    assert blocks.num_terms == 5


def test_terms_in_nearly_all_texts_go() -> None:
    texts = ["salt one", "salt two", "salt three", "four five"]
    check_against_oracle(texts, TfidfConfig(bucket_bits=(20, 20, 20), max_df=0.5))


def test_new_texts_are_read_with_the_terms_of_the_old() -> None:
    blocks = TfidfBlocks.fit(lambda: iter(["eggs and cream", "eggs and flour", "salt"]), SMALL)
    rows = blocks.transform(["zzzz qqqq", "cream eggs"])
    assert rows.shape == (2, blocks.num_terms)
    assert rows[0].nnz == 0 and rows[1].nnz > 0
    assert blocks.transform([]).shape == (0, blocks.num_terms)


def test_texts_are_streamed_and_memory_is_bounded() -> None:
    """Fitting four times as many texts takes no more memory; a vocabulary of their words would."""
    config = TfidfConfig(bucket_bits=(15, 15, 15), batch_characters=10_000)

    def peak(num_texts: int) -> int:
        def texts() -> Iterable[str]:
            return (" ".join(f"w{i * 7 + j}" for j in range(7)) for i in range(num_texts))

        TfidfBlocks.fit(texts, config)  # what is loaded once does not count
        tracemalloc.start()
        TfidfBlocks.fit(texts, config)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(4_000) < 1.3 * peak(1_000)


def test_batches_keep_order_and_long_texts() -> None:
    texts = ["aa", "b" * 50, "", "cc", "dd"]
    cut = list(batches(texts, 6))
    assert [text for batch in cut for text in batch] == texts
    assert cut == [["aa"], ["b" * 50], ["", "cc", "dd"]]


def test_no_texts_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least one text"):
        TfidfBlocks.fit(lambda: iter(()))
