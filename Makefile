# carte-stack. `make help` lists what can be made.

VARIANT ?= release
PREFIX ?= /usr/local
OUT := build/$(VARIANT)
VERSION := 0.1.0

PACKAGES := yaml-0.1 libarchive libnl-3.0 libnl-route-3.0 libevent libseccomp \
	libnftables nettle libzstd zlib yajl
# Until `make deps` has run there is no pkg-config to ask.
PKG := $(if $(shell command -v pkg-config),pkg-config,true)

WARNINGS := $(if $(findstring clang,$(CC)),clang,gcc)
CPPFLAGS += -D_GNU_SOURCE -DCARTE_VERSION='"$(VERSION)"' -Isrc -Itests/unit -MMD -MP
CFLAGS += -std=gnu17 -g -fPIE $(FLAGS.$(VARIANT)) @tests/lint/warnings.$(WARNINGS)
# Headers of the libraries are not held to our warnings.
CPPFLAGS += $(subst -I,-isystem ,$(shell $(PKG) --cflags $(PACKAGES)))
LDFLAGS += -pie -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS.$(VARIANT))
LDLIBS += $(shell $(PKG) --libs $(PACKAGES)) -lm -lpthread

FLAGS.debug := -Og
FLAGS.release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
FLAGS.asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS.fuzz := -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
FLAGS.coverage := -O0 --coverage
FLAGS.analyzer := -O1 -fanalyzer

# Every file under src/ and tests/unit/ is built: adding one needs no change here.
SOURCES := $(sort $(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)
LIBRARY := $(OUT)/libcarte.a
MAINS := $(sort $(wildcard src/cli/main_*.c))
PROGRAM.stack := carte-stack
PROGRAM.carte := carte
PROGRAM.oci := carte-oci
PROGRAM.keeper := carte-keeper
PROGRAMS := $(foreach m,$(MAINS:src/cli/main_%.c=%),$(OUT)/$(PROGRAM.$(m)))
TESTS := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/unit/test_*.c)))

GENERATOR := $(OUT)/tests/generate/generate
FUZZERS := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
KERNEL_TESTS := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/kernel/test_*.c)))

.PHONY: memcheck attack-programs check-asan registry-servers bench bench-start bench-engines bench-build torture install generate fuzz run-fuzzers kernel-tests all help programs deps up check unit integration lint tidy format clean hooks
.SECONDARY:

all: programs ## build everything; the programs are in build/bin/

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'VARIANT=$(patsubst FLAGS.%,%,$(filter FLAGS.%,$(.VARIABLES)))'

deps: ## install the Debian packages that building and testing need
	@tests/install-packages all

programs: $(PROGRAMS)
	@mkdir -p build/bin
	@for p in $(PROGRAMS); do \
		cmp -s "$$p" "build/bin/$${p##*/}" || { install -m 755 "$$p" build/bin/.new && \
			mv -f build/bin/.new "build/bin/$${p##*/}"; } || exit 1; \
	done

up: ## install packages, build, bring the metaverse up and wait until it is healthy
	@tests/install-packages build
	@$(MAKE) --no-print-directory -j2 programs metaverse
	@stacks/metaverse/up

check: deps ## install packages, build, run every test
	@tests/run-all

integration: programs metaverse registry-servers attack-programs ## run the integration tests (root)
	@integration/run

hooks: ## check format and lint before each commit
	git config core.hooksPath .githooks

ASAN_FILES ?= $(wildcard integration/oci_*.bats) $(addprefix integration/,containers.bats security.bats)
check-asan: ## run ASAN_FILES of the integration tests with the sanitizers (root)
	@$(MAKE) --no-print-directory VARIANT=asan programs
	@$(MAKE) --no-print-directory VARIANT=release programs
	@VARIANT=asan integration/run $(ASAN_FILES)

memcheck: $(TESTS) programs ## run the unit tests and commands of carte-oci under valgrind (root)
	@$(MAKE) --no-print-directory VARIANT=debug build/debug/carte-oci
	@tests/memcheck $(TESTS)

unit: $(TESTS) ## build and run the unit tests
	@tests/run-unit $(TESTS)

kernel-tests: $(KERNEL_TESTS) ## build and run the tests that need root and a kernel of today
	@tests/run-unit $(KERNEL_TESTS)

lint: $(GENERATOR) ## check format, layers, names, budgets and generated files
	@rm -rf $(OUT)/generated && $(GENERATOR) $(OUT)/generated
	@tests/lint/run $(OUT)

tidy: ## check with clang-tidy and cppcheck, which takes minutes
	@CPPFLAGS='$(CPPFLAGS)' tests/lint/tidy

generate: $(GENERATOR) ## write the schema and the reference from the tables
	@$(GENERATOR) .

STEPS ?= 100
CONTAINERS ?= 10000
torture: programs attack-programs ## kill and change a stack and a store, STEPS times from SEED, and CONTAINERS containers, for hours (root)
	@tests/torture/run $(STEPS) $(SEED)
	@tests/torture/store random $(STEPS) $(SEED)
	@tests/torture/store calls
	@tests/torture/singles $(STEPS) $(SEED)
	@tests/torture/containers $(CONTAINERS) $(SEED)
	@tests/torture/oci
	@ATTACK_STARTS=2000 integration/run integration/attacks_races.bats integration/attacks_runtime.bats integration/attacks.bats

bench: bench-start bench-engines bench-build ## measure starts and builds beside floor and peers (root)
bench-start: $(OUT)/bench/floor $(OUT)/bench/start
	@bench/run-start $^
bench-engines: $(OUT)/bench/floor $(OUT)/bench/timer programs
	@bench/run-engines $(OUT)/bench/floor $(OUT)/bench/timer $(OUT)
