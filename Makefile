# The verbs of the house; `make` alone lists them.
SHELL := /bin/sh
VENV := $(or $(IOC_VENV),.venv)
RUN := $(VENV)/bin/python
START := tools/python.sh -m tools.stack

.DEFAULT_GOAL := help
.PHONY: help up down status test check generate bench faults fuzz format lock viewer pictures prepare

help:  ## this list
	@echo "make <verb>, in the folder of the project:"
	@sed -n 's/^\([a-z]*\):.*## /  \1|/p' Makefile | while IFS='|' read -r verb text; do printf '%-12s %s\n' "$$verb" "$$text"; done

up:  ## install what is missing and start everything; WORKERS=2, DATA=<file or folder>, SPEED=<n>, IOC_KAFKA_PORT=<port> ...
	@$(START) up

down:  ## end everything that was started here, keep the data
	@$(START) down

status:  ## what runs, where, and how often it was restarted
	@$(START) status

test: prepare check  ## everything: checks, unit, property, real Kafka, kill -9, the stack up and down; PEERS=1: other engines too
	$(RUN) -m pytest $(if $(PEERS),,-m "not peers")

check: prepare  ## ruff, mypy strict, the import order of the house, generated files fresh
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m tools.generate --check

generate: prepare  ## write everything that derives from declarations: schemas, rules, documentation
	$(RUN) -m tools.generate

bench: prepare  ## how fast, side by side with other stream processors, on the real broker; ONLY=profile, ONLY=ysb, QUICK=1
	$(RUN) -m benchmarks.report

faults: prepare  ## the fault matrix: harm workers, broker, network and data under load, then recount; ONLY=T05, SEED=7, QUICK=1
	$(RUN) -m tools.faults $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED)) $(if $(QUICK),--quick)

fuzz: prepare  ## any bytes at all to the readers of events, guided by coverage (atheris); SECONDS=60, SEED=7, REPEAT=<finding>
	$(RUN) -m tools.fuzz --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(if $(REPEAT),--repeat $(REPEAT))

format: prepare  ## let ruff mend what it can
	$(RUN) -m ruff check --fix .

lock: prepare  ## write requirements/*.txt anew from pyproject.toml, with hashes
	$(RUN) -m tools.lock

viewer: prepare  ## build the wall page anew from its locked packages (Node 20, npm) and compare; WRITE=1 keeps it
	$(RUN) -m tools.viewer $(if $(WRITE),--write)

pictures: prepare  ## take the pictures of the walls from the stack that runs here: after make up DATA=...
	$(RUN) -m tools.pictures

prepare:
	@$(START) prepare
