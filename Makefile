# Everything a person does with Spark. `make help` lists it.
SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help
.PHONY: help up down status logs secrets evidence backup restore bist-credentials bist-login test check lint bench soak chaos lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## Start the whole stack (installs an engine where there is none and it may)
	@scripts/up.sh

down: ## Stop the stack; data and secrets stay
	@docker compose down --remove-orphans

status: ## Show containers, addresses and the canary's verdict
	@docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
	@docker compose exec -T canary python -m canary.cli status || true
	@scripts/table.sh

logs: ## Follow the logs (SERVICE=web for one service)
	@docker compose logs --follow --tail 100 $(SERVICE)

secrets: ## Show the operator's token and Grafana's first password
	@scripts/secrets.sh

evidence: ## Write an evidence package to evidence/ (exit 0 PASS, 1 FAIL, 2 INCONCLUSIVE)
	@scripts/evidence.sh

backup: ## Write the ledger into backups/, while it is traded on
	@scripts/backup.sh

restore: ## Put a backup in the place of the ledger (FILE=backups/spark_….dump) and verify it
	@scripts/restore.sh "$(FILE)"

bist-credentials: ## Give your own AlgoLab credentials (asks for key, user name, password)
	@scripts/bist.sh credentials

bist-login: ## Log in to AlgoLab: sends the text message and asks for its code
	@scripts/bist.sh login

test: ## Run every test, the ones on real containers too
	@scripts/test.sh all

check: ## Run lint and unit tests only (under a minute)
	@scripts/test.sh unit

lint: ## Run ruff, mypy and yamllint only
	@scripts/test.sh lint

bench: ## Measure, print a table, write bench/results.json
	@scripts/test.sh bench

soak: ## Throw faults at market data for MINUTES (30) and see whether it ever shows a wrong book
	@scripts/test.sh soak

chaos: ## Kill executors and database for MINUTES (5) while clients trade: is anything lost, doubled, over-filled?
	@scripts/test.sh chaos

lock: ## Pin every requirements.in anew, with hashes
	@scripts/lock.sh

clean: ## Stop the stack and remove its data, secrets and images
	@docker compose down --volumes --remove-orphans --rmi local
