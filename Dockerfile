FROM python:3.11-slim-bookworm AS build
WORKDIR /source
# The dependencies first: they change less often than the source, and so stay cached.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /onrecord && /onrecord/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY annotations annotations/
COPY api api/
COPY migrations migrations/
COPY models models/
COPY seeds seeds/
RUN /build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /wheels .
RUN /onrecord/bin/pip install --no-deps --no-index --find-links /wheels onrecord
# A read-only file system cannot be compiled to later, and pip has no work left to do.
RUN /onrecord/bin/python -m compileall -q /onrecord/lib
RUN /onrecord/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 onrecord && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /data onrecord
RUN install --directory --owner 10001 --group 10001 --mode 0750 /data
COPY --from=build /onrecord /onrecord
ENV PATH=/onrecord/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# One process and one file until somebody names a PostgreSQL; /data is the only folder that it writes.
ENV ONRECORD_DATABASE_URL=sqlite:////data/record.sqlite
# A number, because an orchestrator that refuses root cannot look a name up.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["onrecord", "serve", "--host", "0.0.0.0", "--port", "8000"]
