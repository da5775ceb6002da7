# shellcheck shell=bash
# The exporter's Application in Argo CD, by kubectl alone: what it is like, and a sync of it.
# Sourced by deploy.sh, which sets `application`, `environment`, `revision` and `timeout`.
# shellcheck disable=SC2154

argocd_namespace=argocd

# of FIELDS: jsonpath of the Application.
of() { kubectl get "applications.argoproj.io/$application" -n "$argocd_namespace" -o jsonpath="$1"; }

# Whether it is there and may be read; who may only read his own namespace is not bothered.
has_application() { [ -n "$(of '{.metadata.name}' 2>/dev/null)" ]; }

need_application() {
    of '{.metadata.name}' >/dev/null ||
        fail 1 "The Application $application cannot be read in the namespace $argocd_namespace." \
            "Without Argo CD (no such resource type): ./scripts/setup-argocd.sh install" \
            "Without the Application (not found):     kubectl apply -k manifests/argocd, once (docs/gitops.md)"
    [ -z "$(of '{.operation}')" ] ||
        fail 1 "A sync of $application is going on already. Look at it: ./scripts/deploy.sh $environment check"
}

# Has Argo CD look at Git now instead of within three minutes; a comparison that takes longer is not waited for.
refresh_application() {
    kubectl annotate "applications.argoproj.io/$application" -n "$argocd_namespace" \
        argocd.argoproj.io/refresh=normal --overwrite >/dev/null
    local deadline=$((SECONDS + 30))
    while [ -n "$(of '{.metadata.annotations.argocd\.argoproj\.io/refresh}')" ] && [ $SECONDS -lt $deadline ]; do
        sleep 1
    done
}

show_application() {
    of 'Application: {.metadata.name}
Git:         {.spec.source.repoURL} {.spec.source.targetRevision} {.spec.source.path}
Sync:        {.status.sync.status} {.status.sync.revision}
Health:      {.status.health.status}
{range .status.conditions[*]}{.type}: {.message}
{end}{range .status.resources[?(@.status=="OutOfSync")]}Differs:     {.kind} {.name}
{end}'
}

# Whoever writes the operation has to name the options of the sync: the controller takes them from nowhere else. The
# revision is named too, because some versions reuse the last operation's where there is none.
start_sync() {
    local options target user='{"username":"scripts/deploy.sh"}' sync
    options=$(of '{.spec.syncPolicy.syncOptions}')
    target=${revision:-$(of '{.spec.source.targetRevision}')}
    sync="{\"revision\":\"$target\",\"prune\":true,\"syncOptions\":${options:-[]}}"
    kubectl patch "applications.argoproj.io/$application" -n "$argocd_namespace" --type merge \
        -p "{\"operation\":{\"initiatedBy\":$user,\"sync\":$sync}}" >/dev/null
    say "Syncing to $target."
}

# Until the operation is gone and the Application is Healthy and, if it is to follow its branch, Synced.
wait_for_sync() {
    local deadline=$((SECONDS + timeout)) state operation phase sync health
    while :; do
        state=$(of '{.operation.sync.revision}|{.status.operationState.phase}|{.status.sync.status}|{.status.health.status}')
        IFS='|' read -r operation phase sync health <<EOF
$state
EOF
        if [ -z "$operation" ]; then
            case $phase in Failed | Error) return 1 ;; esac
            [ "$health" = Healthy ] && { [ "$sync" = Synced ] || [ -n "$revision" ]; } && break
        fi
        [ $SECONDS -lt $deadline ] || return 1
        sleep 2
    done
    say "$application is $sync and $health."
}

explain_sync() {
    if [ -n "$(of '{.operation}')" ] && [ -z "$(of '{.status.operationState.phase}')" ]; then
        fail 1 "Argo CD has not begun within $timeout s. Does it run? ./scripts/setup-argocd.sh status"
    fi
    say "" "The sync of $application has not come to a good end within $timeout s:"
    of '{.status.operationState.phase}: {.status.operationState.message}
{range .status.operationState.syncResult.resources[?(@.status=="SyncFailed")]}  {.kind} {.name}: {.message}
{end}{range .status.conditions[*]}{.type}: {.message}
{end}' || true
}
