# Aliases of `python3 manage.py …`, which needs nothing but Python 3.11 or newer.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help run test lint fmt bench messages lock vendor

help: ## This list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: ## Start Zhangqi at http://127.0.0.1:8000 (PORT=… to change)
	@$(PYTHON) manage.py serve

test: ## Run everything that proves it (ARGS="-k aging" to pick)
	@$(PYTHON) manage.py test $(ARGS)

lint: ## Format check, lint, types, import contracts, templates, migrations, catalogues
	@$(PYTHON) manage.py lint

fmt: ## Format code and templates
	@$(PYTHON) manage.py fmt

bench: ## Build 1 M open items and print every speed figure beside its reference
	@$(PYTHON) manage.py bench $(ARGS)

messages: ## Collect strings to translate and compile the catalogues (needs GNU gettext)
	@$(PYTHON) manage.py messages

lock: ## Renew both lock files (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url -q --custom-compile-command "make lock" -o requirements.lock
	uv pip compile pyproject.toml --group test --group e2e --group lint --universal --generate-hashes --no-emit-index-url -q --custom-compile-command "make lock" -o requirements-dev.lock

vendor: ## Renew the vendored front-end files (needs Node)
	$(MAKE) -C docs/vendor
