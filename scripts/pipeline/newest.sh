#!/usr/bin/env bash
# Says whether GITHUB_SHA is still what the branch GITHUB_REF points to: `newest=true` or `newest=false` as an output
# of the step.
set -euo pipefail

head=$(gh api "repos/$GITHUB_REPOSITORY/git/ref/${GITHUB_REF#refs/}" --jq .object.sha)
newest=true
if [ "$head" != "$GITHUB_SHA" ]; then
    newest=false
    echo "::notice::${GITHUB_REF#refs/heads/} is at $head by now, whose own run publishes: this one publishes nothing."
fi
echo "newest=$newest" >>"$GITHUB_OUTPUT"
