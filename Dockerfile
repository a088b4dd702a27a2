# esante in a container: docs/INSTALL.md says how it is made and run, and what a container gives up.

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/esante
COPY requirements.lock ./
RUN /opt/esante/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY scripts/build_catalogues.py scripts/
COPY esante/ esante/
RUN /opt/esante/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/esante --shell /usr/sbin/nologin esante \
    && install -d -o esante -g esante -m 0700 /var/lib/esante /etc/esante/keys
COPY --from=build /opt/esante /opt/esante
COPY packaging/container.toml /etc/esante/esante.toml
COPY packaging/healthcheck.py /opt/esante/healthcheck.py
ENV PATH=/opt/esante/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ESANTE_DATA=/var/lib/esante/data ESANTE_CONFIG=/etc/esante/esante.toml
USER esante
WORKDIR /var/lib/esante
VOLUME ["/var/lib/esante", "/etc/esante/keys"]
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "/opt/esante/healthcheck.py"]
ENTRYPOINT ["esante"]
CMD ["serve"]
