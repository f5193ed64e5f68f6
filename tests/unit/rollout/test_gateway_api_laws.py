"""Laws of weights in routes, for every route that the API server can return."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sluice.model.cluster import HttpRoute, RouteRule
from sluice.model.json import Body, Json
from sluice.model.problems import Invalid
from sluice.rollout.routes.gateway_api import carries, desired, read_weight, shifted_rules
from tests.unit.rollout.given import ALL_RULES, SPLIT, ref, route, route_body

STRANGERS = st.sampled_from(["legacy", "cart", "search"])
FILTERS: st.SearchStrategy[dict[str, Json]] = st.sampled_from([{}, {"filters": [{"type": "x"}]}])
# Whole hundreds look like what is written while the canary is in.
WEIGHTS = st.one_of(st.integers(0, 10_000), st.integers(0, 100).map(lambda n: n * 100))
OTHERS = st.builds(lambda n, w, f: ref(n, w, **f), STRANGERS, st.integers(0, 1000), FILTERS)
PERCENTS = st.one_of(st.none(), st.integers(0, 100))


@st.composite
def rules(draw: st.DrawFn) -> Sequence[dict[str, Json]]:
    """Return a rule with at most one entry of ours among those of others."""
    others = draw(st.lists(OTHERS, max_size=3))
    ours = ref("checkout", draw(WEIGHTS), **draw(FILTERS))
    place = draw(st.integers(0, len(others)))
    return [*others[:place], ours, *others[place:]]


# Routes are large examples; fewer of them keep the suite fast.
LAW = settings(max_examples=50)
ROUTES = st.lists(rules(), min_size=1, max_size=3).map(lambda found: route(*found))


def written(found: HttpRoute) -> list[list[Json]]:
    return [[backend.written for backend in rule.backends] for rule in found.rules]


def after(found: HttpRoute, percent: int | None) -> HttpRoute:
    """Return the route as the API server has it once the operations are applied."""
    backends = written(found)
    for operation in desired(found, ALL_RULES, SPLIT, percent):
        assert isinstance(operation.value, Sequence)
        backends[int(operation.path.split("/")[3])] = list(operation.value)
    return HttpRoute.from_body(Body(route_body(backends)))


def ours(rule: RouteRule) -> Mapping[str, int]:
    names = ("checkout", "checkout-canary")
    return {name: sum(b.weight for b in rule.backends if b.name == name) for name in names}


def strangers(rule: RouteRule) -> list[Json]:
    return [b.written for b in rule.backends if not b.name.startswith("checkout")]


@LAW
@given(ROUTES, st.lists(PERCENTS, max_size=6))
def test_taking_the_canary_out_restores_what_was_there(
    found: HttpRoute, percents: list[int | None]
) -> None:
    now = found
    for percent in percents:
        now = after(now, percent)

    assert written(after(now, None)) == written(found)


@LAW
@given(ROUTES, st.lists(PERCENTS, max_size=3), PERCENTS)
def test_the_way_to_a_weight_does_not_matter(
    found: HttpRoute, percents: list[int | None], last: int | None
) -> None:
    now = found
    for percent in percents:
        now = after(now, percent)

    assert written(after(now, last)) == written(after(found, last))


@LAW
@given(ROUTES, PERCENTS)
def test_what_was_written_is_not_written_again(found: HttpRoute, percent: int | None) -> None:
    assert carries(after(found, percent), ALL_RULES, SPLIT, percent)


@LAW
@given(ROUTES, st.integers(0, 100))
def test_others_keep_their_entries_and_their_share(found: HttpRoute, percent: int) -> None:
    shifted = after(found, percent)

    for before, now in zip(found.rules, shifted.rules, strict=True):
        assert strangers(before) == strangers(now)
        if strangers(before):
            assert sum(ours(before).values()) == sum(ours(now).values())


@LAW
@given(ROUTES, st.integers(0, 100))
def test_an_accepted_route_carries_the_exact_percent(found: HttpRoute, percent: int) -> None:
    accepted = shifted_rules(found, ALL_RULES, SPLIT, (percent,))
    assume(not isinstance(accepted, Invalid))
    assert not isinstance(accepted, Invalid)

    shifted = after(found, percent)

    for rule in accepted:
        weights = ours(shifted.rules[rule.index])
        exact = Fraction(weights["checkout-canary"], sum(weights.values()))
        assert exact == Fraction(percent, 100)
    assert read_weight(shifted, SPLIT) == percent


@LAW
@given(ROUTES, st.integers(0, 100))
def test_weights_stay_within_the_api(found: HttpRoute, percent: int) -> None:
    weights = [b.weight for rule in after(found, percent).rules for b in rule.backends]

    assert all(0 <= weight <= 1_000_000 for weight in weights)


@LAW
@given(ROUTES, st.integers(0, 100))
def test_rounding_never_gives_the_canary_more_than_asked(found: HttpRoute, percent: int) -> None:
    for rule in after(found, percent).rules:
        weights = ours(rule)
        assert weights["checkout-canary"] * 100 <= percent * sum(weights.values())
