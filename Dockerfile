# The operator's image (charts/assent), which holds the whole CLI: docker build -t assent:0.1.0 .
FROM golang:1.26 AS compiler
WORKDIR /src/compiler
COPY compiler/ ./
RUN GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -buildmode=c-shared -o dist/opa-compiler.wasm .

FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src/ src/
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
WORKDIR /opt/assent
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules/ node_modules/
COPY --from=build /src/dist/ dist/
COPY --from=compiler /src/compiler/dist/opa-compiler.wasm compiler/dist/
RUN chmod +x dist/cli/main.js && ln -s /opt/assent/dist/cli/main.js /usr/local/bin/assent
USER 65532:65532
ENTRYPOINT ["assent"]
