# Everything a newcomer needs: `make demo` and `make test`. Both set the machine up.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
	2>/dev/null && echo $$p && break; done)
TORCH := 2.13.0
TORCHVISION := 0.28.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
APT_PACKAGES := python3-venv libegl1 libgl1 libgles2 libglib2.0-0

.PHONY: demo test test-videos test-skills test-robot test-slow lint clean results
.PHONY: bench bench-perception bench-physics bench-skill bench-deploy

demo: $(VENV)/.ready
	$(BIN)/sugarmill demo

# Two parts at once, and those of the robot alone: some keep real time.
test: $(VENV)/.ready
	@echo "the tests: two parts at once, then the robot's; a few minutes"
	@$(MAKE) --no-print-directory -k -j2 -O test-videos test-skills; \
	before=$$?; $(MAKE) --no-print-directory test-robot && exit $$before

test-videos test-skills: export OMP_NUM_THREADS = 1
test-videos: $(VENV)/.ready
	$(BIN)/python -m pytest tests/perception

test-skills: $(VENV)/.ready
	$(BIN)/python -m pytest tests --ignore=tests/perception --ignore=tests/deploy

test-robot: $(VENV)/.ready
	$(BIN)/python -m pytest tests/deploy

test-slow: $(VENV)/.ready
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: bench-physics bench-perception bench-skill bench-deploy

bench-perception: $(VENV)/.ready
	$(BIN)/python -m benchmarks.perception

bench-physics: $(VENV)/.ready
	$(BIN)/python -m benchmarks.physics
	$(BIN)/python -m benchmarks.solver

bench-skill: $(VENV)/.ready
	$(BIN)/python -m benchmarks.skill

bench-deploy: $(VENV)/.ready
	$(BIN)/python -m benchmarks.deploy

results: $(VENV)/.ready
	$(BIN)/python -m benchmarks.results

clean:
	rm -rf $(VENV) build *.egg-info out

# torch first and for CPU alone: the default build brings gigabytes of CUDA. torchvision,
# which open_clip needs, must be built for the same torch.
$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "needs Python 3.11 or 3.12: apt install python3 python3-venv, or set PYTHON=/path/to/python"; exit 1; }
	@$(MAKE) --no-print-directory system
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --retries 0 --timeout 15 "torch==$(TORCH)+cpu" "torchvision==$(TORCHVISION)+cpu" --index-url $(TORCH_INDEX) >/dev/null 2>&1 \
		|| { echo "no CPU build of torch found, taking the default one"; $(BIN)/pip install -q "torch==$(TORCH)"; }
	$(BIN)/pip install -q -e ".[dev]"
	@touch $@

.PHONY: system
system:
	@command -v apt-get >/dev/null || { echo "no apt-get: make sure EGL and OpenGL libraries are installed"; exit 0; }; \
	missing=$$(for p in $(APT_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done | grep -v '^libglib2.0-0$$' | tr '\n' ' '); \
	ldconfig -p | grep -q 'libglib-2.0.so.0' || missing="$$missing libglib2.0-0"; \
	if [ -z "$$(echo $$missing)" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else echo "missing system packages: sudo apt-get install $$missing"; fi
