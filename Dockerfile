# Console and platform operator for a cluster; the embedded cluster of a single host is not in it.
#
#   docker build -t chiave:0.1.0 .
#
# Behind a registry of your own: --build-arg NPM_CONFIG_REGISTRY=https://…, and --build-arg NODE_IMAGE=… for the base.
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG NPM_CONFIG_REGISTRY
WORKDIR /src
COPY . .
RUN scripts/container/build-root.sh /image

FROM ${NODE_IMAGE}
# What installs packages is not needed to run.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
  && install -d -o 65532 -g 65532 -m 700 /var/lib/chiave
COPY --from=build /image /opt/chiave
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
WORKDIR /opt/chiave
# Without an entry in /etc/passwd. Everything but /var/lib/chiave and /tmp may be read-only.
USER 65532:65532
EXPOSE 8006
# Health is asked for by the cluster's probes (/healthz, /readyz).
ENTRYPOINT ["node", "/opt/chiave/dist/main.js"]
CMD ["--cluster", "in-cluster", "--run", "console", "--home", "/var/lib/chiave", "--host", "0.0.0.0"]
