# syntax=docker/dockerfile:1
FROM node:24-slim AS base
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./

FROM base AS dependencies
# No package needs its install script: better-sqlite3 and argon2 ship their binaries.
RUN npm ci --omit=dev --ignore-scripts

# docker build --target migrate has drizzle-kit itself. The runtime image migrates with node src/tables/migrate.ts.
FROM base AS migrate
RUN npm ci --include=dev --ignore-scripts
COPY tsconfig.json drizzle.config.ts ./
COPY src src
COPY drizzle drizzle
USER node
CMD ["node", "node_modules/drizzle-kit/bin.cjs", "migrate"]

FROM base AS runtime
RUN mkdir /data && chown node:node /data
COPY --from=dependencies /app/node_modules node_modules
COPY src src
COPY drizzle drizzle
# SQLite and the secret key that is created beside it live on the volume.
ENV HOST=0.0.0.0 PORT=8000 DATABASE_URL=sqlite:////data/task.db
VOLUME /data
EXPOSE 8000
USER node
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# With more room for short-lived objects, garbage is collected less often. README.md says what it costs.
CMD ["node", "--max-semi-space-size=64", "src/server.ts"]
