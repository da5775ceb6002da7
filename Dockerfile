# One component as an image: docker build --build-arg COMPONENT=webhook|sidecar|exporter .
# (`just image` builds all three by their names.) Both base images are pinned by digest; another registry's
# copy of them is a build argument. It cross-compiles: the build stage always runs on the building machine.
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe
# Has glibc and CA certificates, which is all that the executable needs.
ARG BASE_IMAGE=gcr.io/distroless/base-debian13:nonroot@sha256:a0d70d6a97cd697d9362bc2aae4a6560dd65817e365d0043b07325a97975dc91

FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE} AS build
# Whoever holds everybody else to their hashes is held to its own. Its install script might fetch it again.
COPY scripts/bun/package.json scripts/bun/package-lock.json /bun/
RUN npm ci --prefix=/bun --ignore-scripts --no-audit --no-fund
WORKDIR /src
# Installed before the code is there, so that a change of code does not install again. Only what goes into the
# executables, but Bun's runtime for every architecture.
COPY package.json bun.lock bunfig.toml ./
RUN /bun/node_modules/@oven/bun-*/bin/bun install --frozen-lockfile --production --os=linux --cpu='*' --libc=glibc
# What .dockerignore lets in.
COPY . .
ARG COMPONENT=webhook
# The commit: .git is not part of the build context.
ARG REVISION=unknown
# Set by the engine where it builds for another platform.
ARG TARGETARCH
# Under the name of its image, for `kubectl exec`, and under one that the entry point can know. The licences go
# to where OpenShift's certification looks for them. Without a time of its own, the layer is the same each time.
RUN set -eu; \
    case "${COMPONENT}" in \
        webhook) name=prometheus-metrics-proxy-hook ;; \
        sidecar) name=prometheus-metrics-proxy ;; \
        exporter) name=lb-exporter ;; \
        *) echo "COMPONENT=${COMPONENT}: no such component, only webhook, sidecar, exporter" >&2; exit 1 ;; \
    esac; \
    BUILD_REVISION="${REVISION}" npx bun scripts/build.ts ${TARGETARCH:+"--arch=${TARGETARCH}"} "${COMPONENT}"; \
    npx bun scripts/licences/write.ts "${COMPONENT}"; \
    mkdir -p out/usr/local/bin out/licenses; \
    mv "dist/${COMPONENT}" "out/usr/local/bin/${name}"; \
    ln -s "${name}" out/usr/local/bin/component; \
    mv "dist/licences/${COMPONENT}.txt" out/licenses/third-party.txt; \
    cp LICENSE out/licenses/LICENSE; \
    find out -exec touch --no-dereference --date=@0 {} +; \
    echo "built ${COMPONENT} as ${name}"

FROM ${BASE_IMAGE}
COPY --from=build /src/out /
ARG COMPONENT=webhook
ARG REVISION=unknown
ARG VERSION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="${COMPONENT}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
# The nonroot user of distroless; by number, because runAsNonRoot cannot check a name.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/component"]
