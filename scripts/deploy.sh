#!/usr/bin/env bash
# Deploys the load balancer exporter to one environment, by kubectl or by Argo CD, and looks after it.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/cluster.sh
. scripts/cluster.sh
# shellcheck source=scripts/rollout.sh
. scripts/rollout.sh
# shellcheck source=scripts/argocd.sh
. scripts/argocd.sh

usage() {
    cat <<'EOF'
Deploy the load balancer exporter to one environment, and look after it.

Usage: ./scripts/deploy.sh ENVIRONMENT ACTION [OPTION…]

Environments:
  dev      namespace monitoring-dev, which Argo CD syncs by itself
  staging  namespace monitoring-staging, which Argo CD syncs by itself
  prod     namespace monitoring, by hand and after a confirmation

Actions:
  deploy   Without Argo CD: show what would change, apply manifests/exporter/overlays/ENVIRONMENT of this checkout, wait
           for the rollout.
  argocd   Have Argo CD sync the Application lb-exporter-ENVIRONMENT with Git, wait until it is Synced and Healthy.
  check    Change nothing: rollout, pods, endpoints, what each pod serves, and what Argo CD says.

Options:
  --yes              Do not ask before production is changed.
  --force-conflicts  With deploy: take over fields that somebody else has set, such as a kubectl rollout undo.
  --revision COMMIT  With prod argocd: sync this commit of the GitOps repository, to go back to it.
  --timeout SECONDS  How long to wait (default 180).
  --help             This page.

The cluster is kubectl's current context (KUBECONFIG); its name is shown first.
Exit codes: 0 done, 1 failed, 2 a wrong command line, 3 not confirmed.

Examples:
  ./scripts/deploy.sh dev deploy
  ./scripts/deploy.sh prod argocd
  ./scripts/deploy.sh prod check
EOF
}

environment='' action='' yes=no revision='' timeout=180 context='' server_side=(--server-side)

parse_arguments() {
    local words=0
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h) usage && exit 0 ;;
            --yes) yes=yes ;;
            --force-conflicts) server_side=(--server-side --force-conflicts) ;;
            --revision | --timeout)
                [ $# -ge 2 ] || wrong "$1 needs a value."
                if [ "$1" = --revision ]; then revision=$2; else timeout=$2; fi
                shift
                ;;
            -*) wrong "$1 is no option; allowed are --yes, --force-conflicts, --revision, --timeout and --help." ;;
            *)
                # Counted, so that an empty variable for the environment does not make the action one.
                words=$((words + 1))
                case $words in
                    1) environment=$1 ;;
                    2) action=$1 ;;
                    *) wrong "'$1' is one argument too many: an environment and an action are all." ;;
                esac
                ;;
        esac
        shift
    done
}

check_arguments() {
    case $environment in
        dev | staging) namespace=monitoring-$environment ;;
        prod) namespace=monitoring ;;
        '') wrong "The environment is missing; allowed are dev, staging and prod." ;;
        *) wrong "The environment is '$environment'; allowed are dev, staging and prod." ;;
    esac
    case $action in
        deploy | argocd | check) ;;
        '') wrong "The action is missing; allowed are deploy, argocd and check." ;;
        *) wrong "The action is '$action'; allowed are deploy, argocd and check." ;;
    esac
    case $timeout in
        '' | *[!0-9]*) wrong "--timeout is '$timeout'; allowed are whole seconds, such as 180." ;;
    esac
    case $revision in
        *[!A-Za-z0-9._/-]*) wrong "--revision is '$revision'; allowed is the name of a commit, a tag or a branch." ;;
    esac
    if [ -n "$revision" ] && [ "$environment $action" != "prod argocd" ]; then
        wrong "--revision is for prod argocd only; what syncs by itself goes back by git revert (docs/gitops.md)."
    fi
    overlay=manifests/exporter/overlays/$environment
    application=lb-exporter-$environment
}

# Production is changed by nobody who has not said so: asked before anything else is done.
need_confirmation() {
    [ "$environment" = prod ] && [ "$yes" = no ] || return 0
    [ -t 0 ] || fail 3 "Production is not changed without a confirmation, and there is no terminal to ask on." \
        "Where that is meant: ./scripts/deploy.sh prod $action --yes"
}

confirm() {
    [ "$environment" = prod ] && [ "$yes" = no ] || return 0
    local answer=''
    printf 'This changes production in the context %s. Type prod to go on: ' "$context"
    read -r answer || true
    [ "$answer" = prod ] || fail 3 "The answer is '$answer' and not prod: nothing has been changed."
}

# The names of the Secrets that a rendered overlay on stdin has its pods wait for.
named_secrets() {
    awk '
        /^ *secretName:/ { print $2 }
        /^ *secretKeyRef:$/ || /^ *- secret:$/ { inside = 1 }
        inside && /^ *name:/ { print $2; inside = 0 }' | sort -u
}

need_secrets() {
    local rendered names name
    rendered=$(kubectl kustomize "$overlay") || fail 1 "$overlay does not render: nothing has been changed."
    # It makes the Secrets, some time after it has been applied. Whether the namespace is there tells kubectl diff.
    case $rendered in *"kind: ExternalSecret"*) return ;; esac
    names=$(named_secrets <<<"$rendered")
    for name in $names; do
        exists "secret/$name" -n "$namespace" || explain_secret "$name"
    done
}

