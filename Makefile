# The targets are explained by `make help`.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

RELEASE = .build/release/weft

.DEFAULT_GOAL := help
.PHONY: help deps build test explore fuzz demo bench lint format install clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing
	@scripts/install-packages

build: deps ## build the release binary, .build/release/weft
	$(SWIFT) build -c release --product weft -Xswiftc -static-stdlib --disable-local-rpath

test: ## build all and run all tests; the kernel's need root
	@scripts/install-packages conntrack gcc jq nftables strace util-linux bsdutils procps
	$(SWIFT) build --build-tests
	scripts/as-root $(SWIFT) test --skip-build

explore: ## look with fresh seeds, and every errno at every step, for what nobody has seen yet
	$(SWIFT) build --build-tests
	scripts/as-root env WEFT_SEED=random WEFT_WALKS=all $(SWIFT) test --skip-build \
	    --filter 'PlanLaws|GeneratedTests|GeneratedClusterTests|GeneratedFleetTests|PacketTests|RoundTrip|Mutation|Fuzz|FaultTests'

fuzz: ## feed the readers whatever bytes come; FUZZ='-max_total_time=3600' and the like are passed on
	WEFT_FUZZ=1 $(SWIFT) build -c release --product weft-fuzz --scratch-path .build-fuzz -Xswiftc -enable-testing \
	    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
	scripts/fuzz .build-fuzz/release/weft-fuzz $(FUZZ)

demo: build ## show an example at work, in a place of its own
	@scripts/as-root scripts/demo $(RELEASE)

bench: build ## measure; BENCH='--quick' and DATAPATH='--quick' are passed on
	@scripts/install-packages gcc iperf3 python3 libmnl-dev libyaml-dev pkg-config
	$(SWIFT) build -c release --product weft-growth -Xswiftc -static-stdlib --disable-local-rpath
	.build/release/weft-growth
	scripts/as-root benchmarks/run --weft $(RELEASE) $(BENCH); one=$$?; \
	    scripts/as-root benchmarks/datapath --weft $(RELEASE) $(DATAPATH) && exit $$one

lint: ## check format, warnings, imports and the laws of the code
	@scripts/install-packages git python3
	scripts/lint

format: ## lay out the Swift sources
	$(SWIFT) format -i -r Sources Tests benchmarks Package.swift

install: ## install what was built: DESTDIR, PREFIX (/usr/local)
	@test -x $(RELEASE) || { echo "make: no $(RELEASE) yet: run 'make build' first" >&2; exit 1; }
	install -D -s -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/weft
	install -D -m 644 packaging/iproute2/rt_protos.d/weft.conf $(DESTDIR)/etc/iproute2/rt_protos.d/weft.conf
	install -D -m 644 packaging/iproute2/group.d/weft.conf $(DESTDIR)/etc/iproute2/group.d/weft.conf

clean: ## remove everything that was built
	rm -rf .build .build-fuzz benchmarks/build
