ARG BASE=busybox
FROM ${BASE} AS build
ARG VERSION=1
ARG TARGETARCH
ENV NAME=app-${VERSION}
WORKDIR /src
COPY --chown=1:2 go.mod main.go ./
COPY --exclude=*.md docs /docs/
RUN --mount=type=cache,target=/root/.cache --mount=type=secret,id=token --mount=type=bind,source=lib,target=/lib2 make $NAME
FROM debian:bookworm AS unused
RUN never
FROM scratch
LABEL version=${VERSION:-none}
COPY --from=build /src/app /app
EXPOSE 80 90-91/udp
USER 1000
HEALTHCHECK --interval=5s CMD /app check
ENTRYPOINT ["/app"]
