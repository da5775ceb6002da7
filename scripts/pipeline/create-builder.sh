#!/usr/bin/env bash
# Makes a builder for both architectures the one that `docker buildx build` uses. By digest, as the tag that it would
# take by itself is moved: what builds an image can change it.
set -euo pipefail

buildkit=docker.io/moby/buildkit:v0.32.2@sha256:28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8

docker buildx create --use --driver=docker-container --driver-opt="image=$buildkit"
