"""Labels, annotations and finalizers that Sluice writes or reads, all under one prefix."""

PREFIX = "sluice.dev"

FINALIZER = f"{PREFIX}/cleanup"

# On the user's Deployment.
ROLLOUT_LABEL = f"{PREFIX}/rollout"  # the Rollout's name; the hold policy selects on it
HELD = f"{PREFIX}/held"  # «pending», then the revision that is held back
HELD_PENDING = "pending"  # written by the admission policy, which knows no revision
BYPASS = f"{PREFIX}/bypass"  # a person lets the held revision through without a rollout
HOLDERS = f"{PREFIX}/holders"  # who else keeps a workload paused, in order (model/holds.py)

# On the user's workload and on its pod template.
GRAPH_LABEL = f"{PREFIX}/graph"  # the StartupGraph's name
NODE_LABEL = f"{PREFIX}/node"  # the name of the node in it
REQUIRES = f"{PREFIX}/requires"  # records that its updates wait for: node=version,...
# On pods, put there by the admission policies.
STARTUP_GATE = f"{PREFIX}/startup"  # scheduling gate until the node is released
HEALTHY_GATE = f"{PREFIX}/healthy"  # readiness gate and condition type

# On what Sluice creates.
OWNER_UID_LABEL = f"{PREFIX}/rollout-uid"
ROLE_LABEL = f"{PREFIX}/role"
ROLE_CANARY = "canary"
ROLE_INIT = "init"  # a Job that initialises something for a graph, its pods, their container
RUN = f"{PREFIX}/run"  # label and annotation of such a Job: which run of which version it is
RECORD_FINALIZER = f"{PREFIX}/record"  # keeps such a Job until a record tells of it
RECORD_LABEL = f"{PREFIX}/record"  # on a ConfigMap: the node of which it tells
LOCK_LABEL = f"{PREFIX}/lock"  # on a Lease or a ConfigMap: stands for the lock's key
REVISION_LABEL = f"{PREFIX}/revision"

# Commands: one annotation per verb on the Rollout, «<revision>#<nonce>».
ABORT = f"{PREFIX}/abort"
PROMOTE = f"{PREFIX}/promote"
PROMOTE_FULL = f"{PREFIX}/promote-full"
RETRY = f"{PREFIX}/retry"
PAUSE = f"{PREFIX}/pause"
RESUME = f"{PREFIX}/resume"

# Commands about a node: one annotation per node on the StartupGraph, «<verb> <of> <by>#<nonce>».
RESOLVE_PREFIX = f"resolve.{PREFIX}/"
