# `make demo` shows it at work, `make test` is what CI runs. Both need Rust, make and, on the first run, the network.

SHELL := /bin/sh
.SUFFIXES:
.PHONY: help demo site test setup check unit executor editors targets scripts licences fuzz campaign faults

# A fresh HOME has no Rust of its own: use the one of the account.
account := $(shell getent passwd "$$(id -u)" | cut -d: -f6)
export PATH := $(PATH):$(HOME)/.cargo/bin:$(account)/.cargo/bin
ifndef RUSTUP_HOME
rustup := $(firstword $(wildcard $(HOME)/.rustup $(account)/.rustup))
ifneq ($(rustup),)
export RUSTUP_HOME := $(rustup)
endif
endif

CARGO ?= cargo
FUZZ_SECONDS ?= 600
PLANS ?= 500000
RUNS ?= 100

help:
	@echo "make demo      hand a small web service over between two nodes on this machine"
	@echo "make site      the documentation as a site, in target/site; needs mdbook"
	@echo "make test      everything that CI checks; sets up what it needs"
	@echo "make fuzz      run the fuzz targets for FUZZ_SECONDS each ($(FUZZ_SECONDS))"
	@echo "make campaign  hold the prover and the executor to the definition on PLANS random plans ($(PLANS))"
	@echo "make faults    break things in RUNS real runs of each lab ($(RUNS)) and in the simulated ones; as root"

demo:
	$(CARGO) build --locked --quiet
	examples/quickstart/demo.sh target/debug/handover

site:
	mdbook build

test: setup check executor unit editors targets scripts licences
	@echo "everything passed"

setup:
	@.ci/setup

check:
	$(CARGO) fmt --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) fmt --manifest-path editors/tree-sitter-handover/Cargo.toml --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings

# The executor alone, and the compiler without the command, build too.
executor:
	$(CARGO) clippy --locked --no-default-features --lib -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features compiler --lib -- -D warnings

unit:
	$(CARGO) test --locked --all-features

# The tree-sitter grammar is a package of its own; that it agrees with the compiler is a test of the unit.
editors:
	$(CARGO) test --locked --manifest-path editors/tree-sitter-handover/Cargo.toml --target-dir target

# The fuzz targets are a package of their own and must not rot.
targets:
	@if command -v c++ >/dev/null; then \
	  $(CARGO) check --locked --manifest-path fuzz/Cargo.toml --target-dir target; \
	else echo "skipped: without a C++ compiler the fuzz targets are not built"; fi

scripts:
	@if command -v shellcheck >/dev/null; then \
	  find .ci .github examples fuzz tests -type f 2>/dev/null | while read -r file; do \
	    case $$(head -c 9 "$$file" | tr -d '\0') in '#!/bin/sh') echo "$$file" ;; esac; \
	  done | xargs shellcheck -s sh && echo "our own scripts are clean"; \
	else echo "skipped: shellcheck is not installed"; fi

licences:
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --locked check; \
	else echo "skipped: cargo-deny is not installed; tests/licences.rs has checked the licences"; fi

fuzz:
	fuzz/run $(FUZZ_SECONDS)

# What CI does with a thousand plans, with many more; and editors asked about every half-written text.
campaign:
	PLANS=$(PLANS) $(CARGO) test --locked --release --lib agreement -- --ignored --nocapture
	PLANS=$(PLANS) $(CARGO) test --locked --release --lib in_many_runs -- --ignored --nocapture
	$(CARGO) test --locked --release --test assist -- --ignored --nocapture

# What CI does with a few faults, with many; a line of JSON for each run, and one table of all.
faults:
	@mkdir -p target/faults && rm -f target/faults/*.jsonl
	$(CARGO) build --locked --quiet
	tests/faults/simulated target/debug/handover examples/*/plan.ha >target/faults/simulated.jsonl
	RUNS=$(RUNS) $(CARGO) test --locked --test postgres campaign -- --ignored --nocapture
	RUNS=$(RUNS) $(CARGO) test --locked --test storage campaign -- --ignored --nocapture
	RUNS=$(RUNS) $(CARGO) test --locked --test pacemaker campaign -- --ignored --nocapture
	tests/faults/table target/faults/*.jsonl
