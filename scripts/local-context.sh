#!/usr/bin/env bash
# Refuses a cluster that is not a developer's own, by the name of its context. skaffold.yaml asks before it renders:
# it would overwrite the webhook of any other cluster, and take it away when it ends.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/cluster.sh
. scripts/cluster.sh

# Skaffold says which one it means, since its --kube-context is unknown to kubectl.
context=${SKAFFOLD_KUBE_CONTEXT:-$(kubectl config current-context 2>/dev/null)} || true

case $context in
    '') fail 1 "kubectl has no current context, so that it is not clear which cluster is meant." ;;
    "${LOCAL_CONTEXT-}") ;;
    kind-* | k3d-* | minikube | docker-desktop | rancher-desktop | orbstack | colima | colima-* | microk8s) ;;
    *)
        fail 1 "The context is '$context', which is no local cluster's; nothing is deployed and nothing is taken down." \
            "Allowed are kind-*, k3d-*, minikube, docker-desktop, rancher-desktop, orbstack, colima, colima-* and microk8s." \
            "Where it is a cluster of yours alone: LOCAL_CONTEXT='$context' skaffold dev"
        ;;
esac
