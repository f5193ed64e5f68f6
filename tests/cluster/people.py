"""People of a namespace, who may write its graphs; only one of them may create Jobs."""

from dataclasses import dataclass
from typing import Final

from sluice.model.json import JsonObject
from tests.cluster.hold_target import Write
from tests.cluster.kubectl import Kubectl, Spoken

# She writes graphs, ConfigMaps and Leases; he is an editor, and so may have Jobs run.
WRITER: Final = "ann"
EDITOR: Final = "bob"
_WRITES: Final = "startupgraphs.sluice.dev,configmaps,leases.coordination.k8s.io"
_VERBS: Final = "get,list,create,update,patch,delete,deletecollection"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a namespace, as kubectl writes for him."""

    kubectl: Kubectl
    namespace: str
    name: str

    def ask(self, write: Write) -> Spoken:
        words = (*write.words, f"--namespace={self.namespace}", f"--as={self.name}")
        return self.kubectl.ask(*words, manifest=write.manifest)

    def do(self, write: Write) -> None:
        said = self.ask(write)
        assert said.succeeded, said.complaints

    def is_refused(self, write: Write) -> str:
        """Return why the API server does not do it; it must not."""
        said = self.ask(write)
        assert not said.succeeded, said.output
        return said.complaints


def people(kubectl: Kubectl, namespace: str) -> tuple[Person, Person]:
    """Give two users their rights in a namespace: the writer's, then the editor's."""
    where = f"--namespace={namespace}"
    kubectl("create", "role", "writer", where, f"--verb={_VERBS}", f"--resource={_WRITES}")
    kubectl("create", "rolebinding", "writer", where, "--role=writer", f"--user={WRITER}")
    kubectl("create", "rolebinding", "editor", where, "--clusterrole=edit", f"--user={EDITOR}")
    return Person(kubectl, namespace, WRITER), Person(kubectl, namespace, EDITOR)


def creation(manifest: JsonObject) -> Write:
    return Write(("create", "-f", "-"), manifest)
