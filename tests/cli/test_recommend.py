"""`graphrec recommend`, `similar`, `evaluate`: output, limits, and what bad arguments lead to."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import DISHES, Command, Kitchen
from tests.nlu.formats.golden import FOLDER, NAMES, changed

CHICKEN = {ident for ident, *_, lines in DISHES if any("chicken" in line for line in lines)}


def items(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [entry["item"] for entry in answer["items"]]


def test_a_user_who_keeps_to_one_cuisine_gets_the_dish_they_have_not_cooked(
    graphrec: Command, kitchen: Kitchen
) -> None:
    answer = graphrec("recommend", "--model", kitchen.bundle, "--user", "u0", "--k", 3, "--json")
    assert answer.status == 0
    assert items(answer.json)[0] == "pad-thai"  # the one Thai dish that u0 skipped
    assert answer.err == ""


def test_json_has_the_documented_shape(graphrec: Command, kitchen: Kitchen) -> None:
    answer = graphrec(
        "recommend", "--model", kitchen.bundle, "--store", kitchen.url, "--user", "u0", "--explain", "--json"
    ).json
    assert isinstance(answer, dict)
    assert set(answer) == {"user", "items", "query", "fallback"}
    assert answer["user"] == "u0" and answer["fallback"] is None
    assert set(answer["items"][0]) == {"item", "score", "title", "reasons"}
    assert answer["items"][0]["title"] == "Pad Thai"
    assert answer["items"][0]["reasons"]


def test_plain_output_is_one_tab_separated_line_per_item(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec("recommend", "--model", kitchen.bundle, "--user", "u0", "--k", 2)
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert rows[0][:2] == ["1", "pad-thai"]
    assert len(rows) == 2
    assert "\x1b" not in outcome.out


def test_must_and_must_not_hold(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec(
        "recommend", "--model", kitchen.bundle, "--user", "nobody", "--k", 12,
        "--must", "ingredient:chicken breast", "--must-not", "ingredient:nuts", "--json",
    )  # fmt: skip
    assert sorted(items(outcome.json)) == ["green-curry", "piccata", "tinga"]


def test_a_request_in_words_is_understood_and_said_on_stderr(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec(
        "recommend", "--model", kitchen.bundle, "--user", "u1", "--request", "chicken without nuts"
    )
    found = {line.split("\t")[1] for line in outcome.out.splitlines()}
    assert outcome.status == 0
    assert found and found <= {"green-curry", "piccata", "tinga"}
    assert "chicken" in outcome.err and "not" in outcome.err


def test_an_unknown_user_is_answered_and_the_fallback_says_so(graphrec: Command, kitchen: Kitchen) -> None:
    answer = graphrec("recommend", "--model", kitchen.bundle, "--user", "never seen", "--json").json
    assert isinstance(answer, dict)
    assert answer["fallback"] == "cold_user" and len(answer["items"]) == 10


def test_nothing_fits_is_an_empty_answer_and_not_an_error(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec(
        "recommend", "--model", kitchen.bundle, "--user", "u0", "--must", "ingredient:unobtainium"
    )
    assert outcome.status == 0 and outcome.out == ""
    assert "No item satisfies" in outcome.err


@pytest.mark.parametrize(("k", "count"), [(0, 0), (5, 5), (1000, 12)])
def test_k_from_none_to_more_than_the_catalogue(
    graphrec: Command, kitchen: Kitchen, k: int, count: int
) -> None:
    answer = graphrec("recommend", "--model", kitchen.bundle, "--user", "nobody", "--k", k, "--json")
    assert answer.status == 0 and len(items(answer.json)) == count


@pytest.mark.parametrize(
    "user", ["'; DROP TABLE node; --", "名前 🍜", 'a "quoted" id', "a b", "%", "x" * 512]
)
def test_weird_ids_are_only_ids(graphrec: Command, kitchen: Kitchen, user: str) -> None:
    outcome = graphrec(
        "recommend", "--model", kitchen.bundle, "--store", kitchen.url, "--user", user, "--json"
    )
    assert outcome.status == 0
    assert isinstance(outcome.json, dict) and outcome.json["user"] == user


def test_batch_answers_in_order_and_keeps_to_candidates(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path
) -> None:
    requests, answers = tmp_path / "requests.jsonl", tmp_path / "answers.jsonl"
    lines = [
        {"user": "u0", "k": 2},
        {"user": "new", "request": "dessert", "k": 3},
        {"user": "u0", "candidates": ["flan", "tacos"], "exclude_seen": False},
    ]
    requests.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    outcome = graphrec("recommend", "--model", kitchen.bundle, "--batch", requests, "--out", answers)
    assert outcome.status == 0 and outcome.out == ""
    found = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    assert [answer["user"] for answer in found] == ["u0", "new", "u0"]
    assert set(items(found[1])) == {"mango-rice", "tiramisu", "flan"}
    assert sorted(items(found[2])) == ["flan", "tacos"]


def test_batch_without_out_goes_to_stdout(graphrec: Command, kitchen: Kitchen, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text('{"user": "u0"}\n\n{"user": "u1"}\n', encoding="utf-8")
    outcome = graphrec("recommend", "--model", kitchen.bundle, "--batch", requests)
    assert [json.loads(line)["user"] for line in outcome.out.splitlines()] == ["u0", "u1"]


@pytest.mark.parametrize("bad", ["not json", "[1, 2]", '{"k": 3}', '{"user": "u0", "k": -1}'])
def test_a_bad_batch_line_is_named_and_no_answers_are_left(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path, bad: str
) -> None:
    requests, answers = tmp_path / "requests.jsonl", tmp_path / "answers.jsonl"
    requests.write_text('{"user": "u0"}\n' + bad + "\n", encoding="utf-8")
    answers.write_text("old\n", encoding="utf-8")
    line = graphrec.fails("recommend", "--model", kitchen.bundle, "--batch", requests, "--out", answers)
    assert "ine 2" in line
    assert answers.read_text(encoding="utf-8") == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "requests.jsonl"]


def test_empty_batch_gives_an_empty_file(graphrec: Command, kitchen: Kitchen, tmp_path: Path) -> None:
    requests, answers = tmp_path / "requests.jsonl", tmp_path / "answers.jsonl"
    requests.touch()
    assert graphrec("recommend", "--model", kitchen.bundle, "--batch", requests, "--out", answers).status == 0
    assert answers.read_text(encoding="utf-8") == ""


def test_nlu_takes_a_parsed_query(graphrec: Command, kitchen: Kitchen, tmp_path: Path) -> None:
    file = tmp_path / "query.json"
    file.write_text(json.dumps({"user": "new", "must": ["course:dessert"], "k": 2}), encoding="utf-8")
    outcome = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file, "--json")
    assert len(items(outcome.json)) == 2
    assert set(items(outcome.json)) <= {"mango-rice", "tiramisu", "flan"}


@pytest.mark.parametrize("name", NAMES)
def test_nlu_of_every_platform_gives_one_query(graphrec: Command, kitchen: Kitchen, name: str) -> None:
    file = FOLDER / f"{name}.json"
    answer = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file, "--user", "new", "--json").json
    assert isinstance(answer, dict) and set(answer) == {"user", "items", "query", "fallback"}
    query = answer["query"]
    assert query["must"] == ["cuisine:italian", "ingredient:chicken"]
    assert (query["ranges"], query["must_not"]) == ({"total_minutes": [None, 30.0]}, [])
    assert query["text"] == "italian chicken"
    assert items(answer) == ["piccata"]


def write(folder: Path, data: object) -> Path:
    file = folder / "request.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def test_nlu_answers_for_the_user_of_the_file_unless_one_is_given(graphrec: Command, kitchen: Kitchen) -> None:
    words = ("recommend", "--model", kitchen.bundle, "--nlu", FOLDER / "alexa.json", "--json")
    named, given = graphrec(*words).json, graphrec(*words, "--user", "u0").json
    assert isinstance(named, dict) and isinstance(given, dict)
    assert (named["user"], named["fallback"]) == ("u1", None)
    assert (given["user"], given["query"]["user"]) == ("u0", "u0")


def test_nlu_from_stdin(graphrec: Command, kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (FOLDER / "lex.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert items(graphrec("recommend", "--model", kitchen.bundle, "--nlu", "-", "--json").json) == ["piccata"]


def test_nlu_keeps_an_exclusion_that_the_service_missed(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path
) -> None:
    entity = {"entity": "food", "value": "chicken", "start": 0, "end": 7}
    file = write(tmp_path, {"text": "chicken without nuts", "intent": {"name": "recipe"}, "entities": [entity]})
    answer = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file, "--k", 12, "--json").json
    assert sorted(items(answer)) == ["green-curry", "piccata", "tinga"]


def test_nlu_joins_the_limits_of_the_command(graphrec: Command, kitchen: Kitchen, tmp_path: Path) -> None:
    file = write(tmp_path, {"text": "chicken", "user": "new"})
    words = ("recommend", "--model", kitchen.bundle, "--nlu", file, "--json")
    limits = ("--must", "cuisine:thai", "--must-not", "ingredient:nuts")
    assert items(graphrec(*words, *limits).json) == ["green-curry"]
    assert len(items(graphrec(*words, "--k", 2).json)) == 2


def test_nlu_for_something_alike_keeps_the_limits(graphrec: Command, kitchen: Kitchen, tmp_path: Path) -> None:
    file = write(tmp_path, {"text": "something like carbonara but without chicken", "user": "new"})
    answer = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file, "--k", 2, "--json").json
    alike = items(graphrec("similar", "--model", kitchen.bundle, "--item", "carbonara", "--k", 12, "--json").json)
    assert items(answer) == [item for item in alike if item not in CHICKEN][:2]


@pytest.mark.parametrize(("intent", "said"), [
    ({"name": "AMAZON.StopIntent"}, "Understood as stop"), ({"name": "cook_time"}, "Understood as cook_time"),
    ({"name": "RecipeIntent", "confirmationStatus": "DENIED"}, "Understood as deny"),
])  # fmt: skip
def test_nlu_that_asks_for_no_list_says_what_was_understood(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path, intent: object, said: str
) -> None:
    file = write(tmp_path, changed("alexa", "request.intent", intent))
    answer = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file, "--json").json
    assert isinstance(answer, dict) and set(answer) == {"user", "items", "query", "fallback"}
    assert answer["items"] == [] and said in answer["query"]["note"]
    shown = graphrec("recommend", "--model", kitchen.bundle, "--nlu", file)
    assert (shown.status, shown.out) == (0, "") and said in shown.err
    assert "No item satisfies" not in shown.err


@pytest.mark.parametrize(("content", "said"), [
    ('{"domain": "cooking"}', "no known format"), ("[]", "a list"), ("{", "not JSON"), ("", "not JSON"), ("NaN", "NaN"),
    ('{"user": "u", "must": "thai"}', "'must' of a query must be a list"), ("[" * 100_000, "nested too deeply"),
    ('{"text": "soup", "must": [], "colour": 1}', "no field 'colour'"),
    ('{"text": "soup", "intent": "x", "entities": [5]}', "entities[0] must be an object, but 5 was given"),
])  # fmt: skip
def test_nlu_of_another_form_is_refused(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "query.json"
    file.write_text(content, encoding="utf-8")
    line = graphrec.fails("recommend", "--model", kitchen.bundle, "--user", "u0", "--nlu", file)
    assert str(file) in line and said in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--user", "u0", "--k", "-1"], "k"),
        (["--user", "u0", "--k", "many"], "--k"),
        ([], "--user"),
        (["--user", "u0", "--must", "chicken"], "TYPE:VALUE"),
        (["--user", "u0", "--batch", "x.jsonl"], "--batch"),
        (["--user", "u0", "--out", "x.jsonl"], "--out"),
        (["--batch", "missing.jsonl"], "missing.jsonl"),
        (["--user", "u0", "--nlu", "missing.json"], "missing.json"),
        (["--user", "u0", "--store", "sqlite:///missing.db"], "missing.db"),
        (["--user", "u0", "--store", "oracle://x"], "oracle"),
        (["--user", "u0", "--colour"], "--colour"),
    ],
)
def test_bad_arguments_end_with_one_line(
    graphrec: Command, kitchen: Kitchen, words: list[str], said: str
) -> None:
    assert said in graphrec.fails("recommend", "--model", kitchen.bundle, *words)


def test_a_folder_without_a_bundle(graphrec: Command, tmp_path: Path) -> None:
    assert str(tmp_path) in graphrec.fails("recommend", "--model", tmp_path, "--user", "u0")
    assert "nowhere" in graphrec.fails("recommend", "--model", tmp_path / "nowhere", "--user", "u0")


def test_similar_items_share_users(graphrec: Command, kitchen: Kitchen) -> None:
    outcome = graphrec("similar", "--model", kitchen.bundle, "--item", "carbonara", "--k", 3, "--json")
    assert set(items(outcome.json)) == {"pesto", "tiramisu", "piccata"}
    assert "no item" in graphrec.fails("similar", "--model", kitchen.bundle, "--item", "lasagna")


def test_evaluate_on_a_file_finds_what_was_left_out(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path
) -> None:
    test = tmp_path / "test.csv"
    rows = ["u0,pad-thai", "u1,carbonara", "u2,tacos", "stranger,flan", "u0,unknown dish"]
    test.write_text("user,recipe\n" + "\n".join(rows) + "\n", encoding="utf-8")
    words = ("evaluate", "--model", kitchen.bundle, "--store", kitchen.url, "--test", test)
    found = graphrec(*words, "--k", "1,3", "--json").json
    assert isinstance(found, dict)
    assert found["slices"]["users/head"]["recall@1"] == 1.0
    assert found["slices"]["users/isolation"] == found["slices"]["users/isolation"] | {"users": 1}
    assert found["users"] == 4  # the stranger takes part, with popularity
    assert found["test_rows"] == {"rows": 5, "unknown_users": 1, "unknown_items": 1, "already_seen": 0}
    table = graphrec(*words, "--k", "3")
    assert table.out.splitlines()[0] == "metric\tmean\tstandard error"
    assert "recall@3\t" in table.out
    assert "1 rows are of users" in table.err
    assert "users/isolation (1 users)" in table.err


@pytest.mark.parametrize(
    ("content", "k", "said"),
    [
        ("user,recipe\nu0,pad-thai\n", "0", "--k"),
        ("user,recipe\nu0,pad-thai\n", "ten", "--k"),
        ("", "10", "column"),
        ("who,what\nu0,pad-thai\n", "10", "column"),
        ("user,recipe\n", "10", "nothing"),
        ("user,recipe\nu0,\n", "10", ":2:"),
    ],
)
def test_evaluate_refuses(
    graphrec: Command, kitchen: Kitchen, tmp_path: Path, content: str, k: str, said: str
) -> None:
    test = tmp_path / "test.csv"
    test.write_text(content, encoding="utf-8")
    words = ("evaluate", "--model", kitchen.bundle, "--store", kitchen.url, "--test", test, "--k", k)
    assert said in graphrec.fails(*words)
