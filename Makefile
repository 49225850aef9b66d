# Short names for what is typed often. Nothing needs make: each target is one or two plain commands.
CONFIG   ?= syncd.yaml
FUZZTIME ?= 10s
HISTORIES ?= 20000
SEED     ?= 0
LINT     := go tool -modfile=tools/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help run demo build test lint bench bench-micro fuzz crash

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## run the daemon with CONFIG (syncd.yaml)
	go run ./cmd/syncd run --config $(CONFIG)

demo: ## play a week of a company on this machine, no accounts needed
	go run ./cmd/syncd demo

build: ## build bin/syncd
	CGO_ENABLED=0 go build -trimpath -o bin/syncd ./cmd/syncd

test: ## every check and every test, as continuous integration runs them
	./scripts/test

lint: ## golangci-lint, pinned in tools/go.mod
	$(LINT) run ./...

bench: ## what a run costs beside the least that it could; writes docs/benchmarks.md
	go run ./internal/bench
	go test -count=1 -v -run '^TestHourOfAFreeOrg$$' ./internal/bench

bench-micro: ## the packages' own benchmarks
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## each fuzz target for FUZZTIME (10s)
	@list=$$(go test -run '^$$' -list '^Fuzz' ./...) || { echo "$$list"; exit 1; }; \
	echo "$$list" | awk '/^Fuzz/ {f[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, f[i]; n = 0}' | \
	while read -r package target; do \
		echo "== $$package $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit 1; \
	done

crash: ## HISTORIES (20000) drawn lives of a company whose sync is killed anywhere, from SEED (0: another each time)
	go test -count=1 -v -timeout 0 -run '^TestPromise4CrashAnywhere$$' ./sync -rapid.checks=$(HISTORIES) -rapid.seed=$(SEED)
