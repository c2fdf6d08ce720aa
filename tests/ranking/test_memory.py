"""A memory against brute force over all of its events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.errors import CorruptionError, InvalidInputError
from graphrec.ranking.memory import DAY, MemoryShape, UserMemory
from graphrec.ranking.memory_bank import MemoryBank

HALF_LIVES = (0.5 * DAY, 7 * DAY, np.inf)
SHAPE = MemoryShape(dim=4, window=5, half_lives=HALF_LIVES)


def world(seed: int, n: int) -> list[tuple[np.ndarray, float, int, float]]:
    """Events with ties in time; keys are unique."""
    rng = np.random.default_rng(seed)
    times = rng.integers(0, max(1, n // 2) + 1, n) * 0.3 * DAY
    vectors = rng.normal(size=(n, 4)).astype(np.float32)
    return [(vectors[i], float(times[i]), i, float(rng.choice([0.5, 1.0, 2.0]))) for i in range(n)]


def remember(events, shape=SHAPE) -> UserMemory:
    memory = UserMemory(shape)
    for vector, time, key, weight in events:
        memory.update(vector, time, key=key, weight=weight)
    return memory


def brute_force(events, now: float):
    """Decayed means, masses, and the newest events, each straight from its definition."""
    means, masses = [], []
    for half_life in HALF_LIVES:
        shares = [weight * 2.0 ** (-(now - time) / half_life) for _, time, _, weight in events]
        masses.append(sum(shares))
        total = sum(
            share * vector.astype(np.float64) for share, (vector, *_) in zip(shares, events, strict=True)
        )
        means.append(total / sum(shares))
    newest = sorted(events, key=lambda event: (event[1], event[2]))[-5:]
    return np.array(means), np.array(masses), newest


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 40), wait=st.floats(0, 50))
def test_reading_is_the_closed_form_over_all_events_in_any_order(seed, n, wait):
    events = world(seed, n)
    now = max(time for _, time, _, _ in events) + wait * DAY
    means, masses, newest = brute_force(events, now)
    shuffled = [events[i] for i in np.random.default_rng(seed + 1).permutation(n)]
    for arrival in (sorted(events, key=lambda event: event[1]), shuffled, events[::-1]):
        view = remember(arrival).read(now)
        np.testing.assert_allclose(view.long, means, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(view.mass, masses, rtol=1e-5, atol=1e-12)
        assert view.keys.tolist() == [key for _, _, key, _ in newest]
        np.testing.assert_array_equal(view.events, [vector for vector, *_ in newest])
        np.testing.assert_allclose(view.ages, [now - time for _, time, _, _ in newest], rtol=1e-6, atol=1e-30)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(0, 30))
def test_building_from_arrays_is_building_one_by_one(seed, n):
    events = world(seed, n)
    columns = (
        [np.array(column) for column in zip(*events, strict=True)]
        if n
        else [np.zeros((0, 4)), *[np.zeros(0)] * 3]
    )
    whole = UserMemory.of_events(SHAPE, *columns).read(1e8)
    single = remember(events).read(1e8)
    for name in ("long", "mass", "events", "ages", "keys"):
        np.testing.assert_allclose(getattr(whole, name), getattr(single, name), rtol=1e-5, atol=1e-30)


def test_events_of_one_instant_count_in_full():
    """A plain moving average with factor 2^(-dt/h) would give the second weight 0."""
    memory = remember([(np.eye(4, dtype=np.float32)[i], 5.0, i, 1.0) for i in range(2)])
    np.testing.assert_allclose(memory.read().long, [[0.5, 0.5, 0, 0]] * 3)
    np.testing.assert_allclose(memory.read().mass, [2, 2, 2])


def test_moving_all_times_changes_nothing():
    events = world(3, 20)
    later = [(vector, time + 1000 * DAY, key, weight) for vector, time, key, weight in events]
    one, other = remember(events).read(30 * DAY), remember(later).read(1030 * DAY)
    np.testing.assert_allclose(one.long, other.long, atol=1e-6)
    np.testing.assert_allclose(one.mass, other.mass, rtol=1e-5)
    np.testing.assert_allclose(one.ages, other.ages)


def test_a_clock_that_runs_behind_sees_the_newest_event_as_now():
    assert remember(world(1, 9)).read(-1e9).ages.min() == 0.0


def test_a_long_silence_fades_the_mass_but_not_the_mean():
    memory = remember(world(2, 9))
    near, far = memory.read(), memory.read(memory.latest + 7 * DAY)
    np.testing.assert_allclose(far.mass, near.mass * [2.0**-14, 0.5, 1.0], rtol=1e-5)
    np.testing.assert_allclose(far.long, near.long)
    memory.update(np.ones(4), memory.latest + 1e6 * DAY)  # everything but the lasting sum underflows to 0
    np.testing.assert_allclose(memory.read().long[:2], 1.0)
    assert np.isfinite(memory.read().long).all()


def test_the_state_never_grows():
    """Constant cost: an update and a read see the same arrays after 10 and after 10,000 events."""
    rng = np.random.default_rng(0)
    memory, sizes = UserMemory(SHAPE), set()
    for number in range(10_000):
        memory.update(rng.normal(size=4), float(number), key=number)
        if number + 1 in (10, 100, 1000, 10_000):
            view = memory.read()
            states = tuple(array.nbytes for array in memory.arrays().values())
            sizes.add((states, view.events.nbytes, view.long.nbytes))
    assert len(sizes) == 1


class Counting(np.ndarray):
    """An array that counts the numbers that ufuncs write."""

    written = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [np.asarray(value) if isinstance(value, Counting) else value for value in inputs]
        target = None if out is None else tuple(np.asarray(value) for value in out)
        result = getattr(ufunc, method)(*plain, **(options if target is None else options | {"out": target}))
        Counting.written += np.size(result)
        return result if out is None else out[0]


def test_an_update_does_the_same_number_of_operations_whatever_the_history():
    costs = []
    for past in (10, 1000, 10_000):
        times = np.arange(past, dtype=float)
        memory = UserMemory.of_events(SHAPE, np.ones((past, 4)), times, np.arange(past))
        memory.sums = memory.sums.view(Counting)
        Counting.written = 0
        memory.update(np.ones(4), past + 1.0)
        costs.append(Counting.written)
    assert costs[0] > 0 and len(set(costs)) == 1


def test_the_untrained_blend_follows_the_request_and_is_nothing_for_a_new_user():
    empty = UserMemory(SHAPE).read(0.0)
    np.testing.assert_array_equal(empty.blend(np.ones(4)), np.zeros(4))
    axes = np.eye(4, dtype=np.float32)
    view = remember([(axes[i % 2], float(i), i, 1.0) for i in range(6)]).read()
    plain, asked = view.blend(), view.blend(axes[0])
    assert asked[0] > plain[0]
    weights = view.attend(axes[0])
    assert weights.sum() == pytest.approx(1.0) and weights[view.events[:, 0] == 1].sum() > 0.99


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 12))
def test_moving_averages_are_the_recurrence_over_the_window_in_any_order(seed, n):
    events = world(seed, n)
    shares = np.array([1.0, 0.6, 0.1])
    newest = sorted(events, key=lambda event: (event[1], event[2]))[-SHAPE.window :]
    total, weight = np.zeros((3, 4)), np.zeros(3)
    for vector, *_ in newest:
        total = (1 - shares)[:, None] * total + shares[:, None] * vector
        weight = (1 - shares) * weight + shares
    shuffled = [events[i] for i in np.random.default_rng(seed).permutation(n)]
    for arrival in (events, shuffled):
        found = remember(arrival).read().averages(shares)
        np.testing.assert_allclose(found, total / weight[:, None], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(UserMemory(SHAPE).read(0.0).averages(shares), np.zeros((3, 4)))


def test_newer_events_weigh_more_where_likeness_is_equal():
    view = remember([(np.ones(4, np.float32), float(i) * DAY, i, 1.0) for i in range(4)]).read()
    assert (np.diff(view.attend(np.ones(4))) > 0).all()


@pytest.mark.parametrize(
    ("vector", "time", "weight"),
    [
        (np.ones(3), 0.0, 1.0),
        (np.ones(4) * np.nan, 0.0, 1.0),
        (np.ones(4), np.inf, 1.0),
        (np.ones(4), 0.0, 0.0),
    ],
)
def test_bad_events_are_refused_and_leave_no_trace(vector, time, weight):
    bank = MemoryBank(SHAPE)
    with pytest.raises(InvalidInputError):
        bank.update("u", vector, time, weight=weight)
    assert "u" not in bank


@pytest.mark.parametrize("bad", [{"dim": 0}, {"window": 0}, {"half_lives": ()}, {"half_lives": (0.0,)}])
def test_impossible_shapes_are_refused(bad):
    with pytest.raises(InvalidInputError):
        MemoryShape(**({"dim": 4} | bad))


def test_a_bank_survives_the_disk_and_goes_on_as_before(tmp_path):
    bank = MemoryBank(SHAPE)
    for user, seed in (("ann", 1), ("Émile", 2)):
        for vector, time, key, weight in world(seed, 8):
            bank.update(user, vector, time, key=key, weight=weight)
    again = MemoryBank.load(bank.save(tmp_path / "bank.safetensors"))
    for each in (bank, again):
        each.update("ann", np.ones(4), 30 * DAY, key=99)
    assert len(again) == 2 and again.shape == SHAPE
    for user in ("ann", "Émile", "nobody"):
        for name in ("long", "mass", "events", "ages", "keys"):
            one, other = (getattr(each.read(user, 40 * DAY), name) for each in (bank, again))
            np.testing.assert_array_equal(one, other)
    assert list(tmp_path.iterdir()) == [tmp_path / "bank.safetensors"]


@settings(max_examples=60, deadline=None)
@given(said=st.lists(st.integers(0, 6), max_size=30), limit=st.integers(1, 5))
def test_a_bank_keeps_those_heard_of_last(tmp_path_factory, said, limit):
    bank, latest = MemoryBank(SHAPE, limit), []
    for time, number in enumerate(said):
        bank.update(f"u{number}", np.full(4, number), float(time))
        latest = [*(n for n in latest if n != number), number][-limit:]
    assert {f"u{n}" for n in range(7) if f"u{n}" in bank} == {f"u{n}" for n in latest}
    path = bank.save(tmp_path_factory.mktemp("bank") / "file")
    fewer = max(1, limit - 1)
    again = MemoryBank.load(path, fewer)
    assert [n for n in latest if f"u{n}" in again] == latest[-fewer:] and len(again) == len(latest[-fewer:])
    again.update("new", np.ones(4), 99.0)
    assert len(again) <= fewer and "new" in again


def test_a_bank_for_nobody_is_refused():
    with pytest.raises(InvalidInputError):
        MemoryBank(SHAPE, 0)


def test_an_empty_bank_survives_the_disk(tmp_path):
    assert len(MemoryBank.load(MemoryBank(SHAPE).save(tmp_path / "bank"))) == 0


def test_an_erased_user_is_gone_from_memory_and_from_the_next_file(tmp_path):
    bank = MemoryBank(SHAPE)
    secret = np.array([1.25, 2.5, 5.125, 10.0625], dtype=np.float32)
    bank.update("erase-me", secret, 1.0)
    bank.update("stays", np.ones(4), 1.0)
    path = bank.save(tmp_path / "bank")
    assert b"erase-me" in path.read_bytes() and secret.tobytes() in path.read_bytes()
    assert bank.forget("erase-me") and not bank.forget("erase-me")
    assert len(bank.read("erase-me")) == 0
    content = bank.save(path).read_bytes()
    assert b"erase-me" not in content and secret.tobytes() not in content and b"stays" in content


@pytest.mark.parametrize("content", [b"", b"rubbish" * 9])
def test_a_file_of_something_else_is_named(tmp_path, content):
    path = tmp_path / "bank"
    path.write_bytes(content)
    with pytest.raises(CorruptionError, match="bank"):
        MemoryBank.load(path)


def test_threads_lose_no_event(tmp_path):
    """Sums of whole numbers are exact in any order, so a lost or doubled update would show."""
    bank = MemoryBank(MemoryShape(2, 3, (np.inf,)))

    def work(worker: int) -> None:
        for number in range(200):
            user = f"u{number % 5}"
            bank.update(user, np.array([1.0, worker]), float(number), key=worker)
            assert len(bank.read(user)) <= 3
            if number % 50 == 0:
                bank.arrays()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for user in range(5):
        view = bank.read(f"u{user}")
        assert view.mass.tolist() == [160.0] and view.long.tolist() == [[1.0, 1.5]]
