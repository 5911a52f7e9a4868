# One image for the API, the worker and the migrations: they share nearly all of their code.
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /berth
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY apps/api/package.json apps/api/
COPY apps/cli/package.json apps/cli/
COPY apps/dev/package.json apps/dev/
COPY apps/worker/package.json apps/worker/
COPY packages ./packages
COPY prisma ./prisma
COPY scripts ./scripts
# The client of Prisma is generated; what only tests and checks need is left behind afterwards.
RUN npm ci --ignore-scripts && node scripts/generate.mjs && npm prune --omit=dev --ignore-scripts

FROM node:22.21.1-bookworm-slim
WORKDIR /berth
ENV NODE_ENV=production
COPY --from=build /berth ./
COPY apps/api ./apps/api
COPY apps/worker ./apps/worker
USER node
EXPOSE 7070 7071
CMD ["node", "--max-semi-space-size=32", "--import", "tsx", "apps/api/src/main.ts"]
