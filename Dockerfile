# One image for every process; the service's command selects which process runs:
#   docker build -t parley:local .
#   docker run parley:local python -m realtime
# Both base images are arguments, so that a private mirror or a custom image can replace them.
# Configure a package mirror in such an image (pip.conf, .npmrc), not here.
ARG BASE=python:3.12-slim
ARG NODE_BASE=node:22-slim

# The page: static files. The final image contains no Node.
FROM ${NODE_BASE} AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

# The virtual environment. Wheels only, so neither a compiler nor a package's build script runs.
FROM ${BASE} AS python
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/parley
COPY requirements/runtime.lock /build/requirements/
RUN /opt/parley/bin/pip install --only-binary :all: --require-hashes -r /build/requirements/runtime.lock
WORKDIR /build
COPY setup.cfg pyproject.toml README.md ./
COPY marketplace/ marketplace/
COPY realtime/ realtime/
COPY rest/ rest/
COPY relay/ relay/
COPY matching/ matching/
COPY notify/ notify/
COPY embedded/ embedded/
COPY nginx/ nginx/
RUN /opt/parley/bin/pip install --no-deps --no-build-isolation . \
    && /opt/parley/bin/pip uninstall --yes pip

FROM ${BASE} AS final
RUN groupadd --system --gid 10001 parley \
    && useradd --system --uid 10001 --gid 10001 --home-dir /nonexistent --no-create-home \
        --shell /usr/sbin/nologin parley
COPY --from=python /opt/parley /opt/parley
COPY --from=web /build/web/dist /srv/web
# The root file system may be read-only: Parley writes only to /tmp.
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PARLEY_BIND_HOST=0.0.0.0 \
    PARLEY_BIND_PORT=8000 \
    PARLEY_HTTP_PORT=8080 \
    PARLEY_WEB_ROOT=/srv/web
WORKDIR /srv
USER 10001:10001
EXPOSE 8000 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-IS", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PARLEY_BIND_PORT'] + '/health/ready', timeout=4)"]
CMD ["python", "-m", "rest"]
