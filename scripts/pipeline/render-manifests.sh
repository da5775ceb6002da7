#!/usr/bin/env bash
# Writes what each kustomization of manifests/ renders to under its own path, and the Dockerfiles under theirs, into a
# folder for a scanner, whose findings then name files of this repository: render-manifests.sh FOLDER.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$1

mkdir -p "$folder"
cp --parents Dockerfile e2e/cluster/Dockerfile "$folder"
find manifests -name kustomization.yaml | while read -r file; do
    # A component renders to nothing on its own.
    grep -q '^kind: Kustomization$' "$file" || continue
    mkdir -p "$folder/$(dirname "$file")"
    kubectl kustomize "$(dirname "$file")" >"$folder/$file"
done