bench-build: $(OUT)/bench/build_floor $(OUT)/carte
	@bench/run-build $^

FUZZ_SECONDS ?= 20
fuzz: ## run the fuzzers, which need clang, for FUZZ_SECONDS each; 0 replays the corpus
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz run-fuzzers
run-fuzzers: $(FUZZERS)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

SHARE := $(DESTDIR)$(PREFIX)/share
install: programs ## install below DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/carte $(SHARE)/carte \
		$(SHARE)/man/man1 $(SHARE)/bash-completion/completions
	install -m 755 $(OUT)/carte $(OUT)/carte-stack $(OUT)/carte-oci $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(OUT)/carte-keeper $(DESTDIR)$(PREFIX)/libexec/carte
	install -m 644 schema/stack.schema.json $(SHARE)/carte
	install -m 644 docs/man/*.1 $(SHARE)/man/man1
	for c in completions/*.bash; do \
		install -m 644 $$c $(SHARE)/bash-completion/completions/$$(basename $$c .bash); done

format: ## format the sources
	@git ls-files --cached --others --exclude-standard '*.c' '*.h' | xargs clang-format -i

clean: ## remove what was built
	rm -rf build

$(LIBRARY): $(filter-out $(MAINS:%.c=$(OUT)/%.o),$(OBJECTS))
	@rm -f $@
	$(AR) rcs $@ $^

define program_rule
$$(OUT)/$$(PROGRAM.$(1)): $$(OUT)/src/cli/main_$(1).o $$(LIBRARY)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) $$< $$(LIBRARY) $$(LDLIBS) -o $$@
endef
$(foreach m,$(filter-out keeper oci,$(MAINS:src/cli/main_%.c=%)),$(eval $(call program_rule,$(m))))

# carte-oci is executed anew for each step of a container's life, and twice each time: static, so
# that it has no libraries to load (decision 0034). Sanitizers and valgrind need the loader.
STATIC_PIE := $(if $(filter release,$(VARIANT)),-static-pie,-pie)
$(OUT)/carte-oci: $(OUT)/src/cli/main_oci.o $(LIBRARY)
	$(CC) $(CFLAGS) $(STATIC_PIE) $(filter-out -pie,$(LDFLAGS)) -Wl,--gc-sections $< $(LIBRARY) \
		-lyajl_s -lseccomp -lnettle -lm -o $@

# The keeper is alone in its process for the life of a stack: static, so that it costs the
# memory of its own few pages and nothing else.
$(OUT)/carte-keeper: $(OUT)/src/cli/main_keeper.o $(LIBRARY)
	$(CC) $(CFLAGS) $(filter-out -pie,$(LDFLAGS)) $(if $(findstring asan,$(VARIANT)),,-static) $< $(LIBRARY) -o $@

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIBRARY) $(LDLIBS) -lcmocka -o $@

$(GENERATOR): $(OUT)/tests/generate/generate.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) $< $(LIBRARY) $(LDLIBS) -o $@

# What reads bytes from outside lies in these rooms.
FUZZED := $(foreach room,util stack image runtime net build oci,$(filter $(OUT)/src/$(room)/%,$(OBJECTS))) \
	$(OUT)/src/supervise/log_line.o
$(OUT)/tests/fuzz/%: $(OUT)/tests/fuzz/%.o $(FUZZED)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) $< $(FUZZED) $(LDLIBS) -o $@

$(OUT)/bench/timer: $(OUT)/bench/timer.o
	$(CC) $(CFLAGS) $(filter-out -pie,$(LDFLAGS)) -static $< -o $@

$(OUT)/bench/floor: $(OUT)/bench/floor_network.o
$(OUT)/bench/%: $(OUT)/bench/%.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIBRARY) $(LDLIBS) -o $@

$(OUT)/tests/kernel/%: $(OUT)/tests/kernel/%.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIBRARY) $(LDLIBS) -lcmocka -o $@

# The servers that integration/registry.bats meets.
REGISTRY_TESTS := $(OUT)/tests/registry/hostile_registry $(OUT)/tests/registry/token_server
registry-servers: $(REGISTRY_TESTS)
$(REGISTRY_TESTS): %: %.o $(OUT)/tests/registry/serve.o $(OUT)/tests/registry/hostile_image.o \
		$(OUT)/tests/registry/garbage.o $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIBRARY) $(LDLIBS) -lssl -lcrypto -o $@

# What attacks from inside of containers (integration/attacks*.bats), in images without libraries.
ATTACKS := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard integration/attacks/*.c)))
attack-programs: $(ATTACKS)
$(ATTACKS): %: %.o
	$(CC) $(filter-out -pie --as-needed,$(LDFLAGS)) -static $(FREE) $< -o $@
$(OUT)/integration/attacks/loader: FREE := -nostdlib -nostartfiles
$(OUT)/integration/attacks/loader.o: CFLAGS += -fno-stack-protector

NET_TESTS := $(filter $(OUT)/tests/kernel/test_net%,$(KERNEL_TESTS))
$(NET_TESTS): $(OUT)/tests/kernel/net_bed.o $(OUT)/tests/kernel/net_stack.o
RUNTIME_TESTS := $(filter $(OUT)/tests/kernel/test_runtime%,$(KERNEL_TESTS))
integration: $(RUNTIME_TESTS) # run once more in a virtual machine
$(RUNTIME_TESTS): $(OUT)/tests/kernel/runtime_bed.o $(OUT)/tests/kernel/bare_bed.o

$(OUT)/tests/registry/%.o: CPPFLAGS += -Itests/registry
$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

-include stacks/metaverse/module.mk
-include $(wildcard $(OUT)/src/*/*.d $(OUT)/tests/*/*.d $(OUT)/bench/*.d)
