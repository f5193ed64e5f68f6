import pytest

from sluice.analysis.slo import ArmData, Measure, Slo
from sluice.model.json import Body, Json
from sluice.model.metrics import MetricAnswer, MetricQuery, Series
from sluice.rollout.objectives import SloSpec
from sluice.rollout.selector import Arm
from sluice.rollout.sources import Arms, analysis_slo, arm_queries, slo_data, slo_queries
from tests.unit.rollout.given import slo

STABLE = Arm("shop", "checkout", 80, ("checkout-6d8f",))
CANARY = Arm("shop", "checkout-canary", 80, ("checkout-canary-abc-77b9",))
ARMS = Arms(CANARY, STABLE)
LATENCY: Json = {"quantile": "99%", "max": "500ms", "maxRatio": 1.5}
PODS = 'namespace="shop",pod=~"checkout-6d8f-[a-z0-9]+"'
REQUESTS = f'{PODS},path!~"healthz|readyz|metrics"'
OWN: Json = {
    "bad": 'requests_total{k8s_pod=~"$pods",ns="$namespace",code="500"}',
    "total": 'requests_total{k8s_pod=~"$pods",ns="$namespace"}',
}
MESH: Json = {
    "bad": 'mesh_total{to="$service.$namespace",failed="true"}',
    "total": 'mesh_total{to="$service.$namespace"}',
}


def errors(source: Json) -> SloSpec:
    return SloSpec.from_body(Body(slo(source=source)))


def latency(source: Json) -> SloSpec:
    return SloSpec.from_body(Body(slo("slow", errorRate=None, latency=LATENCY, source=source)))


@pytest.mark.parametrize(
    ("asked", "total", "part", "scrapes"),
    [
        pytest.param(
            errors({"preset": "traefik"}),
            'traefik_service_requests_total{service=~"shop-checkout-http-80@kubernetesgateway"}',
            'traefik_service_requests_total{service=~"shop-checkout-http-80@kubernetesgateway",'
            'code=~"5.."}',
            "traefik_config_reloads_total{}",
            id="errors as Traefik counts them",
        ),
        pytest.param(
            latency({"preset": "traefik"}),
            "traefik_service_request_duration_seconds_count"
            '{service=~"shop-checkout-http-80@kubernetesgateway"}',
            "traefik_service_request_duration_seconds_bucket"
            '{service=~"shop-checkout-http-80@kubernetesgateway"}',
            "traefik_config_reloads_total{}",
            id="durations as Traefik counts them",
        ),
        pytest.param(
            errors({"preset": "podinfo"}),
            f"http_request_duration_seconds_count{{{REQUESTS}}}",
            f'http_request_duration_seconds_count{{{REQUESTS},status=~"5.."}}',
            f"up{{{PODS}}}",
            id="errors of podinfo without probes and scrapes",
        ),
        pytest.param(
            latency({"preset": "podinfo"}),
            f"http_request_duration_seconds_count{{{REQUESTS}}}",
            f"http_request_duration_seconds_bucket{{{REQUESTS}}}",
            f"up{{{PODS}}}",
            id="durations of podinfo without probes and scrapes",
        ),
        pytest.param(
            errors(OWN),
            'requests_total{k8s_pod=~"checkout-6d8f-[a-z0-9]+",ns="shop"}',
            'requests_total{k8s_pod=~"checkout-6d8f-[a-z0-9]+",ns="shop",code="500"}',
            'up{k8s_pod=~"checkout-6d8f-[a-z0-9]+",ns="shop"}',
            id="own counters of pods, with what up knows of them",
        ),
        pytest.param(
            errors(MESH),
            'mesh_total{to="checkout.shop"}',
            'mesh_total{to="checkout.shop",failed="true"}',
            None,
            id="own counters of a gateway, whose scrapes are not known",
        ),
        pytest.param(
            latency({"histogram": 'seconds{pod=~"$pods"}'}),
            'seconds_count{pod=~"checkout-6d8f-[a-z0-9]+"}',
            'seconds_bucket{pod=~"checkout-6d8f-[a-z0-9]+"}',
            'up{pod=~"checkout-6d8f-[a-z0-9]+"}',
            id="an own histogram",
        ),
    ],
)
def test_arm_queries(asked: SloSpec, total: str, part: str, scrapes: str | None) -> None:
    queries = arm_queries(asked, STABLE)

    assert queries.total.selector == total
    assert queries.part.selector == part
    assert (queries.scrapes.selector if queries.scrapes else None) == scrapes


