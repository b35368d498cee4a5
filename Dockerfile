# The pipeline with its pinned environment, for a workstation or a cluster:
#   docker build -t novelty-maps . && docker run novelty-maps
# A GPU is found where the container is given one (docker run --gpus all).
FROM python:3.11-slim

# git: DVC keeps experiments in it; g++: torch.compile, which `make paper` uses.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ git make \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 --shell /bin/bash novelty
USER novelty
WORKDIR /home/novelty/novelty-maps

# All that is pinned, tests and docs included, so that a change of code installs nothing anew.
COPY --chown=novelty:novelty constraints.txt ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir -r constraints.txt

COPY --chown=novelty:novelty . .
RUN make .venv/run

CMD ["make", "run"]
