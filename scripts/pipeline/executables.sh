#!/usr/bin/env bash
# Compiles what a release has to download: executables.sh v1.2.3. Leaves them with SHA256SUMS in dist/release.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=${1#v}
release=dist/release

rm -rf "$release"
mkdir -p "$release"
for arch in amd64 arm64; do
    npx bun scripts/build.ts --arch="$arch"
    for component in webhook sidecar exporter; do
        mv "dist/$component" "$release/${component}_${version}_linux_$arch"
    done
done
# Of the commit, so that whoever builds it again gets the same files.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
GITHUB_SHA=$(git rev-parse HEAD)
export SOURCE_DATE_EPOCH GITHUB_SHA
for component in webhook sidecar exporter; do
    npx bun scripts/pipeline/sbom.ts "$component" >"$release/${component}_$version.spdx.json"
done
npx bun scripts/licences/write.ts
for component in webhook sidecar exporter; do
    cp "dist/licences/$component.txt" "$release/${component}_${version}_licences.txt"
done
cp LICENSE "$release/"
cd "$release"
sha256sum -- * >SHA256SUMS
