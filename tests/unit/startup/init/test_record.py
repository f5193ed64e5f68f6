"""Records: what is written comes back, what cannot be read is said, and none grows too large."""

import json
from collections.abc import Mapping

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.model.cluster import ConfigMap
from sluice.model.json import Body, Json, JsonObject
from sluice.model.plan import Create, Expectation, Fence, Patch
from sluice.model.problems import Stalled
from sluice.model.reasons import Reason
from sluice.startup.init.names import record_ref
from sluice.startup.init.record import (
    Entry,
    Record,
    create_record,
    first_bytes,
    last_bytes,
    read_record,
    write_entry,
)
from sluice.startup.init.run import Direction, Outcome, Result, Run
from tests.unit.startup.init.given import (
    BACK,
    BROKEN,
    DONE,
    DOWN,
    FENCE,
    HALF,
    NAMESPACE,
    NODE,
    NOW,
    OPEN,
    RUN,
    down,
    entry,
    init,
    kept_in,
    meta,
    record,
    up,
)

REF = record_ref(NAMESPACE, "shop-db", NODE)
MEBIBYTE = 1024 * 1024
INSTANTS = st.integers(0, 4_000_000_000_000).map(lambda value: value / 1000)
TEXTS = st.text(max_size=64)
OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Result),
    INSTANTS,
    st.none() | INSTANTS,
    st.integers(0, 100),
    st.none() | st.integers(0, 255),
    TEXTS,
    TEXTS,
)
RUNS = st.builds(
    Run, TEXTS, st.text(min_size=1), TEXTS, st.sampled_from(Direction), st.integers(1, 99)
)
DOWNS: st.SearchStrategy[JsonObject | None] = st.none() | st.dictionaries(
    st.text(), TEXTS, min_size=1
)
ENTRIES = st.builds(Entry, st.integers(1, 10**6), RUNS, TEXTS, TEXTS, OUTCOMES, DOWNS)


class Kept:
    """A ConfigMap as the API server has it, written by our actions alone."""

    def __init__(self) -> None:
        made = create_record("group", REF, "shop-db", NODE)
        self.data: dict[str, str] = dict(Body(made.manifest).labels("data"))

    @property
    def body(self) -> Body:
        return Body({"metadata": meta(REF.name, "uid-of-record"), "data": self.data})

    @property
    def read(self) -> Record:
        return read_record(REF, ConfigMap.from_body(self.body))

    def write(self, one: Entry, log: str | None = "") -> None:
        patch = write_entry("group", self.read, one, log)
        operations = [operation.to_json() for operation in patch.operations]
        self.data = jsonpatch.apply_patch({"data": self.data}, operations)["data"]

    @property
    def size(self) -> int:
        """How the API server counts it against its limit of 1 MiB: keys and values."""
        return sum(len(key.encode()) + len(value.encode()) for key, value in self.data.items())


def test_an_empty_record_says_which_format_it_has_and_outlives_its_graph() -> None:
    made = create_record("group", REF, "shop-db", NODE, FENCE)

    assert isinstance(made, Create)
    assert made.manifest["data"] == {"format": "v1"}
    metadata = Body(made.manifest).body("metadata")
    assert not metadata.has("ownerReferences")
    assert metadata.labels("labels").keys() == {"sluice.dev/record", "sluice.dev/lock"}
    assert made.identity == metadata.labels("labels")
    assert made.fence is FENCE


def test_none_is_an_empty_history() -> None:
    assert read_record(REF, None) == Record(REF)
    assert not Record(REF).exists
    assert record().exists


@settings(deadline=None)  # a busy machine is no fault
@given(ENTRIES)
def test_what_is_written_comes_back(one: Entry) -> None:
    kept = Kept()

    kept.write(one)

    assert kept.read.entries == (one,)


def test_fields_of_a_newer_version_are_passed_over_and_left_alone() -> None:
    kept = Kept()
    kept.write(entry())
    written = json.loads(kept.data["version.43"])
    kept.data["version.43"] = json.dumps({**written, "planned": {"by": "newer"}})
    kept.data["notes"] = "written by hand"

    kept.write(entry(run=up(of=init(version="44")), order=2))

    assert kept.read.fault == ""
    assert [one.run.version for one in kept.read.entries] == ["43", "44"]
    assert "planned" in kept.data["version.43"]
    assert kept.data["notes"] == "written by hand"


def test_a_patch_rests_on_the_version_that_was_read() -> None:
    patch = write_entry("group", record(), entry(), "done")

    assert isinstance(patch, Patch)
    assert patch.resource_version == "7"


def test_the_log_is_kept_beside_and_only_its_end() -> None:
    kept = Kept()

    kept.write(entry(), "ä" * 4096)

    assert kept.data["log.43"] == "ä" * 2048


def test_a_persons_word_leaves_the_log() -> None:
    kept = Kept()
    kept.write(entry(BROKEN), "it broke")

    kept.write(entry(OPEN), None)

    assert kept.data["log.43"] == "it broke"


def test_a_step_that_undoes_is_kept_unless_it_is_too_large() -> None:
    kept = Kept()
    kept.write(entry(kept=DOWN))
    kept.write(entry(run=up(of=init(version="44")), order=2, kept={"image": "x" * 4096}))

    assert [one.down for one in kept.read.entries] == [DOWN, None]


def test_the_oldest_version_is_dropped_with_its_log_even_if_that_is_gone() -> None:
    kept = Kept()
    for number in range(1, 21):
        kept.write(entry(run=up(of=init(version=str(number))), order=number), "log")
    del kept.data["log.1"]

    kept.write(entry(run=up(of=init(version="21")), order=21), "log")

    versions = [one.run.version for one in kept.read.entries]
    assert versions == [str(number) for number in range(2, 22)]
    assert not {"version.1", "log.1"} & kept.data.keys()


