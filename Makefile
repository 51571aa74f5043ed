# Mintmark. "make" alone prints this list.

GO        ?= go
TOOL      := $(GO) tool -modfile=tools/go.mod
# Inputs, not seconds: when the time of a fuzz run ends, Go may call that a failure.
FUZZTIME  ?= 20000x
FUZZ      ?= .
CRASHTIME ?= 7m
STEPS     ?= 1000
# TAGS=libsecp256k1 builds the programs on the C library instead of pure Go.
TAGS      ?=
# The version of CDK that "make interop" tests with, and where its programs are kept.
CDK        ?= 0.18.3
CDKDIR     ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mintmark/cdk-$(CDK)
# Under the race detector, which watches everything but SQLite: that is C, translated,
# in memory that is not Go's, and watching it takes two thirds of the time.
RACE       = -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/memory=-race=false -gcflags=modernc.org/libc=-d=checkptr=0
CURVE      = ./bdhke ./bdhke/internal/curve ./bdhke/mintkey
ROOMS      = $(shell $(GO) list ./... | grep -v '^mintmark/e2e')

.PHONY: help run build test check e2e crash wallet-crash wallets bench backends libsecp256k1 timing interop ln perf million compare fuzz proto clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: build ## build, then run a mint with play money on http://127.0.0.1:3338
	@echo 'Data goes to ./mintmark-data; Ctrl-C stops the mint. README.md says what to do with it.'
	bin/mintd serve

build: ## build the programs into bin/ (TAGS)
	$(GO) build -trimpath -tags '$(TAGS)' -o bin/ ./cmd/...

test: ## all tests: the rooms under the race detector, then the end-to-end tests
	@tools/ln/install || echo 'lnd and btcd could not be built: the tests on a real Lightning network are NOT run'
	$(GO) test $(RACE) -timeout 20m $(ROOMS)
	@$(MAKE) --no-print-directory e2e

