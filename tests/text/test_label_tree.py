"""The label tree: shapes by rule, balance, a split against a plain loop, recovery of planted groups, the file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graphrec.errors import CorruptionError, InvalidInputError, NotFoundError
from graphrec.text.balanced_split import split_level
from graphrec.text.label_tree import LabelTree, LabelTreeConfig, build_label_tree, chain_shapes

SMALL = LabelTreeConfig(max_leaf_size=4, min_codes=4, nr_splits=2)


def unit(matrix: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(matrix, axis=-1, keepdims=True)
    return (matrix / np.where(length == 0, 1, length)).astype(np.float32)


def random_rows(num_rows: int, dim: int, seed: int, zeros: int = 0) -> np.ndarray:
    z = unit(np.random.default_rng(seed).standard_normal((num_rows, dim)))
    z[:zeros] = 0
    return z


def groups(num_rows: int, num_groups: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows around orthogonal directions, and the direction of each."""
    generator = np.random.default_rng(seed)
    group = generator.permutation(np.arange(num_rows) % num_groups)
    return unit(np.eye(num_groups)[group] + 0.05 * generator.standard_normal((num_rows, num_groups))), group


def slow_split(
    z: np.ndarray, ids: list[int], draw: np.ndarray, iterations: int
) -> tuple[list[int], list[int]]:
    """One balanced spherical 2-means as the paper's code states it, row by row."""
    size = len(ids)
    r = int(draw[0]) % size
    direction = z[ids[r]] - z[ids[(r + 1 + int(draw[1]) % (size - 1)) % size]]
    left: list[int] = []
    for _ in range(iterations):
        ranked = sorted(ids, key=lambda i: (np.float32(direction @ z[i]), i))
        new_left, right = sorted(ranked[: size // 2]), sorted(ranked[size // 2 :])
        if new_left == left:
            break
        left = new_left
        direction = unit(z[right].sum(axis=0)) - unit(z[left].sum(axis=0))
    return left, right


@pytest.mark.parametrize(
    ("num_labels", "min_codes", "shapes"),
    [
        (1, 32, [(1, 1)]),
        (100, 32, [(100, 1)]),
        (101, 32, [(2, 1), (101, 2)]),
        (400, 32, [(4, 1), (400, 4)]),
        (6_400, 32, [(16, 1), (64, 16), (6_400, 64)]),  # the top falls below min_codes
        (169_343, 32, [(32, 1), (128, 32), (512, 128), (2_048, 512), (169_343, 2_048)]),
        (
            2_449_029,
            128,
            [(128, 1), (512, 128), (2_048, 512), (8_192, 2_048), (32_768, 8_192), (2_449_029, 32_768)],
        ),
    ],
)
def test_chain_shapes_of_the_published_settings(
    num_labels: int, min_codes: int, shapes: list[tuple[int, int]]
) -> None:
    assert chain_shapes(num_labels, LabelTreeConfig(min_codes=min_codes)) == shapes


def test_labels_that_do_not_fill_their_leaves_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="do not fill"):
        chain_shapes(3, LabelTreeConfig(max_leaf_size=1))
    with pytest.raises(InvalidInputError, match="needs labels"):
        chain_shapes(0, LabelTreeConfig())
    with pytest.raises(ValidationError):
        LabelTreeConfig(leaf_size=3)


@given(st.integers(1, 200), st.integers(1, 7), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_tree_has_its_shapes_and_even_leaves(num: int, leaf: int, seed: int, sparse: bool) -> None:
    config = LabelTreeConfig(max_leaf_size=leaf, min_codes=4, nr_splits=2, seed=seed % 1000)
    try:
        wanted = chain_shapes(num, config)
    except InvalidInputError:
        return
    z = random_rows(num, 6, seed, zeros=seed % 5)
    tree = build_label_tree(sp.csr_matrix(z) if sparse else z, config)
    assert tree.shapes == wanted and tree.num_labels == num
    for level in range(len(tree.chain) - 1):
        sizes = np.bincount(tree.codes(level), minlength=wanted[level][0])
        assert sizes.min() >= 1
        if level == len(tree.chain) - 2:
            assert sizes.max() - sizes.min() <= 1 and sizes.max() <= max(leaf, -(-num // wanted[level][0]))
        assert np.array_equal(tree.parents(level), np.arange(wanted[level][0]) // 2 * (level > 0))


@given(st.integers(2, 40), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 20]), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_split_is_the_plain_loop(size: int, seed: int, iterations: int, sparse: bool) -> None:
    """Two nodes at once, of an odd and an even number of rows, part as either does alone."""
    check_split(random_rows(2 * size + 1, 5, seed), size, seed, iterations, sparse)


@given(st.integers(2, 40), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=30, deadline=None)
def test_ties_fall_as_in_the_plain_loop(size: int, seed: int, sparse: bool) -> None:
    """Integer rows score without rounding against the first direction, and many of them alike."""
    z = np.random.default_rng(seed).integers(-1, 2, size=(2 * size + 1, 3)).astype(np.float32)
    check_split(z, size, seed, 1, sparse)


def check_split(z: np.ndarray, size: int, seed: int, iterations: int, sparse: bool) -> None:
    starts = [0, size, len(z)]
    draws = np.random.default_rng(seed).integers(0, 2**62, size=(2, 2))
    form = sp.csr_matrix(z) if sparse else z
    order, below = split_level(form, np.arange(len(z)), np.array(starts), draws, iterations, block_bytes=400)
    assert below.tolist() == [0, size // 2, size, size + (len(z) - size) // 2, len(z)]
    for node in range(2):
        wanted = slow_split(z, list(range(starts[node], starts[node + 1])), draws[node], iterations)
        for half in range(2):
            low, high = below[2 * node + half], below[2 * node + half + 1]
            assert order[low:high].tolist() == wanted[half]


def test_sparse_dense_and_blocks_of_any_size_give_one_tree() -> None:
    z = random_rows(150, 12, 5, zeros=7)
    trees = [build_label_tree(z, SMALL), build_label_tree(sp.csr_matrix(z), SMALL)]
    trees += [build_label_tree(z, SMALL, block_bytes=size) for size in (100, 700, 3000)]
    trees += [build_label_tree(sp.csr_matrix(z), SMALL, block_bytes=900)]
    for tree in trees[1:]:
        assert np.array_equal(tree.codes(len(tree.chain) - 2), trees[0].codes(len(tree.chain) - 2))


def test_planted_groups_come_back_as_leaves() -> None:
    z, group = groups(256, 8, seed=1)
    config = LabelTreeConfig(max_leaf_size=32, min_codes=4, nr_splits=2)
    leaf = build_label_tree(z, config).codes(1)
    pure = sum(len(set(group[leaf == code])) == 1 for code in range(8))
    assert pure >= 6  # a split may start badly; chance gives none
    chance = np.random.default_rng(0).permutation(leaf)
    assert sum(len(set(group[chance == code])) == 1 for code in range(8)) == 0


def test_leaves_are_closer_together_than_chance_and_the_seed_decides() -> None:
    z, _ = groups(300, 10, seed=2)
    leaf = build_label_tree(z, SMALL).codes(4)
    other = build_label_tree(z, SMALL.model_copy(update={"seed": 7})).codes(4)
    again = build_label_tree(z, SMALL).codes(4)
    assert np.array_equal(leaf, again) and not np.array_equal(leaf, other)
    assert mean_cosine(z, leaf) > mean_cosine(z, np.random.default_rng(0).permutation(leaf)) + 0.4


def mean_cosine(z: np.ndarray, leaf: np.ndarray) -> float:
    """Mean over rows of the cosine with the centre of their leaf."""
    centres = unit(np.stack([z[leaf == code].sum(axis=0) for code in range(leaf.max() + 1)]))
    return float(np.einsum("ij,ij->i", z, centres[leaf]).mean())


def test_equal_rows_are_parted_by_id() -> None:
    tree = build_label_tree(np.zeros((8, 3), dtype=np.float32), SMALL)
    assert tree.codes(0).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    build_label_tree(random_rows(64, 4, 0), SMALL, report=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_dense_rows_are_never_copied_as_a_whole() -> None:
    z, block = random_rows(4000, 256, 0), 2**18
    config = LabelTreeConfig(iterations=2)
    build_label_tree(z[:500], config, block_bytes=block)  # what is loaded once does not count
    tracemalloc.start()
    build_label_tree(z, config, block_bytes=block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 * len(z) + 3 * block < z.nbytes / 3


def test_rows_that_are_not_finite_are_refused() -> None:
    z = random_rows(64, 4, 0)
    z[9, 1] = np.nan
    for form in (z, sp.csr_matrix(z)):
        with pytest.raises(InvalidInputError, match="not finite"):
            build_label_tree(form, SMALL)


def test_a_saved_tree_comes_back(tmp_path: Path) -> None:
    tree = build_label_tree(random_rows(70, 4, 0), SMALL)
    tree.save(tmp_path / "tree.npz")
    again = LabelTree.load(tmp_path / "tree.npz")
    assert again.shapes == tree.shapes
    assert all(
        (a != b).nnz == 0 and a.dtype == np.float32 for a, b in zip(again.chain, tree.chain, strict=True)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["tree.npz"]


def test_files_that_are_no_trees_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tree.npz"
    with pytest.raises(NotFoundError, match="no label tree"):
        LabelTree.load(path)
    build_label_tree(random_rows(70, 4, 0), SMALL).save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(CorruptionError, match="not a label tree"):
            LabelTree.load(path)
    for arrays in ({"parents_0": np.array([5, 0])}, {"other": np.zeros(3, dtype=np.int32)}, {}):
        np.savez(path, **arrays)
        with pytest.raises(CorruptionError, match="not a label tree"):
            LabelTree.load(path)


def test_matrices_that_do_not_chain_are_refused() -> None:
    column = sp.csr_matrix(np.ones((2, 1), dtype=np.float32))
    with pytest.raises(InvalidInputError, match="one of 2 codes above"):
        LabelTree((column, sp.csr_matrix(np.ones((4, 2), dtype=np.float32))))
    with pytest.raises(InvalidInputError, match="at least one level"):
        LabelTree(())
