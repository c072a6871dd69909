# pipe: `make`, `make test`, `make bench`, `make demo`, `make install`, `make check-house`, `make format`, `make deps`.
# SAN=address,undefined builds with sanitizers (in build-san/); WERROR=1 makes warnings errors; V=1 shows commands; CC, CFLAGS, LDFLAGS as usual.
CC      ?= cc
AR      ?= ar
PREFIX  ?= /usr/local
BUILD   ?= $(if $(SAN),build-san,build)
CFLAGS  ?= -O2 -g
VERSION := $(shell sed -n 's/^.define PIPE_VERSION "\(.*\)"/\1/p' include/pipe.h)
SOVERSION := 0

WARN    := -std=c11 -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith -Wwrite-strings \
           -Wvla -Wformat=2 $(if $(WERROR),-Werror)
DEFINES := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Iinclude $(if $(SAN),-DARENA_MALLOC)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
# In the order in which the dynamic linker should look for a symbol: most of those that it must find at the start are SQLite's own.
LIBS    := -lsqlite3 -luv -lyaml -lpcre2-8 -ljansson -lzstd -lexpat -lm

# The floors of the library, lowest first; cli/ stands on top of include/pipe.h alone.
FLOORS  := base pipeline stages lua runner web
LIBSRC  := $(foreach f,$(FLOORS),$(wildcard $(f)/*.c $(f)/*/*.c $(f)/*/*/*.c))
CLISRC  := $(wildcard cli/*.c cli/*/*.c)
LIBOBJ  := $(LIBSRC:%.c=$(BUILD)/obj/%.o)
CLIOBJ  := $(CLISRC:%.c=$(BUILD)/obj/%.o)
UNITSRC := $(wildcard tests/unit/*.c)
UNITOBJ := $(UNITSRC:%.c=$(BUILD)/obj/%.o)

# One short line a step; V=1 shows the commands, -s nothing.
step = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,echo "  $(1)	$@";) )

all: $(BUILD)/pipe $(BUILD)/libpipe.a $(BUILD)/libpipe.so

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call step,CC)$(CC) $(DEFINES) $(CPPFLAGS) $(WARN) $(SANFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(BUILD)/libpipe.a: $(LIBOBJ)
	@rm -f $@
	$(call step,AR)$(AR) rcs $@ $^

$(BUILD)/libpipe.so: $(LIBOBJ)
	$(call step,LINK)$(CC) -shared -Wl,-soname,libpipe.so.$(SOVERSION) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/pipe: $(CLIOBJ) $(BUILD)/libpipe.a
	$(call step,LINK)$(CC) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS)

# Each tests/unit/NAME.c brings a suite NAME_suite(); the list of them is made here.
$(BUILD)/obj/tests/unit/main.o: $(BUILD)/suites.h
$(BUILD)/obj/tests/unit/main.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/suites.h: $(UNITSRC) Makefile
	@mkdir -p $(@D)
	@for f in $(filter-out main,$(notdir $(UNITSRC:.c=))); do echo "SUITE($$f)"; done > $@

# What the library asks for goes through tests/unit/lua_memory.c, which can refuse it.
WRAPPED := $(foreach f,malloc calloc realloc strdup strndup free,-Wl,--wrap=$(f))
$(BUILD)/unit: $(UNITOBJ) $(BUILD)/libpipe.a
	$(call step,LINK)$(CC) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) $(WRAPPED) -o $@ $^ $(LIBS) $$(pkg-config --libs check)

# ---- installing ----

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/pipe $(DESTDIR)$(PREFIX)/bin/pipe
	install -m 644 $(BUILD)/libpipe.a $(DESTDIR)$(PREFIX)/lib/libpipe.a
	install -m 755 $(BUILD)/libpipe.so $(DESTDIR)$(PREFIX)/lib/libpipe.so.$(VERSION)
	ln -sf libpipe.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libpipe.so.$(SOVERSION)
	ln -sf libpipe.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libpipe.so
	install -m 644 include/pipe.h $(DESTDIR)$(PREFIX)/include/pipe.h
	sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' -e 's|@LIBS@|$(LIBS)|g' packaging/libpipe.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/libpipe.pc
	install -m 644 packaging/pipe.1 $(DESTDIR)$(PREFIX)/share/man/man1/pipe.1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 644 packaging/completion/pipe.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pipe
	install -m 644 packaging/completion/_pipe $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_pipe
	install -m 644 packaging/completion/pipe.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/pipe.fish
	install -d $(DESTDIR)$(PREFIX)/share/pipe/lua
	install -m 644 packaging/lua/pipe.lua $(DESTDIR)$(PREFIX)/share/pipe/lua/pipe.lua

# ---- what needs more than a compiler: installed from Debian's packages when it is missing ----

deps:
	@packaging/deps.sh build
deps-demo:
	@packaging/deps.sh build demo
deps-test:
	@packaging/deps.sh build test
deps-check:
	@packaging/deps.sh build test check

# ---- trying, testing, measuring ----

# On all processors, unless the user said how many.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$$(nproc))

demo: deps-demo
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/pipe
	$(BUILD)/pipe run --file examples/pipelines/service.yml

test: deps-test
	@$(MAKE) --no-print-directory $(PARALLEL) all $(BUILD)/unit
	@tests/run.sh $(BUILD)

# With the real tools (Trivy, Helm, Cosign, ...), built from pinned Go modules into a cache outside of the source tree.
test-tools: deps-test
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/pipe
	@tests/tools/run.sh $(BUILD)

unit: $(BUILD)/unit
	@$(BUILD)/unit

bench: deps-check
	@$(MAKE) --no-print-directory all $(BENCHBIN)
	@tests/bench/run.py --build $(BUILD)

BENCHSRC := $(wildcard tests/bench/*.c)
BENCHBIN := $(BENCHSRC:tests/bench/%.c=$(BUILD)/bench-%)
$(BUILD)/bench-%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libpipe.a
	$(call step,LINK)$(CC) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Fuzz targets need clang: `make fuzz` builds them, `build-fuzz/fuzz-document tests/fuzz/corpus/document` runs one.
FUZZSRC := $(wildcard tests/fuzz/*.c)
fuzz:
	@$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang SAN=address,undefined CFLAGS="-O1 -g -fsanitize=fuzzer-no-link" fuzz-binaries
fuzz-binaries: $(FUZZSRC:tests/fuzz/%.c=$(BUILD)/fuzz-%)
$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libpipe.a
	$(call step,LINK)$(CC) $(SANFLAGS) -fsanitize=fuzzer $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- keeping the house ----

check-house: $(LIBOBJ)
	@tests/check-house.sh "$(FLOORS) cli" $(LIBOBJ)

FORMATTED := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:
	clang-format -i $(FORMATTED)
check-format:
	clang-format --dry-run --Werror $(FORMATTED)
check-cppcheck:
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr --suppressions-list=tests/cppcheck.txt \
	         -D_GNU_SOURCE -I. -Iinclude $(LIBSRC) $(CLISRC)
# The analyser looks at 30,000 states of a function at most: with its own 225,000 it takes six times as long, mostly over loops.
TIDY := --quiet $(foreach arg,-Xclang -analyzer-config -Xclang max-nodes=30000,--extra-arg=$(arg))
check-tidy:
	echo $(LIBSRC) $(CLISRC) | xargs -P "$$(nproc)" -n 8 sh -c 'clang-tidy $(TIDY) "$$@" -- -std=c11 $(DEFINES) 2>/dev/null' tidy

# What is made from the keyword table and the like; a test sees to it that they are fresh.
docs: $(BUILD)/pipe
	packaging/docs.sh $(BUILD)/pipe .

clean:
	rm -rf $(BUILD)

# The host program of examples/embed with a library under ThreadSanitizer: two projects in two threads.
check-threads:
	@$(MAKE) --no-print-directory BUILD=build-tsan SAN=thread CFLAGS="-O1 -g" build-tsan/libpipe.a
	$(CC) -fsanitize=thread -g -Iinclude examples/embed/embed.c -o build-tsan/embed build-tsan/libpipe.a $(LIBS) -lpthread
	@tests/threads.sh build-tsan/embed

-include $(LIBOBJ:.o=.d) $(CLIOBJ:.o=.d) $(UNITOBJ:.o=.d) $(BENCHSRC:%.c=$(BUILD)/obj/%.d)
.PHONY: all install deps deps-demo deps-test deps-check demo test test-tools unit bench fuzz fuzz-binaries check-house format check-format \
        check-cppcheck check-tidy check-threads docs clean
.SECONDARY:
