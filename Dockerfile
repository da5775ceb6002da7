# One component as an image: docker build --build-arg COMPONENT=webhook|sidecar|exporter .
ARG BUN_IMAGE=docker.io/oven/bun:1.4.5-debian
# Has glibc and CA certificates, which is all that the executable needs.
ARG BASE_IMAGE=gcr.io/distroless/base-debian12:nonroot

FROM ${BUN_IMAGE} AS build
WORKDIR /src
# Installed before the code is there, so that a change of code does not install again.
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY shared shared
COPY webhook webhook
COPY sidecar sidecar
COPY exporter exporter
ARG COMPONENT=webhook
# The commit: .git is not part of the build context.
ARG REVISION=unknown
RUN BUILD_REVISION="${REVISION}" bun scripts/build.ts "${COMPONENT}" \
    && mv "dist/${COMPONENT}" dist/component \
    && dist/component --version

FROM ${BASE_IMAGE}
ARG COMPONENT=webhook
ARG REVISION=unknown
LABEL org.opencontainers.image.title="${COMPONENT}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY LICENSE /LICENSE
COPY --from=build /src/dist/component /usr/local/bin/component
# The nonroot user of distroless; by number, because runAsNonRoot cannot check a name.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/component"]
