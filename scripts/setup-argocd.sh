#!/usr/bin/env bash
# Installs Argo CD into the cluster, says how it is, gives its first password, and makes its page reachable.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/cluster.sh
. scripts/cluster.sh

version=${ARGOCD_VERSION:-v3.6.1}
manifest=${ARGOCD_MANIFEST:-https://raw.githubusercontent.com/argoproj/argo-cd/$version/manifests/install.yaml}
namespace=argocd
timeout=300
context=''

usage() {
    cat <<EOF
Set Argo CD up in the cluster that is kubectl's current context.

Usage: ./scripts/setup-argocd.sh ACTION

Actions:
  install       Install $version, or upgrade to it, in the namespace $namespace, and wait until it runs.
  status        Its version, its pods, and each Application with what Argo CD says of it.
  password      Print the first password of the user admin.
  port-forward  Serve its page on https://localhost:8080 until Ctrl-C.
  --help        This page.

Environment:
  ARGOCD_VERSION   Another version, such as v3.5.7. Each is tested with four versions of Kubernetes:
                   https://argo-cd.readthedocs.io/en/stable/operator-manual/tested-kubernetes-versions/
  ARGOCD_MANIFEST  Another address of its install.yaml, or a file: for a mirror, or a cluster without internet.

Exit codes: 0 done, 1 failed, 2 a wrong command line.
EOF
}

install() {
    local there=yes
    exists "namespace/$namespace" || there=no
    say "" "Installing $version from $manifest"
    # Read once for nothing, so that a manifest out of reach leaves no empty namespace behind.
    kubectl create --dry-run=client -n "$namespace" -f "$manifest" -o name >/dev/null ||
        fail 1 "The manifest cannot be read: nothing has been changed." \
            "Is $manifest reachable from here? ARGOCD_MANIFEST takes a file."
    [ "$there" = yes ] || kubectl create namespace "$namespace"
    # Server-side, as a definition is larger than the annotation in which a client-side apply would remember it; by
    # force, as an upgrade takes over fields from whoever set them before.
    kubectl apply -n "$namespace" --server-side --force-conflicts -f "$manifest" >/dev/null ||
        fail 1 "The manifest could not be applied, or not all of it. May you write cluster roles?" \
            "The same command, given again, does what is left."
    local workload
    for workload in statefulset/argocd-application-controller deployment/argocd-repo-server \
        deployment/argocd-redis deployment/argocd-server deployment/argocd-applicationset-controller; do
        kubectl rollout status "$workload" -n "$namespace" --timeout="${timeout}s" || fail_install "$workload"
    done
    say "" "Argo CD $version runs. Next:" \
        "  ./scripts/setup-argocd.sh password        # for the user admin" \
        "  ./scripts/setup-argocd.sh port-forward    # https://localhost:8080" \
        "  kubectl apply -k manifests/argocd         # the Applications (docs/gitops.md)"
}

fail_install() {
    kubectl get pods -n "$namespace" -o wide >&2 || true
    kubectl get events -n "$namespace" --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10 >&2
    fail 1 "$1 does not run after $timeout s; the pods and warnings above tell why."
}

status() {
    exists deployment/argocd-server -n "$namespace" ||
        fail 1 "There is no Argo CD in the namespace $namespace." "Install it: ./scripts/setup-argocd.sh install"
    say "" "Image:"
    kubectl get deployment/argocd-server -n "$namespace" -o jsonpath='{"  "}{.spec.template.spec.containers[0].image}{"\n"}'
    say "" "Pods:"
    kubectl get pods -n "$namespace"
    say "" "Applications:"
    kubectl get applications.argoproj.io -n "$namespace" -o wide
}

password() {
    exists secret/argocd-initial-admin-secret -n "$namespace" ||
        fail 1 "The Secret argocd-initial-admin-secret does not exist: Argo CD is not installed, or the password was" \
            "changed and the Secret deleted, as it should be. Who has lost the new one deletes the keys admin.password" \
            "and admin.passwordMtime of the Secret argocd-secret, and restarts deployment/argocd-server."
    kubectl get secret/argocd-initial-admin-secret -n "$namespace" \
        -o go-template='{{ .data.password | base64decode }}{{ "\n" }}'
    # Beside the password, so that a pipe gets nothing else.
    say "Change it (argocd account update-password, or User Info in the page), then delete the first one:" \
        "  kubectl delete secret argocd-initial-admin-secret -n $namespace" >&2
}

port_forward() {
    exists service/argocd-server -n "$namespace" ||
        fail 1 "There is no Argo CD in the namespace $namespace." "Install it: ./scripts/setup-argocd.sh install"
    say "" "https://localhost:8080, user admin; the certificate is Argo CD's own. Ctrl-C ends it."
    exec kubectl port-forward service/argocd-server -n "$namespace" --address 127.0.0.1 8080:443
}

main() {
    [ $# -le 1 ] || wrong "'$2' is one argument too many: an action is all."
    case ${1-} in
        --help | -h) usage && exit 0 ;;
        install | status | password | port-forward) ;;
        '') wrong "The action is missing; allowed are install, status, password and port-forward." ;;
        *) wrong "The action is '$1'; allowed are install, status, password and port-forward." ;;
    esac
    need_kubectl
    show_cluster "$namespace" >&2
    case $1 in
        port-forward) port_forward ;;
        *) "$1" ;;
    esac
}

main "$@"
