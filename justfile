# Every task of this repository; CI calls nothing else.

set shell := ["bash", "-euo", "pipefail", "-c"]

export PATH := justfile_directory() / "node_modules/.bin" + ":" + env("PATH")

components := "webhook sidecar exporter"

# List the recipes
default:
    @just --list --unsorted

# Install the dependencies that bun.lock names
install:
    @bun install --frozen-lockfile --silent

# Start everything on this machine: demo application, sidecar, cloud simulator, exporter, webhook
[no-exit-message]
dev *ARGS: install
    @bun dev/main.ts {{ ARGS }}

# Watch a pod end, with and without the sidecar, in 20 seconds
[no-exit-message]
demo *ARGS: install
    @bun dev/demo.ts {{ ARGS }}

# Start the simulated KT Cloud alone
[no-exit-message]
simulator *ARGS: install
    @bun exporter/ktcloud/simulator.ts {{ ARGS }}

# Run all tests: needs nothing but what `just install` brings
test *ARGS: install build
    @bun test --timeout 30000 {{ ARGS }}

# Run the tests against real Prometheus, promtool and Chromium
e2e: install build
    @bun scripts/require.ts prometheus promtool unshare ip curl
    @bun test --timeout 120000 ./e2e/prometheus.e2e.ts ./e2e/injection.e2e.ts ./e2e/final-scrape.e2e.ts ./e2e/exporter.e2e.ts ./e2e/curl.e2e.ts ./e2e/status-page.e2e.ts ./e2e/dashboards.e2e.ts ./e2e/scraping.e2e.ts

# Render every kustomization and check what comes out
manifests: install
    @bun scripts/require.ts kubectl promtool
    @bun test $(find ./manifests ./dev -name check.ts)

# Check the shell scripts
shell: install
    @bun scripts/require.ts shellcheck
    @shellcheck --external-sources $(git ls-files '*.sh') .ci/run

# Deploy the exporter by kubectl or Argo CD, or look after it: just deploy dev|staging|prod deploy|argocd|check
[no-exit-message]
deploy *ARGS:
    @./scripts/deploy.sh {{ ARGS }}

# Set Argo CD up in the current cluster: just argocd install|status|password|port-forward
[no-exit-message]
argocd *ARGS:
    @./scripts/setup-argocd.sh {{ ARGS }}

# Check the workflows of GitHub Actions: syntax, shell, and what makes them unsafe
workflows:
    @PATH="$PWD/dist/tools/bin:$PATH" bun scripts/require.ts actionlint zizmor shellcheck
    @PATH="$PWD/dist/tools/bin:$PATH" actionlint
    @PATH="$PWD/dist/tools/bin:$PATH" zizmor --offline --no-progress --quiet .github

# Roll Deployments in the current cluster (e2e/cluster), and compare what they counted with what Prometheus has stored
[no-exit-message]
rollouts *ARGS: install
    @bun e2e/cluster/rollouts.ts {{ ARGS }}

# Compile the executables dist/webhook, dist/sidecar and dist/exporter
[no-exit-message]
build *COMPONENTS=components: install
    @bun scripts/build.ts {{ COMPONENTS }}

# Build the images with docker, podman or buildah
[no-exit-message]
image *COMPONENTS=components: install
    @bun scripts/images/image.ts {{ COMPONENTS }}

# Build the images on stand-ins for their base images and run them as Kubernetes does (Debian or Ubuntu, docker or podman)
image-check: install
    @bun scripts/require.ts tar dpkg-query
    @bun test --timeout 120000 ./scripts/images/check.ts

# Collect the licences of what is compiled in: dist/licences/webhook.txt, sidecar.txt and exporter.txt
[no-exit-message]
licences *COMPONENTS=components: install
    @bun scripts/licences/write.ts {{ COMPONENTS }}

# Measure executables, starts and dependencies, and write the tables in docs/ that say so
sizes: install
    @bun scripts/sizes/main.ts

# Measure a component beside its peers (it says which programs are missing): just bench sidecar, webhook or exporter
[no-exit-message]
bench COMPONENT="sidecar" *ARGS: install (build COMPONENT)
    @bun bench/main.ts {{ COMPONENT }} {{ ARGS }}

# Write the tables in docs/ that come from the code
docs: install
    @bun scripts/docs.ts

# Write the Grafana dashboards from manifests/monitoring/dashboards/source/
dashboards: install
    @bun scripts/dashboards.ts

# Format the code and sort its imports
fmt: install
    @biome check --write .

# Check the formatting
fmt-check: install
    @biome check .

# Lint: types, promises, imports between components, cycles
lint: install
    @oxlint --deny-warnings

# Check the types
types: install
    @tsc --noEmit

# Everything that CI checks, in its order
ci: fmt-check lint types shell workflows test manifests e2e image-check
