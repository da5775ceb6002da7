#!/usr/bin/env bash
# Installs what `just workflows` needs, at the versions named here, into dist/tools. Takes Go, and Python with venv.
set -euo pipefail
cd "$(dirname "$0")/../.."

actionlint=1.7.12
zizmor=1.32.0
tools=$PWD/dist/tools

mkdir -p "$tools/bin"
# Go looks the hash of a module up in its checksum database.
GOBIN=$tools/bin go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint"
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check "zizmor==$zizmor"
ln -sf ../venv/bin/zizmor "$tools/bin/zizmor"
