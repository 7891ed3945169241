# For those who expect one. The work is done by ./run, ./test and ./lock, which need no make.
.DEFAULT_GOAL := help
.PHONY: help run test fast long lint fix types floors lock assets screenshot image up

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: ## Start the demo
	./run

test: ## Run every test but the long figures
	./test

fast: ## Run the inner loop: lint, floors, migrations, the suite on SQLite
	./test fast

long: ## Run the long figures and write docs/evidence.md
	./test long

lint: dev ## Check style
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

fix: dev ## Repair style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

types: dev ## Check types
	.venv/bin/mypy portal travel

floors: dev ## Check that imports only go down
	.venv/bin/lint-imports

lock: dev ## Make the hashed locks from pyproject.toml
	./lock

assets: ## Build static/ from frontend/ (needs Node)
	cd frontend && npm ci && npm run build

screenshot: dev ## Make docs/screenshot.png from a demo of its own
	PYTHONPATH=. .venv/bin/python docs/screenshot.py

image: ## Build the container image
	docker build --tag staff-security-portal .

up: ## Start the demo on PostgreSQL and Redis, in containers
	docker compose up --build

.PHONY: dev
dev:
	@./run install dev