@pytest.mark.parametrize(
    ("arm", "service"),
    [
        pytest.param(
            Arm("shop", "checkout", None, ()),
            "shop-checkout-http-[0-9]+@kubernetesgateway",
            id="any port when none is asked for",
        ),
        pytest.param(
            Arm("my--shop", "check-out", 80, ()),
            "my-shop-check-out-http-80@kubernetesgateway",
            id="single dashes, as Traefik joins words",
        ),
    ],
)
def test_name_of_a_traefik_backend(arm: Arm, service: str) -> None:
    total = arm_queries(errors({"preset": "traefik"}), arm).total

    assert total.selector == f'traefik_service_requests_total{{service=~"{service}"}}'


def test_a_query_that_both_versions_share_is_asked_once() -> None:
    queries = slo_queries(errors({"preset": "traefik"}), ARMS)

    assert len(queries) == 5
    assert queries.count(MetricQuery("traefik_config_reloads_total{}")) == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(
            errors({"preset": "traefik"}),
            Slo(
                name="errors",
                critical=True,
                measure=Measure.ERRORS,
                max_share=0.01,
                max_ratio=1.25,
                bound_seconds=None,
                per_backend=True,
                pod_label="",
            ),
            id="errors at a gateway",
        ),
        pytest.param(
            latency({"preset": "podinfo"}),
            Slo(
                name="slow",
                critical=True,
                measure=Measure.LATENCY,
                max_share=0.01,
                max_ratio=1.5,
                bound_seconds=0.5,
                per_backend=False,
                pod_label="pod",
            ),
            id="durations in pods",
        ),
        pytest.param(
            errors(OWN),
            Slo(
                name="errors",
                critical=True,
                measure=Measure.ERRORS,
                max_share=0.01,
                max_ratio=1.25,
                bound_seconds=None,
                per_backend=False,
                pod_label="k8s_pod",
            ),
            id="own counters with another label for pods",
        ),
    ],
)
def test_analysis_slo(asked: SloSpec, expected: Slo) -> None:
    assert analysis_slo(asked) == expected


def answer(*timestamps: float) -> MetricAnswer:
    series = Series((), timestamps, tuple(1.0 for _ in timestamps))
    return MetricAnswer((series,) if timestamps else (), 1.0, 9.0)


def test_answers_are_put_where_they_belong() -> None:
    asked = errors(OWN)
    canary, stable = arm_queries(asked, CANARY), arm_queries(asked, STABLE)
    every = dict(zip((*canary.all, *stable.all), map(answer, range(1, 7)), strict=True))

    data = slo_data(asked, ARMS, every)

    assert data.canary == ArmData(answer(1), answer(2), answer(3))
    assert data.stable == ArmData(answer(4), answer(5), answer(6))


def test_a_question_without_an_answer_is_empty() -> None:
    data = slo_data(errors({"preset": "podinfo"}), ARMS, {})

    assert data.canary == data.stable == ArmData(MetricAnswer(), MetricAnswer(), None)


@pytest.mark.parametrize(
    ("of_canary", "of_stable", "witnessed"),
    [
        pytest.param(answer(), answer(), False, id="up has other labels than the metric"),
        pytest.param(answer(), answer(5), True, id="the canary was not scraped yet"),
        pytest.param(answer(5), answer(5), True, id="both are scraped"),
    ],
)
def test_a_witness_that_shows_nothing_of_either_version_is_none(
    of_canary: MetricAnswer, of_stable: MetricAnswer, *, witnessed: bool
) -> None:
    asked = errors(OWN)
    canary, stable = arm_queries(asked, CANARY).scrapes, arm_queries(asked, STABLE).scrapes
    assert canary is not None
    assert stable is not None

    data = slo_data(asked, ARMS, {canary: of_canary, stable: of_stable})

    assert (data.canary.scrapes is not None) is witnessed
    assert (data.stable.scrapes is not None) is witnessed


def test_a_gateway_without_a_witness_has_none() -> None:
    assert slo_data(errors(MESH), ARMS, {}).stable.scrapes is None
