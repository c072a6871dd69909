/*
 * Regular expressions by PCRE2.  Its matcher backtracks, so each match has a budget: callouts between the items of the pattern
 * count the steps and the distance moved, over all starting points together (PCRE2's own match limit starts anew at each of them).
 */
#include "pipeline/rule/regex.h"

#include "base/arena.h"
#include "base/error.h"
#include "pipeline/rule/expression.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	STEPS_PER_BYTE = 8,	 /* what an honest search may need beside its budget */
	HEAP_KIB = 32 * 1024,	 /* for backtracking points */
	PATTERN_MOST = 64 * 1024 /* bytes */
};

struct regex {
	pcre2_code *code;
	bool owned;
};

static void *arena_malloc(PCRE2_SIZE size, void *arena)
{
	return arena_alloc(arena, size);
}

static void arena_keep(void *memory, void *arena)
{
	(void)memory;
	(void)arena;
}

static bool flag_options(const char *flags, uint32_t *options, pipe_error *err)
{
	static const struct {
		char flag;
		uint32_t option;
	} table[] = {
		{ 'i', PCRE2_CASELESS },
		{ 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },
		{ 'U', PCRE2_UNGREEDY },
	};

	for (; flags && *flags; flags++) {
		size_t i = 0;
		while (i < sizeof(table) / sizeof(*table) && table[i].flag != *flags)
			i++;
		if (i == sizeof(table) / sizeof(*table)) {
			error_set(err, PIPE_EPIPELINE, "the flag \"%c\" is not known: i, m, s and U are", *flags);
			return false;
		}
		*options |= table[i].option;
	}
	return true;
}

static pcre2_code *compile(struct arena *a, const struct str *pattern, uint32_t options, pipe_error *err)
{
	pcre2_general_context *memory = a ? pcre2_general_context_create(arena_malloc, arena_keep, a) : NULL;
	pcre2_compile_context *context = a ? pcre2_compile_context_create(memory) : NULL;
	pcre2_code *code = NULL;
	PCRE2_SIZE offset;
	int number;

	if (a && !context) {
		error_nomem(err);
		return NULL;
	}
	code = pcre2_compile((PCRE2_SPTR)pattern->data, pattern->length, options, &number, &offset, context);
	if (!code) {
		PCRE2_UCHAR text[128];
		pcre2_get_error_message(number, text, sizeof(text));
		error_set(err, PIPE_EPIPELINE, "%s", (const char *)text);
		if (err)
			err->column = (unsigned)offset + 1;
	}
	return code;
}

static struct regex *wrap(struct arena *a, pcre2_code *code, pipe_error *err)
{
	struct regex *r = a ? ARENA_NEW(a, struct regex) : calloc(1, sizeof(*r));

	if (!r) {
		error_nomem(err);
		if (!a)
			pcre2_code_free(code);
		return NULL;
	}
	r->code = code;
	r->owned = !a;
	return r;
}

struct regex *regex_compile(struct arena *a, const char *pattern, size_t length, const char *flags, pipe_error *err)
{
	uint32_t options = PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_AUTO_CALLOUT;
	pcre2_code *code = NULL;
	struct str translated;

	if (length > PATTERN_MOST) {
		error_set(err, PIPE_EPIPELINE, "the pattern is longer than %d bytes", PATTERN_MOST);
		return NULL;
	}
	str_init(&translated);
	if (flag_options(flags, &options, err) && regex_translate(pattern, length, &translated, err))
		code = compile(a, &translated, options, err);
	str_clear(&translated);
	return code ? wrap(a, code, err) : NULL;
}

struct meter {
	uint64_t left;
	PCRE2_SIZE last;
};

static int count_step(pcre2_callout_block *block, void *context)
{
	struct meter *m = context;
	PCRE2_SIZE here = block->current_position;
	uint64_t cost = 1 + (here > m->last ? here - m->last : m->last - here);

	m->last = here;
	if (cost > m->left) {
		m->left = 0;
		return PCRE2_ERROR_CALLOUT;
	}
	m->left -= cost;
	return 0;
}

static int outcome(int rc, const pcre2_match_data *data, size_t *start, size_t *end)
{
	const PCRE2_SIZE *pair = pcre2_get_ovector_pointer((pcre2_match_data *)(uintptr_t)data);

	if (rc == PCRE2_ERROR_NOMATCH)
		return -1;
	if (rc < 0)
		return -3;
	if (rc != 1 && pair[2] != PCRE2_UNSET)
		pair += 2;
	*start = pair[0];
	*end = pair[1];
	return 0;
}

int regex_search_within(const struct regex *r, const char *subject, size_t length, uint32_t steps, uint64_t *budget,
			size_t *start, size_t *end)
{
	uint64_t allowed = (steps < *budget ? steps : *budget) + (uint64_t)length * STEPS_PER_BYTE;
	struct meter meter = { allowed, 0 };
	pcre2_match_data *data = pcre2_match_data_create(2, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int result = -3;

	if (data && context && *budget) {
		pcre2_set_callout(context, count_step, &meter);
		pcre2_set_heap_limit(context, HEAP_KIB);
		result = outcome(pcre2_match(r->code, (PCRE2_SPTR)subject, length, 0, 0, data, context), data, start, end);
		*budget -= allowed - meter.left < *budget ? allowed - meter.left : *budget;
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return result;
}

int regex_search(const struct regex *r, const char *subject, size_t length, uint32_t steps, size_t *start, size_t *end)
{
	uint64_t budget = UINT64_MAX;

	return regex_search_within(r, subject, length, steps, &budget, start, end);
}

void regex_free(struct regex *r)
{
	if (!r || !r->owned)
		return;
	pcre2_code_free(r->code);
	free(r);
}
