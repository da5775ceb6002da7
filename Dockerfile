# One component as an image: docker build --build-arg COMPONENT=webhook|sidecar|exporter .
# (`just image` builds all three by their names.) Both base images are pinned by digest; another registry's
# copy of them is a build argument. It cross-compiles: the build stage always runs on the building machine.
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
# Has glibc and CA certificates, which is all that the executable needs.
ARG BASE_IMAGE=gcr.io/distroless/base-debian12:nonroot@sha256:7f0c72cd138b442ae0deeb69c08b1acf5525439ba251a49ad93c320a061567e5

FROM --platform=${BUILDPLATFORM} ${BUILD_IMAGE} AS build
WORKDIR /src
# Installed before the code is there, so that a change of code does not install again. Bun's runtimes for all
# architectures are in bun.lock, too.
COPY package.json bun.lock bunfig.toml ./
RUN npx -y bun@1.4.5 install --frozen-lockfile --os=linux --cpu='*'
COPY tsconfig.json ./
COPY scripts/build.ts scripts/
COPY shared shared
COPY webhook webhook
COPY sidecar sidecar
COPY exporter exporter
ARG COMPONENT=webhook
# The commit: .git is not part of the build context.
ARG REVISION=unknown
# Set by the engine where it builds for another platform.
ARG TARGETARCH
# Under the name of its image, for `kubectl exec`, and under one that the entry point can know.
RUN BUILD_REVISION="${REVISION}" npx bun scripts/build.ts ${TARGETARCH:+"--arch=${TARGETARCH}"} "${COMPONENT}" \
    && case "${COMPONENT}" in \
        webhook) name=prometheus-metrics-proxy-hook ;; \
        sidecar) name=prometheus-metrics-proxy ;; \
        exporter) name=lb-exporter ;; \
    esac \
    && mkdir -p out/usr/local/bin \
    && mv "dist/${COMPONENT}" "out/usr/local/bin/${name}" \
    && ln -s "${name}" out/usr/local/bin/component

FROM ${BASE_IMAGE}
COPY LICENSE /LICENSE
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
