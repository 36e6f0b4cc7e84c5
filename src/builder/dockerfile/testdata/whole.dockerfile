# syntax=docker/dockerfile:1
# escape = \
# check=skip=JSONArgsRecommended
# plain comment
ARG VERSION=bookworm BARE

# base where all begins
FROM --platform=$BUILDPLATFORM debian:${VERSION} AS Base
MAINTAINER Some One <one@example.com>
LABEL a=b "c d"="e f" g='h i'
label old style value
ENV A=1 B="two words" C=three\ words
ENV legacy some  value
ARG X Y=1 Z="a b"
EXPOSE 80/tcp 443 53/udp
VOLUME /data /logs
VOLUME ["/a b", "/c"]
USER 1000:1000
WORKDIR /srv/app
STOPSIGNAL SIGQUIT
SHELL ["/bin/bash", "-c"]
RUN apt-get update && \
    # a comment inside

    apt-get install -y   curl
RUN ["/bin/true", "a b"]
RUN [not, json]
RUN --mount=type=cache,target=/var/cache/apt --mount=type=secret,id=x,required --network=none --security=insecure --device=vendor.com/gpu=all,required make
RUN --network=none -- --odd
ONBUILD RUN --mount=type=cache,target=/c make all
HEALTHCHECK --interval=5m --timeout=3s --start-period=1.5s --retries=3 CMD curl -f http://localhost/ || exit 1
HEALTHCHECK NONE
HEALTHCHECK cmd ["a", "b"]
CMD
ENTRYPOINT ["/entry"]
cmd echo "$A"

FROM scratch
COPY --from=base --chown=1:2 --chmod=755 --link --parents --exclude=*.md --exclude=a/** /a b/*.txt /dest/
COPY ["with space", "/x"]
ADD --checksum=sha256:abc --keep-git-dir --unpack=false https://example.com/a.tar /
