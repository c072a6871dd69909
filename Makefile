# pipe: `make`, `make test`, `make bench`, `make demo`, `make install`, `make check-house`, `make format`, `make deps`.
# SAN=address,undefined builds with sanitizers (in build-san/); WERROR=1 makes warnings errors; CC, CFLAGS, LDFLAGS as usual.
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
LIBS    := -lyaml -lsqlite3 -luv -lpcre2-8 -ljansson -lzstd -lm

# The floors of the library, lowest first; cli/ stands on top of include/pipe.h alone.
FLOORS  := base pipeline stages lua runner web
LIBSRC  := $(foreach f,$(FLOORS),$(wildcard $(f)/*.c $(f)/*/*.c))
CLISRC  := $(wildcard cli/*.c)
LIBOBJ  := $(LIBSRC:%.c=$(BUILD)/obj/%.o)
CLIOBJ  := $(CLISRC:%.c=$(BUILD)/obj/%.o)
UNITSRC := $(wildcard tests/unit/*.c)
UNITOBJ := $(UNITSRC:%.c=$(BUILD)/obj/%.o)

all: $(BUILD)/pipe $(BUILD)/libpipe.a $(BUILD)/libpipe.so

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(DEFINES) $(CPPFLAGS) $(WARN) $(SANFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(BUILD)/libpipe.a: $(LIBOBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libpipe.so: $(LIBOBJ)
	$(CC) -shared -Wl,-soname,libpipe.so.$(SOVERSION) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/pipe: $(CLIOBJ) $(BUILD)/libpipe.a
	$(CC) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS)

# Each tests/unit/NAME.c brings a suite NAME_suite(); the list of them is made here.
$(BUILD)/obj/tests/unit/main.o: $(BUILD)/suites.h
$(BUILD)/obj/tests/unit/main.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/suites.h: $(UNITSRC) Makefile
	@mkdir -p $(@D)
	@for f in $(filter-out main,$(notdir $(UNITSRC:.c=))); do echo "SUITE($$f)"; done > $@

$(BUILD)/unit: $(UNITOBJ) $(BUILD)/libpipe.a
	$(CC) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $$(pkg-config --libs check)

-include $(LIBOBJ:.o=.d) $(CLIOBJ:.o=.d) $(UNITOBJ:.o=.d)
.PHONY: all
