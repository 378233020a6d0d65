# `make demo` shows dockmagic at work, `make test` tests it. Everything lands in .venv: no root, no Docker.
#
#   make demo      set up (1 minute), then run the quickstart notebook offline and write it as a page (10 seconds)
#   make test      set up (3 minutes), then every test and every notebook (5 minutes on two cores)
#   make quick     the tests that start no container, kernel, browser or other engine (about a minute)
#   make lab       open JupyterLab on the course
#   make lint      ruff, mypy, the order of packages
#   make bench     the speed tables, side by side with the peers that are installed
#   make clean     forget what the others made

VENV ?= .venv
BIN := $(VENV)/bin
# The first Python that is new enough and can make virtual environments; `make PYTHON=… demo` takes another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; \
	done)
# Test files stay together, as fixtures for all tests of a file are made once. What .ci/peers unpacks comes first.
PYTEST := PATH="$(abspath $(VENV))/peers/usr/bin:$(abspath $(VENV))/peers/bin:$$PATH" \
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: demo test quick lab lint bench clean compiled
.DELETE_ON_ERROR:

demo: $(VENV)/.demo compiled
	@echo 'Running notebooks/00-quickstart.ipynb offline (about 10 seconds)'
	@$(BIN)/python notebooks/demo.py

test: $(VENV)/.test $(VENV)/.peers compiled
	@echo 'Running every test and every notebook (about 5 minutes on two cores; `make quick` takes about one)'
	@$(PYTEST) --nbval --nbval-current-env tests notebooks

quick: $(VENV)/.test compiled
	@echo 'Running the tests that start no container, kernel, browser or other engine (about a minute)'
	@$(PYTEST) -p no:nbval -m 'not slow' tests

lab: $(VENV)/.lab compiled
	@echo 'Opening JupyterLab on notebooks/ (Ctrl-C ends it); begin with index.ipynb'
	@$(BIN)/jupyter lab --allow-root notebooks

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.demo compiled
	@$(BIN)/python benchmarks/run.py

# An editable install is not compiled as others are, and where PYTHONDONTWRITEBYTECODE is set it never would be:
# every command would compile its 150 modules anew, which takes longer than what it was called for.
compiled: | $(BIN)/python
	@$(BIN)/python -m compileall -q dockmagic

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'dockmagic needs Python 3.11 or newer with its venv module:' \
		'install it (on Debian: apt-get install python3-venv), or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$@ -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

# One stamp for each group of dependencies: a second call finds everything in place.
$(VENV)/.%: pyproject.toml | $(BIN)/python
	@echo "Installing dockmagic and what \`make $*\` needs into $(VENV), 500 MB (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group $*
	@touch $@

$(VENV)/.peers: .ci/peers | $(BIN)/python
	@.ci/peers $(VENV)/peers
	@touch $@
