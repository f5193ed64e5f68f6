from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from sluice.model.json import Body, Json, JsonObject, MalformedError
from sluice.model.problems import Invalid
from sluice.model.reasons import Reason
from sluice.rollout.objectives import (
    ErrorRate,
    ErrorSelectors,
    HistogramSelector,
    Latency,
    Preset,
)
from sluice.rollout.policy import Analysis, NoDataRule, OutageLimit
from sluice.rollout.selector import Selector
from sluice.rollout.spec import (
    HoldMode,
    InvalidSpecError,
    OnEnvironment,
    OnInconclusive,
    OnNoData,
    RolloutSpec,
    RouteTarget,
    SloSpec,
    Step,
)
from tests.unit.rollout.given import analysis, slo, spec, spec_body

CRD = Path(__file__).parents[3] / "crds" / "sluice.dev_rollouts.yaml"
TOTAL = 'requests_total{pod=~"$pods"}'
BAD = 'requests_total{pod=~"$pods",code=~"5.."}'
BACKEND = 'requests_total{service="$service"}'
HISTOGRAM = 'seconds{pod=~"$pods"}'


def slow(*, critical: bool = True, source: Json = None) -> dict[str, Json]:
    latency: Json = {"quantile": "99%", "max": "500ms", "maxRatio": 1.5}
    where = source or {"preset": "traefik"}
    return slo("latency", errorRate=None, latency=latency, critical=critical, source=where)


def with_slo(**fields: Json) -> dict[str, Json]:
    return {"analysis": analysis(slos=[{**slo(), **fields}])}


def with_slow(source: Json) -> dict[str, Json]:
    return {"analysis": analysis(slos=[slow(source=source)])}


