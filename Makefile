# One recipe file: people and CI type the same words. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:

# rustup's default place, for shells that do not read the profile.
export PATH := $(PATH):$(HOME)/.cargo/bin

ONEMAP_LISTEN ?= 127.0.0.1:8080
DEMO_FEATURES ?= 20000
BENCH_FEATURES ?= 1000000

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
DEBUG_DIR := $(abspath $(TARGET_DIR))/debug
DEMO_STORE := data/demo.gpkg
DENY_VERSION := 0.20.2
DENY := .tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

comma := ,
say = @printf '\n== %s\n' "$(1)"

.PHONY: help demo test bench bench-postgis bench-tiles bench-queries bench-loads pictures validity clients conformance fmt lint deny advisories assets release clean-demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS=$$'\t' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

demo: ## fresh machine: system packages, build, sample city, serve it on http://127.0.0.1:8080/map (ONEMAP_LISTEN changes that)
	$(call say,System packages for the demo)
	@scripts/setup demo
	@$(MAKE) assets release $(DEMO_STORE)
	$(call say,Serving $(DEMO_STORE): open http://$(ONEMAP_LISTEN)/map (Ctrl-C ends it))
	@exec $(TARGET_DIR)/release/onemap-serve $(DEMO_STORE) --listen $(ONEMAP_LISTEN)

# Made beside its place and moved there when whole, so that a broken-off run leaves nothing that looks like a city.
$(DEMO_STORE):
	$(call say,Making a city of $(DEMO_FEATURES) parcels: $@)
	@mkdir -p $(@D)
	@rm -f $(@D)/unfinished.gpkg $(@D)/unfinished.gpkg-journal
	@$(TARGET_DIR)/release/onemap-import sample --features $(DEMO_FEATURES) --to $(@D)/unfinished.gpkg
	@mv $(@D)/unfinished.gpkg $@

clean-demo: ## forget the sample city; the next demo makes a new one
	@rm -fv $(DEMO_STORE)

test: ## fresh machine: everything that CI checks
	$(call say,System packages for the checks)
	@scripts/setup test
	@$(MAKE) assets lint
	$(call say,Building programs and tests)
	@cargo build --workspace --bins --tests --locked
	$(call say,Rust tests)
	@ONEMAP_BIN_DIR=$(DEBUG_DIR) cargo test --workspace --locked --no-fail-fast
	$(call say,Viewer tests)
	@ONEMAP_IMPORT_BIN=$(DEBUG_DIR)/onemap-import ONEMAP_SERVE_BIN=$(DEBUG_DIR)/onemap-serve npm --prefix viewer test
	$(call say,Every check passed)

bench: ## measure a million-parcel city (minutes); appends to benches/RESULTS.md
	$(call say,System packages for the benchmark)
	@scripts/setup demo
	@$(MAKE) release
	$(call say,Building the benchmark)
	@cargo build --release --locked -p onemap-benches
	$(call say,Measuring a city of $(BENCH_FEATURES) parcels)
	@$(TARGET_DIR)/release/baseline --features $(BENCH_FEATURES)

bench-postgis: ## measure the same city in a throw-away PostGIS, beside ogr2ogr and COPY; appends to benches/RESULTS.md
	$(call say,System packages for the benchmark)
	@scripts/setup test
	@$(MAKE) release
	$(call say,Building the benchmark)
	@cargo build --release --locked -p onemap-benches
	$(call say,Measuring a city of $(BENCH_FEATURES) parcels in PostGIS)
	@$(TARGET_DIR)/release/postgis --features $(BENCH_FEATURES)

bench-tiles: ## tiles beside Martin, a bare server and tippecanoe, and mixed load: 25 minutes; BENCH_TILES passes options (--only, --martin, --tippecanoe)
	$(call say,System packages for the benchmark)
	@scripts/setup bench
	@$(MAKE) release
	$(call say,Building the benchmark)
	@cargo build --release --locked -p onemap-benches
	$(call say,Measuring tiles of a city of $(BENCH_FEATURES) parcels)
	@$(TARGET_DIR)/release/tiles --features $(BENCH_FEATURES) $(BENCH_TILES)

pictures: ## draw a city from live tiles and from tippecanoe's, side by side, into docs/pictures; 15 minutes; needs the network for tippecanoe
	$(call say,System packages for the pictures)
	@scripts/setup test
	@$(MAKE) release
	$(call say,Pictures)
	@ONEMAP_BIN_DIR=$(TARGET_DIR)/release scripts/pictures/run

validity: ## ask GEOS about every polygon in 10 000 tiles of three real data sets, by two decoders; minutes; needs the network for them
	$(call say,System packages for the decoders)
	@scripts/setup clients
	@$(MAKE) release
	$(call say,Tiles of real data)
	@ONEMAP_BIN_DIR=$(TARGET_DIR)/release scripts/validity/run

bench-queries: ## ask a served city of 500 000 parcels beside tipg (from PyPI) and pgbench; appends to benches/RESULTS.md
	$(call say,System packages for the benchmark)
	@scripts/setup test
	@$(MAKE) release
	$(call say,Building the benchmark)
	@cargo build --release --locked -p onemap-benches
	$(call say,Measuring questions)
	@$(TARGET_DIR)/release/queries

bench-loads: ## load the city beside ogr2ogr and osm2pgsql, check it, undo it; appends to benches/RESULTS.md; BENCH_LOADS passes options (--extract FILE.osm.pbf)
	$(call say,System packages for the benchmark)
	@scripts/setup bench
	@$(MAKE) release
	$(call say,Building the benchmark)
	@cargo build --release --locked -p onemap-benches
	$(call say,Measuring loads of a city of $(BENCH_FEATURES) parcels)
	@$(TARGET_DIR)/release/loads --features $(BENCH_FEATURES) $(BENCH_LOADS)

clients: ## try GDAL, geopandas, OWSLib, ogc-client and schemathesis on a served city; needs the network for their packages
	$(call say,System packages for the clients)
	@scripts/setup clients
	@$(MAKE) release
	$(call say,Clients)
	@ONEMAP_BIN_DIR=$(TARGET_DIR)/release scripts/clients/run

conformance: ## OGC's executable test suites against a served city; needs the network for them
	$(call say,System packages for the test suites)
	@scripts/setup conformance
	@$(MAKE) release
	$(call say,OGC's test suites)
	@ONEMAP_BIN_DIR=$(TARGET_DIR)/release scripts/conformance

fmt: ## format the Rust code
	$(call say,Formatting)
	@cargo fmt --all

lint: ## formatting, clippy with warnings denied, licences, bans and sources
	$(call say,Formatting is as rustfmt wants it)
	@cargo fmt --all --check
	$(call say,Clippy)
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(MAKE) deny

deny: $(DENY) ## licences, bans and sources of all dependencies (deny.toml); needs no network once they are fetched
	$(call say,Licences$(comma) bans and sources of dependencies)
	@cargo fetch --locked
	@$(DENY) --offline --locked check --hide-inclusion-graph bans licenses sources

advisories: $(DENY) ## known vulnerabilities of dependencies: asks the RustSec database over the network
	$(call say,Known vulnerabilities of dependencies)
	@$(DENY) --locked check advisories

# Not a Debian package. Built without much optimisation: it runs for a second, and building it well takes minutes more.
$(DENY):
	$(call say,Building cargo-deny $(DENY_VERSION) into .tools (once; two minutes on two cores))
	@CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_INCREMENTAL=0 \
		cargo install cargo-deny --version $(DENY_VERSION) --locked --debug --quiet --no-track \
		--root .tools/cargo-deny-$(DENY_VERSION)

assets: ## build the viewer, glyphs and styles that the server carries, into tile-server/assets
	$(call say,Viewer$(comma) glyphs and styles)
	@scripts/assets

release: ## build onemap-import, onemap-serve and onemap-export, optimised
	$(call say,Building onemap-import$(comma) onemap-serve and onemap-export)
	@cargo build --release --locked -p onemap-importer -p onemap-tile-server
