# make lab    set everything up (first time) and open the labs in JupyterLab
# make test   unit tests, every notebook, the browser tests (make test LAB=03: what concerns one)
# make holds  what holds of the lecture's claims -> notebooks/what_holds.md (LAB=13: run that lab anew)
# make site   the labs as pages to read and play with -> site/_build/html (make site LABS="01 13": some)
# make bench  labkit beside its peers (make bench NAME: one question) -> benchmarks/results.md
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LABS   ?=
LAB    ?=
TORCH  ?=

.PHONY: lab setup test site elsewhere oldest lint holds bench gallery map doctor constraints clean

# uv then trusts what the system trusts, as pip does: behind a university's proxy it has to
UV := UV_SYSTEM_CERTS=$${UV_SYSTEM_CERTS:-1} $(BIN)/python -m uv
# $(call install,WHAT): with uv where it can be had, else with pip; TORCH=cpu: without GPU libraries.
# Python compiles what a lab imports at its first start, some seconds once: compiling all takes longer
# than that, and pays for tests only, or where Python may not write what it compiled.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
with_uv = $(UV) --version >/dev/null 2>&1 \
	&& $(UV) pip install $(COMPILE) --python $(BIN)/python $(2) -c constraints.txt -e $(1)
install = if [ -n "$(TORCH)" ] && $(call with_uv,$(1),--torch-backend=$(TORCH)); then :; else \
	[ -z "$(TORCH)" ] || echo "PyTorch for '$(TORCH)' cannot be had here; going on with the usual one."; \
	if $(call with_uv,$(1)); then :; \
	else echo "uv cannot do it here; going on with pip, which takes longer."; \
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e $(1); fi; fi

lab: setup
	@$(BIN)/labkit start $(LABS)

setup: $(VENV)/.labkit
	@:

$(VENV)/.labkit: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "labkit needs Python 3.11 or newer; '$(PYTHON)' is missing or older."; \
	  echo "Install it from python.org, or name another one: make lab PYTHON=python3.12"; exit 1; }
	@echo "Setting up labkit in $(VENV): once, some minutes (downloads about 3 GB on Linux, far less with TORCH=cpu)."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python cannot make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv"; \
	  exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
	  || echo "uv cannot be installed."
	@$(call install,.)
	@touch $@

$(VENV)/.labkit-%: COMPILE := --compile-bytecode
$(VENV)/.labkit-test: $(VENV)/.labkit
	@$(call install,'.[test]')
	@touch $@

$(VENV)/.labkit-dev: $(VENV)/.labkit
	@$(call install,'.[dev]')
	@touch $@

test: $(VENV)/.labkit-test
	@$(BIN)/python tests/everything.py $(LAB)

$(VENV)/.labkit-site: $(VENV)/.labkit
	@$(call install,'.[site]')
	@touch $@

site: $(VENV)/.labkit-site
	@OMP_WAIT_POLICY=passive $(BIN)/python site/build.py $(LABS)

# Other machines: one and four threads, other processors' arithmetic. About an hour on two cores.
elsewhere: $(VENV)/.labkit-test
	@$(BIN)/python tests/elsewhere.py $(LAB)

# The oldest versions that pyproject.toml allows, in an environment of their own, wheels only.
OLDEST := .venv-oldest
WHEELS := numpy pandas matplotlib pillow scikit-image scikit-learn scipy
oldest: $(VENV)/.labkit
	rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	$(UV) pip install --python $(OLDEST)/bin/python --resolution lowest-direct \
	  $(WHEELS:%=--only-binary %) -e '.[test]'
	$(OLDEST)/bin/python tests/everything.py $(LAB)

lint: $(VENV)/.labkit-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

# Runs the labs whose rows changed, or the one that is named.
holds: $(VENV)/.labkit-test
	@$(BIN)/python tests/holds.py $(LAB)

# d2l asks for versions of 2023; what is measured of it runs with today's
$(VENV)/.labkit-bench: $(VENV)/.labkit
	@$(call install,'.[bench]')
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps d2l==1.0.3
	@touch $@

ifeq (bench,$(firstword $(MAKECMDGOALS)))
NAMES := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
.PHONY: $(NAMES)
$(NAMES): bench
	@:
endif

bench: $(VENV)/.labkit-bench
	@$(BIN)/python -m benchmarks $(NAMES)

# the map, the pages of the paths, the lists in lab 00 and README
map: $(VENV)/.labkit-test
	$(BIN)/python tests/overview.py

gallery: map
	$(BIN)/python tests/gallery.py
	$(BIN)/python -m pytest -q tests/browser/movie.py

doctor: setup
	@$(BIN)/labkit doctor

constraints: $(VENV)/.labkit
	@{ head -n 1 constraints.txt; $(UV) pip compile --quiet --upgrade --universal \
	  --python-version 3.11 --all-extras --no-annotate --no-header --no-emit-index-url \
	  --no-emit-find-links pyproject.toml | grep -v '^labkit'; } > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) build dist site/_build .pytest_cache .ruff_cache