def test_a_version_that_is_written_again_drops_none() -> None:
    kept = Kept()
    for number in range(1, 21):
        kept.write(entry(run=up(of=init(version=str(number))), order=number))

    kept.write(entry(BROKEN, run=up(2, of=init(version="7")), order=7))

    assert len(kept.read.entries) == 20
    assert kept.read.entries[0].run.version == "1"


WIDE = st.sampled_from(["\x00", '"', "\\", "x", "ä", "\U0001f600"])


@settings(max_examples=10, deadline=None)
@given(st.lists(WIDE, min_size=5, max_size=5), st.integers(0, 5000))
def test_a_record_is_never_too_large_for_the_server(wide: list[str], length: int) -> None:
    by, image, version, log, step = wide
    kept = Kept()

    for number in range(1, 24):
        outcome = Outcome(
            Result.DIRTY,
            NOW,
            NOW,
            100,
            20,
            first_bytes(image * length, 512),
            first_bytes(by * length, 128),
        )
        name = f"{number}{version * 125}"[:128]
        run = Run("l" * 63, name, "v1:" + "0" * 64, Direction.DOWN, 10**9)
        one = Entry(number, run, "j" * 63, "u" * 36, outcome, {"image": step * length})
        kept.write(one, log * length)

    assert len(kept.read.entries) == 20
    assert kept.size < MEBIBYTE / 2


UNREADABLE: list[tuple[str, Mapping[str, str | None], str]] = [
    ("no format", {"format": None}, "format is missing"),
    ("another format", {"format": "v2"}, "format is v2, not v1"),
    ("no JSON", {"version.44": "{"}, "version.44: Expecting property name"),
    ("no object", {"version.44": "[]"}, "version.44: order: expected an integer"),
    ("an unknown result", {"version.44": '{"order":1,"result":"Maybe"}'}, "version.44: lock"),
    ("an instant out of time", {"version.44": "late"}, "version.44: Expecting value"),
    (
        "another version than the key says",
        {"version.44": json.dumps(dict(entry().to_json()))},
        "version.44: version: 43 stands under another key",
    ),
]


@pytest.mark.parametrize(("_", "more", "fault"), UNREADABLE, ids=[said for said, *_ in UNREADABLE])
def test_what_cannot_be_read_is_named_and_never_empty(
    _: str, more: Mapping[str, str | None], fault: str
) -> None:
    found = read_record(REF, kept_in(entry(), more=more))

    assert found.fault.startswith(f"{REF.name}: {fault}")
    assert isinstance(found.problem, Stalled)
    assert found.problem.reason is Reason.RECORD_UNREADABLE
    assert found.exists


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"(version\.|log\.)?[a-z0-9]{0,5}", fullmatch=True), TEXTS))
def test_whatever_stands_there_is_read_or_named(data: dict[str, str]) -> None:
    found = read_record(REF, kept_in(more=data))

    strange = any(key.startswith("version.") for key in data) or "format" in data
    assert bool(found.fault) == strange


def test_what_can_be_read_is_no_problem() -> None:
    assert record(entry()).problem is None


def test_the_fence_is_the_whole_history() -> None:
    found = record(entry())

    expected = Expectation(("metadata", "resourceVersion"), "7")
    assert found.fence == Fence(found.ref, "uid-of-record", (expected,))


STUCK: list[tuple[str, Outcome, Run, bool]] = [
    ("complete", DONE, RUN, False),
    ("failed", BROKEN, RUN, False),
    ("half done", HALF, RUN, True),
    ("half undone", HALF, down(), True),
    ("failed to be undone", BROKEN, down(), True),
    ("undone", BACK, down(), False),
    ("reopened", OPEN, RUN, False),
]


@pytest.mark.parametrize(("_", "outcome", "run", "stuck"), STUCK, ids=[s[0] for s in STUCK])
def test_what_keeps_all_others_back(_: str, outcome: Outcome, run: Run, *, stuck: bool) -> None:
    one = entry(outcome, run)

    assert record(one).stuck == (one if stuck else None)


IN_EFFECT: list[tuple[str, Outcome, Run, bool]] = [
    ("complete", DONE, RUN, True),
    ("failed", BROKEN, RUN, False),
    ("reopened after it failed", OPEN, RUN, False),
    ("failed to be undone", BROKEN, down(), True),
    ("to be undone once more", OPEN, down(), True),
    ("undone", BACK, down(), False),
]


@pytest.mark.parametrize(
    ("_", "outcome", "run", "effect"), IN_EFFECT, ids=[s[0] for s in IN_EFFECT]
)
def test_what_is_in_effect(_: str, outcome: Outcome, run: Run, *, effect: bool) -> None:
    assert entry(outcome, run).in_effect is effect


def test_a_version_is_there_for_others_only_when_it_is_complete() -> None:
    assert record(entry(DONE)).has("43")
    assert not record(entry(BROKEN)).has("43")
    assert not record(entry(DONE)).has("44")


@settings(deadline=None)
@given(st.text(), st.integers(1, 50))
def test_texts_are_cut_between_characters(text: str, limit: int) -> None:
    beginning, end = first_bytes(text, limit), last_bytes(text, limit)

    assert text.startswith(beginning)
    assert text.endswith(end)
    assert max(len(beginning.encode()), len(end.encode())) <= limit


def test_what_is_no_text_for_the_server_is_replaced() -> None:
    assert first_bytes("a\ud800b", 10) == "a?b"


def test_an_entry_is_read_by_people() -> None:
    shown = entry(OPEN).to_json()

    names: list[Json] = list(shown)
    assert names[:6] == ["order", "lock", "version", "checksum", "direction", "run"]
    assert shown["by"] == "ada"