def test_every_field_is_read() -> None:
    read = spec(
        service={"name": "web", "port": 80},
        traffic={"gatewayAPI": {"httpRoutes": [{"name": "a", "rules": ["x", "y"]}, {"name": "b"}]}},
        steps=[{"weight": 5, "duration": "1m30s", "pause": True}, {"weight": 20, "pause": False}],
        analysis=analysis(
            slos=[slo(), slow(critical=False)],
            onInconclusive="Hold",
            onNoData={"action": "Rollback", "after": "90s"},
            onEnvironment="Rollback",
        ),
        holdout="7%",
        canary={"labelKey": "app"},
        paused=True,
    )

    assert read == RolloutSpec(
        target="checkout",
        service="web",
        port=80,
        routes=(RouteTarget("a", ("x", "y")), RouteTarget("b", ())),
        steps=(
            Step(5, duration_seconds=90.0, pause=True),
            Step(20, duration_seconds=None, pause=False),
        ),
        analysis=Analysis(
            slos=(
                SloSpec("errors", True, ErrorRate(0.01, 1.25), Preset.TRAEFIK),
                SloSpec("latency", False, Latency(0.99, 0.5, 1.5), Preset.TRAEFIK),
            ),
            min_duration_seconds=60.0,
            max_duration_seconds=600.0,
            min_requests=50,
            warmup_seconds=10.0,
            outage=OutageLimit(above=0.3, for_seconds=4.0),
            on_inconclusive=OnInconclusive.HOLD,
            on_no_data=NoDataRule(OnNoData.ROLLBACK, 90.0),
            on_environment=OnEnvironment.ROLLBACK,
        ),
        holdout=7,
        bake_seconds=60.0,
        drain_seconds=30.0,
        progress_deadline_seconds=600.0,
        verify_timeout_seconds=15.0,
        label_key="app",
        hold_mode=HoldMode.ADMISSION,
        paused=True,
        history_limit=10,
    )
    assert read.bake_weight == 93
    assert read.weights == (5, 20, 93, 100)


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        pytest.param(
            with_slo(source={"bad": BAD, "total": TOTAL}),
            ErrorSelectors(Selector.parse(BAD), Selector.parse(TOTAL)),
            id="own counters of failed and of all requests",
        ),
        pytest.param(
            with_slow(source={"histogram": HISTOGRAM}),
            HistogramSelector(Selector.parse(HISTOGRAM)),
            id="an own histogram",
        ),
        pytest.param(with_slow(source={"preset": "podinfo"}), Preset.PODINFO, id="a preset"),
    ],
)
def test_sources(fields: dict[str, Json], source: object) -> None:
    assert spec(**fields).analysis.slos[0].source == source


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        pytest.param(
            {"service": {"name": "web", "port": 70000}},
            "spec.service.port",
            ("70000", "between 1 and 65535"),
            id="a port beyond the highest",
        ),
        pytest.param(
            {"traffic": {"gatewayAPI": {"httpRoutes": []}}},
            "spec.traffic.gatewayAPI.httpRoutes",
            ("[]", "{name: checkout}"),
            id="no route",
        ),
        pytest.param(
            {"traffic": {"gatewayAPI": {"httpRoutes": [{"name": "a"}, {"name": "a"}]}}},
            "spec.traffic.gatewayAPI.httpRoutes",
            ("'a'", "2 times"),
            id="a route twice",
        ),
        pytest.param(
            {"steps": [{"weight": 100, "pause": False}]},
            "spec.steps[0].weight",
            ("100", "between 1 and 99"),
            id="a step of everything",
        ),
        pytest.param({"steps": []}, "spec.steps", ("[]", "1, 10, 50"), id="no step"),
        pytest.param(
            {"steps": [{"weight": 10, "pause": False}, {"weight": 10, "pause": False}]},
            "spec.steps",
            ("10, 10", "do not ascend"),
            id="steps that do not ascend",
        ),
        pytest.param(
            {"steps": [{"weight": 96, "pause": False}]},
            "spec.steps",
            ("96", "end above the 95 that holdout 5% leaves"),
            id="a step above what the holdout leaves",
        ),
        pytest.param(
            {"steps": [{"weight": 5, "duration": "11m", "pause": False}]},
            "spec.steps[0].duration",
            ("660s", "longer than analysis.maxDuration, 600s"),
            id="a step that lasts longer than it is judged",
        ),
        pytest.param(
            {"steps": [{"weight": 5, "duration": "soon", "pause": False}]},
            "spec.steps[0].duration",
            ("'soon'", "not a duration", "60s"),
            id="a duration that is none",
        ),
        pytest.param({"holdout": "2.5%"}, "spec.holdout", ("'2.5%'", "whole"), id="a half percent"),
        pytest.param({"holdout": "5"}, "spec.holdout", ("'5'", "5%"), id="a share without unit"),
        pytest.param({"holdout": "100%"}, "spec.holdout", ("'100%'",), id="a holdout of all"),
        pytest.param({"holdout": "²%"}, "spec.holdout", ("'²%'",), id="a digit of another script"),
        pytest.param(
            {"verifyTimeout": "0s"}, "spec.verifyTimeout", ("'0s'", "above 0"), id="no time at all"
        ),
        pytest.param(
            {"historyLimit": 51}, "spec.historyLimit", ("51", "0 and 50"), id="too long a history"
        ),
        pytest.param(
            {"holdMode": "Pause"},
            "spec.holdMode",
            ("'Pause'", "none of Admission"),
            id="a mode that is not known",
        ),
        pytest.param(
            {"analysis": analysis(slos=[slo(critical=False)])},
            "spec.analysis.slos",
            ("[errors]", "critical"),
            id="no objective that decides",
        ),
        pytest.param(
            {"analysis": analysis(slos=[slo(), slo()])},
            "spec.analysis.slos",
            ("'errors'", "2 times"),
            id="two objectives of one name",
        ),
        pytest.param(
            {"analysis": analysis(minDuration="11m")},
            "spec.analysis.minDuration",
            ("11m", "longer than maxDuration, 10m"),
            id="a minimum above the maximum",
        ),
        pytest.param(
            {"analysis": analysis(outage={"above": "0%", "for": "4s"})},
            "spec.analysis.outage.above",
            ("'0%'", "30%"),
            id="an outage without errors",
        ),
        pytest.param(
            {"analysis": analysis(onInconclusive="Retry")},
            "spec.analysis.onInconclusive",
            ("'Retry'", "Advance, Hold, Rollback"),
            id="an action that is not known",
        ),
        pytest.param(
            with_slo(errorRate={"max": "many", "maxRatio": 1.25}),
            "spec.analysis.slos[0].errorRate.max",
            ("'many'", "1%"),
            id="a share that is none",
        ),
        pytest.param(
            with_slo(errorRate={"max": "1%", "maxRatio": 1}),
            "spec.analysis.slos[0].errorRate.maxRatio",
            ("1 is not a ratio above 1", "1.25"),
            id="a ratio that tolerates nothing",
        ),
        pytest.param(
            with_slo(latency={"quantile": "99%", "max": "1s", "maxRatio": 2}),
            "spec.analysis.slos[0]",
            ("both of errorRate and latency",),
            id="an objective with both bounds",
        ),
        pytest.param(
            with_slo(errorRate=None),
            "spec.analysis.slos[0]",
            ("neither of errorRate and latency",),
            id="an objective without a bound",
        ),
        pytest.param(
            with_slo(source={"histogram": HISTOGRAM}),
            "spec.analysis.slos[0].source",
            ("has histogram", "preset, or bad with total"),
            id="errors from a histogram",
        ),
        pytest.param(
            with_slow(source={"bad": BAD, "total": TOTAL}),
            "spec.analysis.slos[0].source",
            ("has bad, total", "preset or histogram"),
            id="latency from counters of errors",
        ),
        pytest.param(
            with_slo(source={}),
            "spec.analysis.slos[0].source",
            ("has nothing", "preset: traefik"),
            id="no source",
        ),
        pytest.param(
            with_slo(source={"bad": BAD}),
            "spec.analysis.slos[0].source",
            ("has bad",),
            id="failed requests without all",
        ),
        pytest.param(
            with_slo(source={"preset": "envoy"}),
            "spec.analysis.slos[0].source.preset",
            ("'envoy'", "traefik, podinfo"),
            id="a preset that is not known",
        ),
        pytest.param(
            with_slo(source={"bad": BAD, "total": BACKEND}),
            "spec.analysis.slos[0].source.bad",
            ("another place",),
            id="failed requests of the pods among all of the gateway",
        ),
        pytest.param(
            with_slo(source={"bad": BAD, "total": "sum(up)"}),
            "spec.analysis.slos[0].source.total",
            ("sum(up)", "not a plain selector", "$pods"),
            id="a function",
        ),
        pytest.param(
            with_slow(source={"histogram": 'seconds_bucket{pod=~"$pods"}'}),
            "spec.analysis.slos[0].source.histogram",
            ("seconds_bucket", "one of the histogram's series"),
            id="a series of a histogram",
        ),
        pytest.param(
            with_slow(source={"histogram": "seconds"}),
            "spec.analysis.slos[0].source.histogram",
            ("plain selector", "http_request_duration_seconds"),
            id="a histogram without a placeholder",
        ),
    ],
)
def test_refused(fields: dict[str, Json], field: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        spec(**fields)

    problem = caught.value.problem
    assert caught.value.field == field
    assert isinstance(problem, Invalid)
    assert problem.reason is Reason.INVALID_SPEC
    assert problem.message.startswith(f"{field} ")
    assert "write for example" in problem.message
    assert all(word in problem.message for word in words), problem.message


@pytest.mark.parametrize("field", sorted({*spec_body()} - {"canary"}))
def test_a_field_without_which_there_is_no_spec(field: str) -> None:
    with pytest.raises((MalformedError, InvalidSpecError)) as caught:
        spec(**{field: None})

    assert field in str(caught.value)


def defaulted(value: Json, schema: JsonObject) -> Json:
    """Return a value with the defaults of a structural schema, as the API server does it."""
    if isinstance(value, Mapping):
        properties = Body(schema).body("properties").value
        filled: dict[str, Json] = dict(value)
        for name, below in properties.items():
            assert isinstance(below, Mapping)
            if name not in filled and "default" in below:
                filled[name] = below["default"]
            if name in filled:
                filled[name] = defaulted(filled[name], below)
        return filled
    if isinstance(value, list):
        return [defaulted(item, Body(schema).body("items").value) for item in value]
    return value


def test_the_defaults_of_the_schema_are_all_that_a_minimal_spec_lacks() -> None:
    version = Body(yaml.safe_load(CRD.read_text())).body("spec").bodies("versions")[0]
    schema = version.body("schema", "openAPIV3Schema", "properties", "spec").value
    slos: Json = [{"name": "errors", "errorRate": {"max": "1%"}, "source": {"preset": "traefik"}}]
    minimal: Json = {
        "targetRef": {"name": "checkout"},
        "service": {"name": "checkout"},
        "traffic": {"gatewayAPI": {"httpRoutes": [{"name": "checkout"}]}},
        "analysis": {"slos": slos},
    }
    complete = defaulted(minimal, schema)
    assert isinstance(complete, Mapping)

    assert RolloutSpec.from_body(Body(complete, "spec")) == spec()
