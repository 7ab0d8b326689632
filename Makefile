# The front door. `make demo` and `make test` work in a fresh clone; the rest is for those who stay.

PYTHON ?= python3
JOBS   ?= $(shell getconf _NPROCESSORS_ONLN)
BUILD  := build
VENV   := .venv
BIN    := $(VENV)/bin
PLUGIN := $(BUILD)/ffmpeg-lean/vmaf-tiny-ffmpeg

# The releases of FFmpeg that the filter is tested in, each a whole ffmpeg.
RELEASES ?= 5.1 7.1 8.1 9.0
WHOLE  := $(BUILD)/releases/%/bin/ffmpeg
NEWEST := $(patsubst %,$(WHOLE),newest)
FILTER := $(wildcard filter/*.[ch] filter/*/*.[ch] filter/*/*.py filter/ffmpeg/*)

# What pip builds the package with; the package is installed where it lies, built in $(BUILD).
TOOLS  := meson meson-python ninja cffi
PIP    := $(BIN)/pip --disable-pip-version-check --quiet

# Build tools are called by name, by pip and by each other.
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help system build demo test check lint clean plugin plugin-pyav ffmpeg \
        test-ffmpeg-all test-hour test-pyav test-torch test-browser test-arm64 test-sanitized \
        prove asan tsan fuzz test-bounds packages sbom \
        bench bench-gate bench-peer bench-align bench-sweep

help:
	@echo "make demo             render a clip, encode it, score it in Python and in ffmpeg"
	@echo "make test             C tests, Python tests, the filter in ffmpeg, lint"
	@echo "make check            the quick loop: what changes often, in a minute"
	@echo "make lint             ruff and mypy, which make test runs too"
	@echo "make build            the C library and the Python package, ready in $(VENV)"
	@echo "make system           say what is missing to build and to test, and how to get it"
	@echo "make clean            remove what make made"
	@echo
	@echo "make plugin           the filter for the ffmpeg of this machine, with all of its filters"
	@echo "make plugin-pyav      the filter for the PyAV of $(VENV), by import vmaf_tiny.avfilter"
	@echo "make ffmpeg           a whole ffmpeg with the filter; FFMPEG=9.0 or a path, FULL=1, SHARED=1"
	@echo
	@echo "make test-ffmpeg-all  the filter in ffmpeg $(RELEASES); RELEASES='7.1 8.1' chooses"
	@echo "make test-hour        an hour of video through the filter"
	@echo "make test-pyav        the filter in PyAV's own FFmpeg"
	@echo "make test-torch       PyTorch reads the checkpoints; it is installed into $(VENV)"
	@echo "make test-browser     the page of a report in Chromium"
	@echo "make test-arm64       the C library on 64-bit Arm, emulated"
	@echo "make test-sanitized   the filter in an ffmpeg built with sanitizers"
	@echo
	@echo "make prove            what the README says of security, proved at length: one table with figures"
	@echo "make asan             C programs and bindings under AddressSanitizer and UBSan"
	@echo "make tsan             the same under ThreadSanitizer"
	@echo "make fuzz             what is read, two minutes a target; FUZZ='--seconds 600' or targets alone"
	@echo "make test-bounds      the oldest and the newest libraries that the package says it works with"
	@echo "make packages         source archive and wheel, and what auditwheel says of it"
	@echo "make sbom             the wheel's list of parts, $(BUILD)/sbom.json"
	@echo
	@echo "make bench            speed and memory beside libvmaf's, and what they must be"
	@echo "make bench-gate       the speeds of that table in a minute, failing where one is far off"
	@echo "make bench-peer       libvmaf's own tool, for make bench to hold to AVX2, from LIBVMAF=sources"
	@echo "make bench-align      what looking at the alignment adds to the time of a score"
	@echo "make bench-sweep      what scoring adds to five encodes, here and by ffmpeg with libvmaf"

# One message for everything that is missing.
system:
	@missing=; need() { missing="$$missing $$1"; }; \
	command -v $(PYTHON) >/dev/null || need python3; \
	command -v cc >/dev/null || need gcc; \
	echo 'int main(void){return 0;}' | cc -x c -o /dev/null - 2>/dev/null || need libc6-dev; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || need python3-venv; \
	$(PYTHON) -c 'import os,sysconfig as s,sys; \
	    sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' \
	    2>/dev/null || need python3-dev; \
	command -v ffmpeg >/dev/null || need ffmpeg; \
	if [ -n "$$missing" ]; then \
	    echo "missing on this machine:$$missing" >&2; \
	    echo "as root: apt-get update && apt-get install -y$$missing" >&2; exit 1; fi; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is older than 3.11: make PYTHON=/path/to/a/newer/python3" >&2; exit 1; }

$(BIN)/python:
	@$(MAKE) --no-print-directory system
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: pyproject.toml | $(BIN)/python
	@echo "installing tools and libraries into $(VENV)"
	@$(PIP) install $(TOOLS)
	@$(PIP) install --no-build-isolation --config-settings=build-dir=$(BUILD) \
	    --config-settings=compile-args=-j$(JOBS) -e '.[test]'
	@touch $@

build: $(VENV)/ready
	@$(BIN)/ninja -C $(BUILD) --quiet -j $(JOBS)

# For the demo and the tests: only the filters that go with scoring, in a quarter of the time; where
# no plug-in can be made, a whole ffmpeg.
$(PLUGIN): $(FILTER) | build
	@$(BIN)/python filter/ffmpeg/build.py --core $(BUILD) --prefix $(@D) --lean --or-whole \
	    --jobs $(JOBS)
	@touch $@

# For the tests: with what they need, in a third of the time.
$(WHOLE): $(FILTER) | build
	@$(BIN)/python filter/ffmpeg/build.py --whole $* --least --core $(BUILD) \
	    --prefix $(BUILD)/releases/$* --jobs $(JOBS)
	@touch $@

plugin: build
	@$(BIN)/python filter/ffmpeg/build.py --core $(BUILD) --prefix $(BUILD)/ffmpeg --jobs $(JOBS)
	@echo "use it as: $(BUILD)/ffmpeg/vmaf-tiny-ffmpeg -i encode.mp4 -i source.mp4 -lavfi vmaf_tiny -f null -"

plugin-pyav: build
	@$(BIN)/python filter/ffmpeg/build.py --pyav --core $(BUILD) --prefix $(BUILD)/pyav --jobs $(JOBS)

# FFMPEG is a release (9.0 or 9.0.2), a tarball or a source tree.
FFMPEG ?= newest
ffmpeg: build
	@$(BIN)/python filter/ffmpeg/build.py --whole $(FFMPEG) $(if $(FULL),--full) \
	    $(if $(SHARED),--shared) --core $(BUILD) --jobs $(JOBS)

demo: build $(PLUGIN)
	@$(BIN)/python examples/demo.py --ffmpeg $(PLUGIN)

# The filter is tested in the ffmpeg of this machine and in the newest release.
test: build $(PLUGIN) $(NEWEST) lint
	@$(BIN)/meson test -C $(BUILD) --print-errorlogs
	@VMT_FFMPEG=$(abspath $(PLUGIN)):$(abspath $(NEWEST)) $(BIN)/python -m pytest -q

# Not in `make test`: what takes minutes more.
empty :=
test-ffmpeg-all: build $(patsubst %,$(WHOLE),$(RELEASES))
	@VMT_FFMPEG=$(subst $(empty) $(empty),:,$(abspath $(patsubst %,$(WHOLE),$(RELEASES)))) \
	    $(BIN)/python -m pytest -q tests/ffmpeg

test-hour: build $(PLUGIN)
	@VMT_FFMPEG=$(abspath $(PLUGIN)) $(BIN)/python -m pytest -q -s tests/ffmpeg/an_hour.py

test-pyav: plugin-pyav
	@$(BIN)/python -m pytest -q tests/ffmpeg/with_pyav.py

# Training needs no PyTorch; whoever has it must be able to read the checkpoints.
test-torch: build
	@$(PIP) install 'torch>=2.3'
	@$(BIN)/python -m pytest -q tests/python/with_torch.py

# The page of a report in Chromium, which `make test` does too where Chromium is installed.
test-browser: build
	@missing=; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	if [ -n "$$missing" ]; then echo "missing on this machine:$$missing" >&2; \
	    echo "as root: apt-get update && apt-get install -y$$missing" >&2; exit 1; fi
	@$(BIN)/python -m pytest -q tests/browser

# ONNX Runtime is not ours to check, and what it holds until the end is no leak of the filter.
SANITIZED := $(BUILD)/sanitized
test-sanitized: build
	@test -d $(SANITIZED)/core || $(BIN)/meson setup $(SANITIZED)/core --buildtype=debugoptimized \
	    -Db_sanitize=address,undefined >/dev/null
	@$(BIN)/ninja -C $(SANITIZED)/core --quiet -j $(JOBS) filter/libvmaf_tiny.a
	@$(BIN)/python filter/ffmpeg/build.py --whole $(FFMPEG) --least --sanitize \
	    --core $(SANITIZED)/core --prefix $(SANITIZED) --jobs $(JOBS)
	@VMT_FFMPEG=$(abspath $(SANITIZED))/bin/ffmpeg \
	    LSAN_OPTIONS=suppressions=$(abspath tests/ffmpeg/leaks.supp) \
	    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    VMAF_TINY_ORT_LIB=$(abspath $(SANITIZED))/lib/libonnxruntime.so.1 \
	    $(BIN)/python -m pytest -q tests/ffmpeg -k "not memory and not outrun"

# Once more under sanitizers: the C programs, the tests that run them, and the bindings' own.
asan: build
	@$(BIN)/python tests/prove/sanitized.py address $(BUILD)/asan

tsan: build
	@$(BIN)/python tests/prove/sanitized.py thread $(BUILD)/tsan

# The oldest and the newest libraries that the package says it works with.
test-bounds: build
	@$(BIN)/python tests/prove/bounds.py $(BUILD)/bounds

sbom: build
	@$(BIN)/python tests/prove/supply.py $(BUILD)/sbom.json

# Source archive, a wheel made from it alone, and what auditwheel says of it.
packages: build
	@$(BIN)/python tests/prove/packages.py $(BUILD)/packages

# All of these, and every proof of tests/prove whole; PROVE='fuzzing tests' chooses, PROVE=table
# prints what is kept of all.
PROVE ?=
prove: build $(PLUGIN)
	@VMT_FFMPEG=$(abspath $(PLUGIN)) $(BIN)/python tests/prove/table.py $(BUILD) \
	    --json $(BUILD)/prove.json $(PROVE)

# Two minutes for each target: FUZZ='--seconds 120 --jobs 2', or names of targets alone.
FUZZ ?= --seconds 120
fuzz: build $(PLUGIN)
	@echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n){return !d + !n - 2;}' | \
	    clang-14 -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null || { \
	    echo "missing on this machine: clang-14 libclang-rt-14-dev" >&2; \
	    echo "as root: apt-get update && apt-get install -y clang-14 libclang-rt-14-dev" >&2; exit 1; }
	@test -f $(BUILD)/fuzz/build.ninja || CC=clang-14 $(BIN)/meson setup $(BUILD)/fuzz \
	    --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false \
	    -Dc_args=-fsanitize=fuzzer-no-link >/dev/null
	@$(BIN)/ninja -C $(BUILD)/fuzz --quiet -j $(JOBS)
	@$(BIN)/python tests/fuzz/run.py $(BUILD)/fuzz $(FUZZ)

check: build
	@$(BIN)/meson test -C $(BUILD) --suite c --print-errorlogs
	@$(BIN)/python -m pytest -q -m "not slow" tests/python

# The C library on another processor, emulated.
test-arm64: build
	@missing=; \
	command -v aarch64-linux-gnu-gcc >/dev/null || missing="$$missing gcc-aarch64-linux-gnu"; \
	command -v qemu-aarch64 >/dev/null || missing="$$missing qemu-user"; \
	if [ -n "$$missing" ]; then echo "missing on this machine:$$missing" >&2; \
	    echo "as root: apt-get update && apt-get install -y$$missing" >&2; exit 1; fi
	@test -f $(BUILD)/arm64/build.ninja || \
	    $(BIN)/meson setup $(BUILD)/arm64 --cross-file tests/cross/aarch64.ini >/dev/null
	@$(BIN)/meson test -C $(BUILD)/arm64 --suite c --timeout-multiplier 4 --print-errorlogs

lint: build
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary python tests/bench

# libvmaf's own tool, which can be held to a CPU level as ffmpeg's libvmaf cannot.
PEER := $(BUILD)/libvmaf
export VMAF ?= $(abspath $(wildcard $(PEER)/tools/vmaf))
bench-peer: build
	@test -f "$(LIBVMAF)/libvmaf/meson.build" || { \
	    echo "give libvmaf's sources, a checkout or a release: make bench-peer LIBVMAF=/path/to/vmaf" >&2; \
	    exit 1; }
	@missing=; for name in g++ nasm xxd; do \
	command -v $$name >/dev/null || missing="$$missing $$name"; done; \
	if [ -n "$$missing" ]; then echo "missing on this machine:$$missing" >&2; \
	    echo "as root: apt-get update && apt-get install -y$$missing" >&2; exit 1; fi
	@test -f $(PEER)/build.ninja || $(BIN)/meson setup $(PEER) "$(LIBVMAF)/libvmaf" \
	    --buildtype=release -Ddefault_library=static -Denable_tests=false -Denable_docs=false \
	    -Dc_args=-w -Dcpp_args=-w >/dev/null
	@$(BIN)/ninja -C $(PEER) --quiet -j $(JOBS) tools/vmaf
	@$(PEER)/tools/vmaf --version

bench: build $(PLUGIN)
	@$(BIN)/python tests/bench/table.py $(BENCH)

# Fails where a ratio to libvmaf is less than two thirds of what it must be.
bench-gate: build
	@$(BIN)/python tests/bench/table.py --parts speed --rounds 3 --gate

# What decoding and scoring add to encodes, here and the usual way; SWEEP='clip.mkv --rounds 5'.
bench-sweep: build
	@$(BIN)/python tests/bench/sweep.py $(SWEEP)

bench-align: build
	@$(BIN)/python tests/bench/align.py $(ALIGN)

clean:
	rm -rf $(BUILD) $(VENV) demo
