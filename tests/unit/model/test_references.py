"""Where the API server serves an object."""

import pytest

from sluice.model.references import DEPLOYMENTS, PODS, ROLLOUTS, ObjectRef, Resource


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        pytest.param(PODS, "/api/v1/namespaces/shop/pods/one", id="of the core group"),
        pytest.param(DEPLOYMENTS, "/apis/apps/v1/namespaces/shop/deployments/one", id="of apps"),
        pytest.param(
            ROLLOUTS, "/apis/sluice.dev/v1alpha1/namespaces/shop/rollouts/one", id="of ours"
        ),
    ],
)
def test_the_path_of_an_object(resource: Resource, path: str) -> None:
    assert ObjectRef(resource, "shop", "one").path == path
