#!/usr/bin/env bash
# Publishes a GitHub release: github-release.sh TAG NOTES FOLDER, where FOLDER has a SHA256SUMS. A second run finishes
# the draft that the first has left; a release that is out stays as it is, and has to have the same checksums.
set -euo pipefail

tag=$1 notes=$2 folder=$3

# With no such release, gh fails as it does without a network: then creating one fails, too.
draft=$(gh release view "$tag" --json isDraft --jq .isDraft) || draft=none
if [ "$draft" = false ]; then
    published=$(gh release download "$tag" --pattern SHA256SUMS --output -)
    if [ "$published" != "$(cat "$folder/SHA256SUMS")" ]; then
        echo "$tag is out, with other files than these: a release is never changed, the next one mends it." >&2
        exit 1
    fi
    echo "$tag is out already, with the same files."
    exit
fi
# A draft until everything is there.
if [ "$draft" = none ]; then
    gh release create "$tag" --draft --verify-tag --title "$tag" --notes-file "$notes"
fi
gh release upload "$tag" --clobber "$folder"/*
gh release edit "$tag" --draft=false --notes-file "$notes"
