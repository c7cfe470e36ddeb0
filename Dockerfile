# docker build --tag whipstitch .
# docker run --publish 8080:8080 --volume whipstitch:/data whipstitch
#
# The steps are scripts in docker/, so that scripts/try-image can run them without a container engine.

FROM debian:bookworm-slim AS build
COPY . /src
RUN /src/docker/build

FROM debian:bookworm-slim
COPY docker/finish docker/healthcheck /usr/local/lib/whipstitch/
RUN /usr/local/lib/whipstitch/finish
COPY --from=build /opt/whipstitch /opt/whipstitch

ENV PATH=/opt/whipstitch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WHIPSTITCH_DATA_DIR=/data \
    WHIPSTITCH_HOST=0.0.0.0
USER whipstitch
WORKDIR /data
VOLUME /data
EXPOSE 8080
# ClickHouse takes a second or two to start; on a small machine, and with a large store, more.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/local/lib/whipstitch/healthcheck"]
# What is in flight is finished within 10 seconds of a SIGTERM.
STOPSIGNAL SIGTERM
ENTRYPOINT ["whipstitch"]
CMD ["serve"]
