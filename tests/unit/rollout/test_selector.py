import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.rollout.selector import Arm, Placeholder, Selector, SelectorError, pods_pattern

ARM = Arm("shop", "checkout", 80, ("checkout-6d8f",))
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,60}[a-z0-9])?", fullmatch=True)
QUOTES = st.sampled_from(['"', "'", "`"])


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        pytest.param(
            'requests_total{pod=~"$pods"}',
            'requests_total{pod=~"checkout-6d8f-[a-z0-9]+"}',
            id="puts in the pattern of the pods",
        ),
        pytest.param(
            " requests_total { service = \"$service\" , code =~ '5..' , } ",
            "requests_total{service=\"checkout\",code=~'5..'}",
            id="takes spaces, a last comma and single quotes",
        ),
        pytest.param(
            "requests_total{backend=`$namespace_$service_80`}",
            "requests_total{backend=`shop_checkout_80`}",
            id="finds placeholders that underscores follow",
        ),
        pytest.param(
            'requests_total{service="$service",code=~"5..$"}',
            'requests_total{service="checkout",code=~"5..$"}',
            id="leaves the end of a regular expression alone",
        ),
        pytest.param(
            r'requests_total{service="$service",path!="a\"b}"}',
            r'requests_total{service="checkout",path!="a\"b}"}',
            id="keeps escaped quotes and braces within quotes",
        ),
    ],
)
def test_render(text: str, rendered: str) -> None:
    assert Selector.parse(text).render(ARM) == rendered


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("up", "plain selector", id="refuses a metric without matchers"),
        pytest.param('{pod=~"$pods"}', "plain selector", id="refuses matchers without a metric"),
        pytest.param('rate(a{pod=~"$pods"}[1m])', "plain selector", id="refuses a function"),
        pytest.param('a{pod=~"$pods"}[1m]', "plain selector", id="refuses a range"),
        pytest.param('a{pod=~"$pods"} or b', "plain selector", id="refuses an operator"),
        pytest.param("a{pod=~$pods}", "plain selector", id="refuses a placeholder without quotes"),
        pytest.param('a{pod=~"$pods}', "plain selector", id="refuses quotes that stay open"),
        pytest.param('a{code="5"}', "one of", id="refuses a selector that is the same for both"),
        pytest.param('a{s="$service",pod=~"$pods"}', "one of", id="refuses both placeholders"),
        pytest.param('a{pod=~"$pod"}', "$pod,", id="refuses a placeholder that is misspelt"),
        pytest.param('a{s="${service}"}', "one of", id="refuses braces around a placeholder"),
        pytest.param('a{pod="$pods"}', "pod=~", id="refuses the pattern as a plain value"),
        pytest.param('a{pod!~"$pods"}', "leaves out $pods", id="refuses the other version's pods"),
        pytest.param('a{s!="$service"}', "leaves out $service", id="refuses all other Services"),
    ],
)
def test_parse_refuses(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        Selector.parse(text)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("replica_sets", "expected"),
    [
        pytest.param((), "-", id="matches no pod without a ReplicaSet"),
        pytest.param(("a-1",), "a-1-[a-z0-9]+", id="adds what a pod's name has more"),
        pytest.param(
            ("a-1", "a-2"),
            "(?:a-1-[a-z0-9]+|a-2-[a-z0-9]+)",
            id="joins several ReplicaSets as one group",
        ),
        pytest.param(("v1.2-1",), "v1[.]2-1-[a-z0-9]+", id="takes a dot literally"),
        pytest.param(
            (f"{'x' * 60}-6d8f",),
            f"{'x' * 58}[a-z0-9]+",
            id="is cut where the API server cuts the names of pods",
        ),
    ],
)
def test_pods_pattern(replica_sets: tuple[str, ...], expected: str) -> None:
    assert pods_pattern(replica_sets) == expected


def test_target_selector_has_only_the_matchers_with_placeholders() -> None:
    selector = Selector.parse('a{namespace="$namespace",code="200",pod=~"$pods"}')

    assert selector.of_targets().render(ARM) == (
        'up{namespace="shop",pod=~"checkout-6d8f-[a-z0-9]+"}'
    )


def test_series_of_a_histogram_keep_its_matchers() -> None:
    selector = Selector.parse('seconds{service="$service"}')

    assert selector.series("_count").render(ARM) == 'seconds_count{service="checkout"}'
    assert selector.per_backend
    assert not selector.names(Placeholder.PODS)


@given(QUOTES, NAMES, NAMES, st.lists(NAMES, max_size=3))
def test_no_name_can_leave_its_quotes(
    quote: str, namespace: str, service: str, replica_sets: list[str]
) -> None:
    arm = Arm(namespace, service, None, tuple(replica_sets))
    by_pod = Selector.parse(f"a{{n={quote}$namespace{quote},pod=~{quote}x$pods{quote}}}")
    by_service = Selector.parse(f"a{{s={quote}$namespace_$service{quote}}}")

    for selector in (by_pod, by_service):
        # A marker stands in for what `parse` demands, so that only the structure is compared.
        again = Selector.parse(selector.render(arm)[:-1] + ',marker="$service"}')
        assert [m.label for m in again.matchers[:-1]] == [m.label for m in selector.matchers]
        assert [m.operator for m in again.matchers[:-1]] == [m.operator for m in selector.matchers]
