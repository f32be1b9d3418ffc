# Everything a person does with Spark. `make help` lists it.
override .DEFAULT_GOAL := help

# A value that somebody gives is never code. What stands on the command line becomes a plain text here, so that make expands nothing in
# it, and a recipe reads it from its environment ("$$FILE"), where no shell parses it.
$(foreach spark_given,$(.VARIABLES),$(if $(filter command override,$(origin $(spark_given))),$(if $(findstring $$,$(spark_given)),\
	$(error $(spark_given): no variable has such a name),\
	$(eval override $(spark_given) := $$(value $(spark_given)))$(eval export $(spark_given)))))
override spark_given :=
override MAKEOVERRIDES :=
override SHELL := /usr/bin/env bash
override .SHELLFLAGS := -c
unexport SHELL BASH_ENV ENV

# Windows line ends in a script or in a container's file are told before anything is done.
override PLACES := Makefile docker-compose.yml scripts common $(dir $(wildcard */Dockerfile)) tests/standins
override WINDOWS := $(firstword $(shell grep -srlI "$$(printf '\r')" $(PLACES)))
ifneq ($(WINDOWS),)
$(error $(WINDOWS) has Windows line ends (CRLF), which break scripts in Linux: clone again with a git that heeds .gitattributes, or take them out with: grep -rlIZ "$$(printf '\r')" $(PLACES) | xargs -0 sed -i 's/\r$$//')
endif

.PHONY: help up down status logs secrets tls evidence page canary baseline backup restore bist-credentials bist-login feed-resume symbols tape replay test check lint bench soak chaos faults quiet lock clean receiver-secret page-test

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

up: ## Start the whole stack (installs an engine where there is none and it may)
	@bash scripts/up.sh

down: ## Stop the stack; data and secrets stay
	@bash scripts/compose.sh down

status: ## Show containers, versions, addresses and the canary's verdict
	@bash scripts/compose.sh status

logs: ## Follow the logs (SERVICE=web for one service)
	@bash scripts/compose.sh logs "$$SERVICE"

secrets: ## Show the operator's token, the reader's, and Grafana's first password
	@bash scripts/secrets.sh

tls: ## Make a certificate for the ports, or take your own (CERT=chain.pem KEY=key.pem)
	@bash scripts/tls.sh

evidence: ## Write an evidence package to evidence/ (exit 0 PASS, 1 FAIL, 2 INCONCLUSIVE)
	@bash scripts/evidence.sh

canary: ## Try another image of the executor with equal orders beside the one that runs; promote it, or leave all as it was (IMAGE=…)
	@bash scripts/canary.sh "$$IMAGE"

page: ## Open the console in this machine's Chromium: does a user see a live page? (WAIT=10 seconds; CHROME=program; exit as evidence)
	@bash scripts/page.sh "$$WAIT" "$$CHROME"

baseline: ## Judge restarts from now on only (BY=Ada WHY='disk replaced'); without them, show since when
	@bash scripts/baseline.sh "$$BY" "$$WHY"

backup: ## Write the ledger into backups/, while it is traded on
	@bash scripts/backup.sh

restore: ## Put a backup in the place of the ledger (FILE=backups/spark_….dump) and verify it
	@bash scripts/restore.sh "$$FILE"

bist-credentials: ## Give your own AlgoLab credentials (asks for key, user name, password)
	@bash scripts/bist.sh credentials

bist-login: ## Log in to AlgoLab: sends the text message and asks for its code
	@bash scripts/bist.sh login

feed-resume: ## Dial a feed at once that stopped or waits (VENUE=BTCTURK or BIST)
	@bash scripts/feed.sh resume "$$VENUE"

symbols: ## List the symbols that are followed; ADD=BTCTURK:SOLTRY or REMOVE=… changes them without a restart
	@bash scripts/symbols.sh "$$ADD" "$$REMOVE"

tape: ## List the tapes of market data; OUT=bug.tape.gz [FROM=15m] [TO=5m] cuts a span out of them
	@bash scripts/tape.sh "$$OUT" "$$FROM" "$$TO"

replay: ## Start the stack on a tape (TAPE=bug.tape.gz [SPEED=10]); make up ends it
	@bash scripts/replay.sh "$$TAPE" "$$SPEED"

test: ## Run every test, the ones on real containers too
	@bash scripts/test.sh all

check: ## Run lint and the quick tests only (two minutes on two cores; the first time makes .venv, one more)
	@bash scripts/test.sh unit

lint: ## Run ruff, mypy, yamllint and shellcheck only
	@bash scripts/test.sh lint

bench: ## Measure, print a table, write bench/results.json
	@bash scripts/test.sh bench

soak: ## Throw faults at market data for MINUTES (30) and see whether it ever shows a wrong book
	@bash scripts/test.sh soak

chaos: ## Kill executors and database for MINUTES (5) while clients trade: is anything lost, doubled, over-filled?
	@bash scripts/test.sh chaos

faults: ## Break the stack in every way of the table and see who is told, what heals, what is lost (ONLY=stop-web,… for some; JOBS=2 at once)
	@bash scripts/test.sh faults

quiet: ## Watch a healthy stack for MINUTES (30), and as long with 10,000 resting orders and 200 streams: does any alert fire?
	@bash scripts/test.sh quiet

lock: ## Pin every requirements.in anew, with hashes
	@bash scripts/lock.sh

receiver-secret: ## Give the secret of a receiver of alerts, or of the outside heartbeat (RECEIVER=slack; asks for it, or reads standard input)
	@bash scripts/receivers.sh secret "$$RECEIVER"

page-test: ## Send a test alert to every receiver and print whether it arrived
	@bash scripts/receivers.sh test

clean: ## Stop the stack and remove its data, secrets and images
	@bash scripts/compose.sh clean
