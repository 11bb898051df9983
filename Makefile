# make demo     builds everything and serves the examples on 127.0.0.1:8000
# make build    the host at target/release/switchback, the examples at examples/dist/NAME.wasm
# make test     all tests; says at its end which were skipped for want of a tool
# make bench    every benchmark, half an hour, and docs/benchmarks.md from it; in tests/bench each is a command of its own
# make screenshots   the pictures in docs/pages, by Chromium
# make guests   the examples alone; make test-guests: the guests that tests serve
#
# Examples in other languages are built where their tools are or can be made; where not, this is said, and CI fails.
# A toolchain for guests is fetched or built when there is none: see guest-sdk/toolchain.sh.

EXAMPLES = hello items notes streams
PYTHON_EXAMPLES = hello-py shop-py
JAVASCRIPT_EXAMPLES = hello-js shop-js
TEST_GUESTS = blank echo inputs living pages service standard standard-wstd world
LISTEN = 127.0.0.1:8000
# Where the examples of one and the same API are served beside each other.
DEMO_PREFIXES = $(foreach of,hello-py=/python hello-js=/javascript shop-js=/shop shop-py=/shop-py,\
	--set plugins.$(subst =,.prefix=,$(of)))

target = $(or $(CARGO_TARGET_DIR),target)

.PHONY: bench build demo fmt-check guests host javascript-guests page-guest python-guests screenshots test test-examples test-fastapi-apps test-guests
build: guests host

demo: build
	@echo
	@echo "Serving examples/dist. Try, in another terminal:"
	@echo "    curl http://$(LISTEN)/hello/World"
	@echo "    curl 'http://$(LISTEN)/items/7?q=abc' -H 'content-type: application/json' -d '{\"name\":\"Hammer\",\"price\":12.5}'"
	@echo "    curl http://$(LISTEN)/items/seven -H 'content-type: application/json' -d '{\"name\":\"\",\"price\":0}'"
	@echo "and open http://$(LISTEN). Ctrl-C ends it."
	@echo
	@exec $(target)/release/switchback serve --plugins examples/dist --listen $(LISTEN) $(DEMO_PREFIXES)

host:
	cargo build --release -p switchback

guests: python-guests javascript-guests page-guest
	@$(call build_guests,$(EXAMPLES),examples/dist)

# Ten seconds each, so only what has changed.
python-guests:
	@if tool=$$(guest-sdk/python/toolchain.sh); then \
		$(if $(PYTHON_EXAMPLES),$(MAKE) --no-print-directory --silent COMPONENTIZE_PY=$$tool $(PYTHON_EXAMPLES:%=examples/dist/%.wasm),:); \
	else \
		echo "SKIPPED: the Python examples, $(words $(PYTHON_EXAMPLES)) of them, for the reason above" >&2; \
		[ "$$CI" != true ]; \
	fi

python_sdk = guest-sdk/python
examples/dist/%-py.wasm: examples/%-py/*.py $(python_sdk)/switchback/*.py wit/plugin.wit
	@mkdir -p $(@D)
	@echo "componentize-py examples/$*-py"
	@RUST_BACKTRACE=0 $(COMPONENTIZE_PY) --quiet -d $(python_sdk)/wit -w plugin componentize \
		-p examples/$*-py -p $(python_sdk) switchback.entry -o $@.new
	@mv $@.new $@

javascript-guests:
	@if guest-sdk/javascript/toolchain.sh >/dev/null; then \
		$(if $(JAVASCRIPT_EXAMPLES),$(MAKE) --no-print-directory --silent $(JAVASCRIPT_EXAMPLES:%=examples/dist/%.wasm),:); \
	else \
		echo "SKIPPED: the JavaScript examples, $(words $(JAVASCRIPT_EXAMPLES)) of them, for the reason above" >&2; \
		[ "$$CI" != true ]; \
	fi

javascript_sdk = guest-sdk/javascript
examples/dist/%-js.wasm: examples/%-js/*.js $(javascript_sdk)/src/*.js $(javascript_sdk)/*.js* $(javascript_sdk)/wit/*.wit wit/plugin.wit
	@echo "componentize-qjs examples/$*-js"
	@node $(javascript_sdk)/build.js examples/$*-js -o $@

# A folder rather than a file, since it has a page of its own, which npm's packages build.
page-guest:
	@if command -v npm >/dev/null 2>&1; then \
		$(call build_guests,stock,$(target)/page-guest) && examples/stock/build.sh $(target)/page-guest/stock.wasm examples/dist/stock; \
	else \
		echo "SKIPPED: the example stock, whose page needs npm (Debian: apt-get install npm)" >&2; \
		[ "$$CI" != true ]; \
	fi

test-fastapi-apps:
	@$(build_fastapi_apps)

test-guests:
	@$(call build_guests,$(TEST_GUESTS),target/test-guests)
	@$(build_fastapi_apps)
	@tests/guests/others/build.sh target/test-guests

# Builds the packages $(1) and puts their components into $(2). A host may be watching there: a changed file appears
# whole, an unchanged one stays untouched.
define build_guests
toolchain=$$(guest-sdk/toolchain.sh) && \
cargo $$toolchain build --profile guest --target wasm32-wasip2 $(addprefix -p ,$(1)) && \
mkdir -p $(2) && \
for name in $(1); do \
	built=$(target)/wasm32-wasip2/guest/$$name.wasm; \
	cmp -s $$built $(2)/$$name.wasm || { cp $$built $(2)/$$name.new && mv $(2)/$$name.new $(2)/$$name.wasm; } || exit 1; \
done
endef

# The examples of one package, each a component.
define build_fastapi_apps
toolchain=$$(guest-sdk/toolchain.sh) && \
cargo $$toolchain build --profile test-guest --target wasm32-wasip2 -p fastapi-apps --examples && \
mkdir -p target/test-guests/fastapi && \
for name in $$(sed -n '/^\[\[example\]\]/,$$ s/^name = "\(.*\)"/\1/p' tests/guests/fastapi/Cargo.toml); do \
	cp $(target)/wasm32-wasip2/test-guest/examples/$$name.wasm target/test-guests/fastapi/ || exit 1; \
done
endef

test: guests test-guests test-examples
	@tests/tools.sh
	@rm -f $(target)/skipped-tests
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run && cargo test --doc --quiet; else cargo test; fi; \
	status=$$?; tests/skipped.sh $(target)/skipped-tests; exit $$status

# As an author tests a plugin: on this machine, without a server and without WebAssembly.
test-examples:
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run $(EXAMPLES:%=-p %) -p stock; else cargo test $(EXAMPLES:%=-p %) -p stock; fi

screenshots: build
	@tests/browser/screenshots.sh $(target)/release/switchback $(DEMO_PREFIXES)

bench: build test-guests
	@tests/bench/all

fmt-check:
	cargo fmt --all --check
