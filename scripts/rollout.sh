# shellcheck shell=bash
# Why the exporter's rollout does not come to its end: pods, warnings, the last log lines, and what they mean.
# Sourced by deploy.sh, which sets `namespace`.
# shellcheck disable=SC2154

selector=app.kubernetes.io/name=lb-exporter
program=lb-exporter

pods() { kubectl get pods -n "$namespace" -l "$selector" "$@"; }

explain_rollout() {
    local warnings log
    warnings=$(kubectl get events -n "$namespace" --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10)
    log=$(kubectl logs -n "$namespace" -l "$selector" --tail=20 --prefix 2>&1) || true
    say "" "The rollout has not come to its end. Pods:"
    pods -o wide || true
    say "" "Warnings:" "${warnings:-none}" "" "The end of the log:" "${log:-nothing}"
    say "" "Likely reasons:"
    reasons
}

# Each different reason once.
reasons() {
    local states known
    states=$(pods -o jsonpath='{range .items[*]}
pod:{.metadata.name}
{range .status.conditions[?(@.type=="PodScheduled")]}{.reason}
{end}{range .status.containerStatuses[*]}waiting:{.state.waiting.reason}
code:{.state.terminated.exitCode}
code:{.lastState.terminated.exitCode}
{.lastState.terminated.reason}
ready:{.ready},running:{.state.running.startedAt}
{end}{end}' 2>/dev/null) || true
    if [ -z "$states" ]; then
        say "- There is no pod. A quota, an admission policy or Pod Security may forbid it:" \
            "    kubectl describe replicaset -n $namespace -l $selector"
        return
    fi
    known=$(printf '%s\n' "$states" | sort -u | while read -r state; do reason "$state"; done)
    say "${known:-"- None that is known here; what the pods wait for: kubectl describe pods -n $namespace -l $selector"}"
}

# reason STATE: what one word of a pod's status means, and what to do.
reason() {
    case $1 in
        waiting:ErrImagePull | waiting:ImagePullBackOff | waiting:InvalidImageName)
            say "- ${1#waiting:}: the image cannot be pulled. Does the registry have this tag, and may the namespace" \
                "  pull it (imagePullSecrets)?"
            ;;
        waiting:CreateContainerConfigError)
            say "- ${1#waiting:}: a Secret or a key of it is missing. lb-exporter needs CLOUD_ID, CLOUD_PASSWORD and" \
                "  CLOUD_ZONE:" \
                "    kubectl describe secret lb-exporter -n $namespace   # shows keys, no values"
            ;;
        waiting:ContainerCreating)
            say "- ContainerCreating: a volume cannot be mounted or the network is not there; the warnings name it."
            ;;
        Unschedulable) say "- Unschedulable: no node has room for the pod, or none fits; the warnings name what is short." ;;
        OOMKilled) say "- OOMKilled: the memory limit is too low for this many load balancers; raise it in the overlay." ;;
        code:78) say "- Exit code 78: the configuration is refused; the log names each wrong value and what is allowed." ;;
        code:1) say "- Exit code 1: a listener or something internal failed; the log says what." ;;
        ready:false,running:?*)
            say "- Not ready: without a first snapshot of the cloud nothing is served. Ask the cloud from there:" \
                "    kubectl exec -n $namespace deployment/lb-exporter -- $program check"
            ;;
    esac
}