# explain_secret NAME: ends with how to make it.
explain_secret() {
    local how="--from-env-file .env" what="Make it from a file with the bare lines CLOUD_ID=…, CLOUD_PASSWORD=… and CLOUD_ZONE=…
(no quotes, no export, no comment behind a value), which stays out of Git:"
    if [ "$1" != lb-exporter ]; then
        how="--from-file=FILE …" what="Make it from the files that the configuration names (docs/accounts.md):"
    fi
    fail 1 "The Secret $1 does not exist in the namespace $namespace." "$what" \
        "  kubectl create namespace $namespace   # where there is none yet" \
        "  kubectl create secret generic $1 -n $namespace $how"
}

# What is applied here lasts until the next sync: where Argo CD heals, for seconds.
warn_of_argocd() {
    has_application || return 0
    say "Note: Argo CD looks after this namespace (Application $application)." \
        "      Its next sync goes back to what Git says; for a lasting change: ./scripts/deploy.sh $environment argocd"
}

# show_differences: sets `changed`. kubectl diff ends with 1 for differences and with more for errors.
show_differences() {
    local code=0
    say "" "What $overlay would change:"
    kubectl diff "${server_side[@]}" -k "$overlay" || code=$?
    changed=yes
    case $code in
        0) changed=no && say "Nothing." ;;
        1) ;;
        *)
            fail 1 "kubectl diff ended with $code: nothing has been changed." \
                "A conflict: somebody else has set the field, by Argo CD, kubectl scale, kubectl rollout undo or kubectl apply" \
                "without --server-side for example. To see what would be taken over, and to take it over:" \
                "  ./scripts/deploy.sh $environment deploy --force-conflicts" \
                "Forbidden: this user may not patch these objects in $namespace." \
                "No such namespace: nothing can be compared there. Make it: kubectl create namespace $namespace"
            ;;
    esac
}

deploy() {
    need_secrets
    warn_of_argocd
    show_differences
    if [ "$changed" = yes ]; then
        confirm
        kubectl apply "${server_side[@]}" -k "$overlay" ||
            fail 1 "kubectl apply failed, perhaps after a part of it." \
                "What is left shows: ./scripts/deploy.sh $environment deploy"
    fi
    if ! kubectl rollout status deployment/lb-exporter -n "$namespace" --timeout="${timeout}s"; then
        explain_rollout
        say "" "The pods of the previous version serve on until new ones are ready. To go back to it:" \
            "  kubectl rollout undo deployment/lb-exporter -n $namespace" \
            "The next deployment takes that back by --force-conflicts."
        exit 1
    fi
    say "" "Done. What it serves: ./scripts/deploy.sh $environment check"
}

sync() {
    need_application
    refresh_application
    show_application
    confirm
    start_sync
    if ! wait_for_sync; then
        explain_sync
        explain_rollout
        exit 1
    fi
}

# summary: a page on stdin -> one line; ends with 1 where it says that something is wrong.
summary() {
    awk '
        /^ktcloud_zone_up\{/ { zones += 1; up += $NF }
        /^ktcloud_zone_up\{.* 0$/ { match($0, /zone="[^"]*"/); down = down " " substr($0, RSTART + 6, RLENGTH - 7) }
        /^ktcloud_lb_total_count / { balancers = $NF }
        /^ktcloud_exporter_leader / { leads = $NF }
        END {
            if (leads == "0") { print "stands by for the replica that collects"; exit 0 }
            if (zones == 0) { print "no zone on the page"; exit 1 }
            printf "%d of %d zones up, %s load balancers", up, zones, (balancers == "" ? "unknown" : balancers)
            print (down == "" ? "" : "; down:" down)
            exit (up < zones)
        }'
}

# check_pod NAME
check_pod() {
    printf '  %s: ' "$1"
    kubectl exec -n "$namespace" "$1" -- "$program" get /metrics | summary
}

check() {
    local failures=0 names ready slices=kubernetes.io/service-name=lb-exporter
    exists deployment/lb-exporter -n "$namespace" ||
        fail 1 "" "There is no Deployment lb-exporter in $namespace. Make it: ./scripts/deploy.sh $environment deploy"
    say "" "Rollout:"
    kubectl rollout status deployment/lb-exporter -n "$namespace" --timeout=1s 2>&1 || failures=1
    say "" "Pods:"
    pods -o wide
    say "" "Endpoints of the Service that are ready:"
    # Not jsonpath, which fails where a slice has no endpoints.
    ready=$(kubectl get endpointslices -n "$namespace" -l "$slices" -o go-template='
        {{- range .items }}{{ range .endpoints }}{{ if .conditions.ready }}  {{ index .addresses 0 }}
{{ end }}{{ end }}{{ end }}')
    if [ -n "$ready" ]; then say "$ready"; else say "  none: Prometheus has nothing to scrape" && failures=1; fi
    say "" "What the pods serve:"
    names=$(pods --field-selector status.phase=Running -o jsonpath='{range .items[*]}{.metadata.name}{"\n"}{end}')
    for name in $names; do check_pod "$name" || failures=1; done
    [ -n "$names" ] || say "  no pod runs"
    say ""
    if has_application; then
        show_application
    else
        say "Argo CD has no Application $application here."
    fi
    [ $failures -eq 0 ] || fail 1 "" "Something above is not well. More:" \
        "  kubectl describe pods -n $namespace -l $selector" \
        "  kubectl logs -n $namespace deployment/lb-exporter"
}

main() {
    parse_arguments "$@"
    check_arguments
    [ "$action" = check ] || need_confirmation
    need_kubectl
    show_cluster "$namespace"
    case $action in
        deploy) deploy ;;
        argocd) sync ;;
        check) check ;;
    esac
}

main "$@"
