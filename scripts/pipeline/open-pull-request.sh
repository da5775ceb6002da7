#!/usr/bin/env bash
# Opens a pull request in the GitOps repository, unless it is open: open-pull-request.sh BRANCH TITLE.
set -euo pipefail

branch=$1 title=$2

open=$(gh pr list --repo "$GITOPS_REPO" --head "$branch" --state open --json number --jq length)
if [ "$open" -gt 0 ]; then
    echo "The pull request of $branch is open already."
    exit
fi
gh pr create --repo "$GITOPS_REPO" --head "$branch" --base main --title "$title" \
    --body "Argo CD shows the difference once this is merged, and production changes when somebody syncs it."
