# shellcheck shell=bash
# What deploy.sh and setup-argocd.sh have in common: messages, and which cluster kubectl talks to. Sourced, never run.

# say LINE…
say() { printf '%s\n' "$@"; }

# fail CODE LINE…: says why and ends.
fail() {
    local code=$1
    shift
    printf '%s\n' "$@" >&2
    exit "$code"
}

# wrong LINE…: the command line is at fault.
wrong() { fail 2 "$@" "Try '$0 --help'."; }

need_kubectl() {
    command -v kubectl >/dev/null ||
        fail 1 "kubectl is needed here and is not on the PATH: https://kubernetes.io/docs/tasks/tools/"
}

# show_cluster NAMESPACE: says where everything below happens; sets `context`.
show_cluster() {
    context=$(kubectl config current-context 2>/dev/null) ||
        fail 1 "kubectl has no current context, so that it is not clear which cluster is meant." \
            "Choose one: kubectl config get-contexts, then kubectl config use-context NAME (or set KUBECONFIG)."
    say "Context:   $context"
    say "Namespace: $1"
}

# exists KIND/NAME ARGUMENT…: whether the cluster has it. A cluster that gives no answer ends the script.
exists() {
    local found
    found=$(kubectl get "$@" --ignore-not-found -o name) || fail 1 "kubectl get $* failed in the context $context." \
        "Does the cluster answer, and is this user known there? kubectl version; kubectl auth whoami"
    [ -n "$found" ]
}
