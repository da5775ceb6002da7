#!/usr/bin/env bash
# Rehearses the uninstallation, in the cluster of kubectl's current context: afterwards pods that ask for the proxy
# start without it, and those that have it have ended in time.
set -euo pipefail
cd "$(dirname "$0")/../.."

kubectl delete mutatingwebhookconfiguration prometheus-metrics-proxy-hook
kubectl delete -k manifests/webhook/self-signed --ignore-not-found --timeout=3m

kubectl scale deployment/counter -n counter --replicas=0
kubectl wait pod -n counter -l app.kubernetes.io/name=counter --for=delete --timeout=3m
kubectl scale deployment/counter -n counter --replicas=1
kubectl rollout status deployment/counter -n counter --timeout=3m
containers=$(kubectl get pods -n counter -l app.kubernetes.io/name=counter -o jsonpath='{.items[*].spec.containers[*].name}')
if [ "$containers" != counter ]; then
    echo "The pod has these containers, and not its own one alone: $containers" >&2
    exit 1
fi
