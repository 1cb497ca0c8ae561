# Touchstone: `make run` opens the window, `make demo` goes through the whole loop without a display.

PYTHON := $(shell for p in python3.11 python3.12 python3; do "$$p" -c "" 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv/bin
SETUP = @test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: sudo apt-get install python3 python3-venv" >&2; exit 1; }; \
	"$(PYTHON)" -m app.setup

# Compiled modules are kept even where the environment says not to: tests start hundreds of processes.
# Numeric libraries on one thread: two threads on busy cores were measured 9 to 50 times slower.
TEST_ENVIRONMENT = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0

.DEFAULT_GOAL := help
.PHONY: help run demo test soak interop clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## set up what is missing and open the window on the simulated bench
	$(SETUP) --display
	@exec $(VENV)/python main.py

demo: ## the whole loop without a display: record, augment, train, deploy, compare
	$(SETUP)
	@OMP_NUM_THREADS=1 exec $(VENV)/python main.py demo

test: ## set up and run every check and test
	$(SETUP) --dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(TEST_ENVIRONMENT) QT_QPA_PLATFORM=offscreen $(VENV)/python -m pytest -n 2 --dist loadfile -m "not realtime and not gl and not soak"
	$(TEST_ENVIRONMENT) QT_QPA_PLATFORM=offscreen $(VENV)/python -m pytest -m "realtime and not gl and not soak"
	@if command -v xvfb-run >/dev/null; then \
		set -x; QT_QPA_PLATFORM=xcb $(TEST_ENVIRONMENT) \
			xvfb-run -a -s "-screen 0 1920x1080x24" $(VENV)/python -m pytest -m "gl and not soak"; \
	else \
		set -x; $(TEST_ENVIRONMENT) $(VENV)/python -m pytest -m "gl and not soak"; \
	fi

soak: ## the long tests, minutes each
	$(SETUP) --dev
	$(TEST_ENVIRONMENT) QT_QPA_PLATFORM=offscreen $(VENV)/python -m pytest -m soak --timeout 3600 -o faulthandler_timeout=3500

interop: ## do the peers' own packages open what we export? Environments of their own, about 3 GB, once
	$(SETUP) --dev
	$(TEST_ENVIRONMENT) $(VENV)/python -m tests.interop.run

clean: ## remove the virtual environment and what tools cached; recorded data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
