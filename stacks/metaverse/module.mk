# The metaverse: four servers, a bot, and the folders their images are built from. Included
# by the Makefile above, whose variables it uses.

META_SERVERS := login asset map game
META_STAGE := build/metaverse
META_SOURCES := $(sort $(wildcard stacks/metaverse/*/*.c))
META_OBJECTS := $(META_SOURCES:%.c=$(OUT)/%.o)
META_UTIL := $(OUT)/stacks/metaverse/libutil.a
META_COMMON := $(filter $(OUT)/stacks/metaverse/common/%,$(META_OBJECTS))
META_PROGRAMS := $(META_SERVERS:%=$(OUT)/stacks/metaverse/bin/%) \
	$(OUT)/stacks/metaverse/bin/metabot
META_TESTS := $(filter $(OUT)/tests/unit/test_meta_%,$(TESTS))
META_PURE := $(filter-out %/login/login.o %/asset/asset.o %/map/map.o %/game/game.o \
	$(OUT)/stacks/metaverse/bot/%,$(META_OBJECTS))

# Static where Debian has a static library: then an image needs the C library, cJSON and the
# loader, and nothing else.
META_LDLIBS := -Wl,-Bstatic -levent_extra -levent_core -lsqlite3 -lsodium -lyajl_s -Wl,-Bdynamic \
	-lcjson -lm -lpthread

.PHONY: metaverse

metaverse: $(META_PROGRAMS) ## build the servers and stage their images' contents
	@stacks/metaverse/stage $(OUT)/stacks/metaverse/bin $(META_STAGE) $(META_SERVERS)

$(META_OBJECTS): CPPFLAGS += -Istacks/metaverse
$(META_TESTS:=.o): CPPFLAGS += -Istacks/metaverse
$(META_TESTS): LDLIBS := $(META_LDLIBS)
$(META_TESTS): $(META_PURE)

# The servers need the lowest room alone.
$(META_UTIL): $(patsubst %.c,$(OUT)/%.o,$(wildcard src/util/*.c))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

define META_rule
$$(OUT)/stacks/metaverse/bin/$(1): $$(filter $$(OUT)/stacks/metaverse/$(2)/%,$$(META_OBJECTS)) \
	$$(META_COMMON) $$(META_UTIL)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -Wl,--gc-sections $$^ $$(META_LDLIBS) -o $$@
endef
$(foreach s,$(META_SERVERS),$(eval $(call META_rule,$(s),$(s))))
$(eval $(call META_rule,metabot,bot))

-include $(wildcard $(META_OBJECTS:.o=.d))
