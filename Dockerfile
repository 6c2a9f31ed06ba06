# The image of millhand: one program, for every command.
#
#     docker build -t millhand .
#     docker run --rm --read-only --tmpfs /tmp -v millhand:/var/lib/millhand millhand stats
#
# Handlers are mounted at /handlers, or put there by an image made FROM this one, which also brings
# the languages that they are written in, and git and universal-ctags where jobs of the built-in type
# index are to run.

FROM debian:bookworm-slim AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        gcc libc6-dev libcurl4-openssl-dev libinih-dev libjansson-dev libmicrohttpd-dev libpq-dev \
        libsodium-dev libsqlite3-dev libssl-dev libuv1-dev meson ninja-build pkg-config python3 \
    && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN meson setup /build /source --prefix=/usr -Dtests=false -Dbuildtype=release -Dstrip=true \
    && DESTDIR=/out meson install -C /build

FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        ca-certificates libcurl4 libinih1 libjansson4 libmicrohttpd12 libpq5 libsodium23 libsqlite3-0 \
        libssl3 libuv1 tini tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 10001 -g 10001 /var/lib/millhand && install -d /handlers
COPY --from=build /out/usr/bin/millhand /usr/bin/millhand

# Inside a container nobody else is on loopback, and outside it only what is published gets in.
ENV MILLHAND_ENV=production MILLHAND_BIND=0.0.0.0 MILLHAND_HANDLERS=/handlers
USER 10001:10001
WORKDIR /var/lib/millhand
VOLUME /var/lib/millhand
EXPOSE 8080 8090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["millhand", "health"]

# tini collects what handlers leave behind.
ENTRYPOINT ["tini", "--", "millhand"]
CMD ["worker"]