# The tests of the rooms are the same command in "check" and "test", so that
# whoever runs both pays once: the second time Go answers from its test cache.
# The architecture test looks at the whole tree, which the cache does not know.
check: ## format, vet, staticcheck, generated code, architecture, tests under the race detector
	@test -z "$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go') | tee /dev/stderr)" || { echo 'gofmt: the files above'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags crashpoints ./internal/crashpoint
	$(GO) vet -tags timing $(CURVE)
	$(GO) vet -tags interop ./e2e/interop
	$(TOOL) staticcheck ./...
	$(TOOL) buf lint
	@$(MAKE) --no-print-directory proto
	git diff --exit-code -- proto
	$(GO) test -count=1 ./internal/archtest
	$(GO) test $(RACE) -timeout 20m $(ROOMS)

e2e: wallets ## end-to-end tests: real binaries, a real wallet, kill -9
	@tools/ln/install || echo 'lnd and btcd could not be built: the tests on a real Lightning network are NOT run'
	$(GO) test -count=1 -run '^Test(InEvery|Every)' ./wallet
	$(GO) test -count=1 -parallel 4 -timeout 20m ./e2e/...

crash: ## the long crash matrix, on an otherwise idle machine (CRASHTIME)
	$(GO) test -count=1 -v -parallel 16 -timeout 2h -run '^TestCrashMatrixForLong$$' ./e2e -crash $(CRASHTIME)

# They wait more than they work, so they run at the same time; each has its log.
WALLETCRASH = TestEveryFaultAtEveryEdge TestEveryOperationSurvivesALie TestEveryOperationSurvivesSIGKILLAnywhere TestE3WalletsOnOneDatabaseDoNotHarmEachOther TestE3ProcessesOnOneDatabaseDoNotHarmEachOther
wallet-crash: ## every fault, many lies and every kill at every place of the wallet's operations (long; STEPS for two wallets on one database)
	$(GO) test -c -o bin/wallet-crash/wallet.test ./wallet
	@cd wallet; pids=; for test in $(WALLETCRASH); do \
	  MINTMARK_WALLET_MATRIX=all MINTMARK_WALLET_STEPS=$(STEPS) MINTMARK_WALLET_LIES=60 ../bin/wallet-crash/wallet.test \
	    -test.v -test.timeout 3h -test.parallel 6 -test.run "^$$test\$$" >../bin/wallet-crash/$$test.log 2>&1 & pids="$$pids $$!"; \
	done; failed=0; for pid in $$pids; do wait $$pid || failed=1; done; \
	for test in $(WALLETCRASH); do grep -hE '^ *--- FAIL|^(PASS|FAIL|ok)|^ +[a-z_]+_test\.go|^ *\|' ../bin/wallet-crash/$$test.log; done; exit $$failed

wallets:
	e2e/wallets/install

bench: ## benchmark the curve, spending conditions, the keystore, the line to the signatory and the wallet
	$(GO) test -run '^$$' -bench . -benchmem ./bdhke/... ./cashu/... ./keystore ./signatory/... ./wallet

# The two take turns, so that a noisy minute falls on both. The line in front of
# each run is for "benchstat -col backend".
backends: ## benchmark the curve on both backends, in turn
	@for tags in '' libsecp256k1; do for room in $(CURVE); do \
	  $(GO) test -c -tags "$$tags" -o "bin/bench/$${tags:-secp256k1-voi}/" $$room || exit 1; \
	done; done
	@for turn in $$(seq 12); do for backend in secp256k1-voi libsecp256k1; do \
	  echo "backend: $$backend"; \
	  for test in bin/bench/$$backend/*.test; do $$test -test.run '^$$' -test.bench . -test.benchtime 50ms || exit 1; done; \
	done; done

libsecp256k1: ## vet, vectors, properties and fuzz targets on the C library (libsecp256k1-dev)
	$(GO) vet -tags libsecp256k1 $(CURVE)
	$(GO) test -race -tags libsecp256k1 $(CURVE)
	$(GO) test -tags libsecp256k1 ./keystore
	@$(MAKE) --no-print-directory fuzz TAGS=libsecp256k1 FUZZ='$(CURVE)'

timing: ## does a time depend on a secret scalar? both backends, with controls that leak
	@for tags in timing timing,libsecp256k1; do \
	  $(GO) test -count=1 -v -p 1 -tags $$tags -run '^(TestTheTime|TestAVariableTime)' ./bdhke/internal/curve ./bdhke/mintkey || exit 1; \
	done

interop: ## mints, signatories and wallets of CDK and ours together (builds CDK the first time)
	e2e/interop/install '$(CDK)' '$(CDKDIR)'
	$(GO) vet -tags interop ./e2e/interop
	$(GO) test -tags interop -count=1 -v -timeout 15m ./e2e/interop -cdk '$(CDKDIR)/bin'

ln: ## build lnd and btcd, for the tests on a real Lightning network (once, some minutes)
	tools/ln/install

perf: ## measure this mint on both databases, over unix socket and TLS (half an hour; BASE=REVISION)
	tools/perf/measure.sh

million: ## measure a million proofs, 100,000 quotes and 200 keysets: look-ups and starts (minutes)
	$(GO) test -run '^$$' -bench Million -benchtime 20x -timeout 30m ./mint/sqlstore
	$(GO) test -run '^$$' -bench TwoHundredKeysets -benchtime 5x ./keystore

compare: ## measure this mint and the mint of gonuts in the same run (minutes)
	tools/peers/compare.sh

fuzz: ## run every fuzz target for a few seconds (FUZZTIME inputs, TAGS)
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' $(FUZZ) | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -d' ' -f2); do \
	    echo "$$dir $$target"; $(GO) test -tags '$(TAGS)' -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
	  done; done

proto: ## generate code from the wire contracts
	$(TOOL) buf generate

clean: ## remove what was built and installed; data stays
	rm -rf bin e2e/wallets/node_modules e2e/wallets/installed
