/*
 * Looking for secrets.  One pass over the bytes finds keywords (secret_words.h); only where one stands is the rule's expression tried,
 * anchored there: nothing is searched twice, and the work is linear in the file, whatever is in it.  All that was found is masked in all
 * that is shown.
 */
#include "stages/scanner/secret/secret.h"

#include "base/error.h"
#include "stages/scanner/secret/secret_rules.h"
#include "stages/scanner/secret/secret_value.h"
#include "stages/scanner/secret/secret_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	WINDOW = 16 * 1024,  /* bytes of the longest secret, a private key */
	MATCH_LIMIT = 20000, /* PCRE2's steps of one try */
	HEAP_KIB = 8 * 1024,
	HEAD = 300,	  /* bytes by which binary files are told */
	LINE_WHOLE = 100, /* longer lines are shown around the secret only */
	BEFORE = 30,
	AFTER = 20,
	PATTERN_MAX = 1024
};

struct word_rules {
	VEC(uint16_t) rules;
};

struct secret_rules {
	struct arena arena;
	pcre2_code **codes; /* by rule */
	struct words words;
	struct word_rules *of; /* by word */
};

/* ---- rules ---- */

static pcre2_code *compile(const struct secret_rule *rule, const char *word, pipe_error *err)
{
	char pattern[PATTERN_MAX];
	PCRE2_SIZE offset;
	pcre2_code *code;
	int number, n;

	if (rule->value)
		n = snprintf(pattern, sizeof(pattern), "(?i)(?:%s)[\\w .,-]{0,25}(?:\\|\\|:|:=|=>|<=|[=:>]).{0,5}[\"'](%s)[\"']",
			     word, rule->pattern);
	else
		n = snprintf(pattern, sizeof(pattern), "%s", rule->pattern);
	if (n < 0 || (size_t)n >= sizeof(pattern)) {
		error_set(err, PIPE_ELIMIT, "the expression of %s is too long", rule->id);
		return NULL;
	}
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF,
			     &number, &offset, NULL);
	if (!code)
		error_set(err, number == PCRE2_ERROR_NOMEMORY ? PIPE_ENOMEM : PIPE_EUNSUPPORTED,
			  "the expression of %s cannot be compiled: error %d at %zu", rule->id, number, (size_t)offset);
	return code;
}

/* "a b" -> "a|b". */
static const char *alternatives(const char *keywords, struct arena *a)
{
	char *text = arena_strdup(a, keywords);

	for (char *c = text; c && *c; c++)
		if (*c == ' ')
			*c = '|';
	return text;
}

struct word_list {
	VEC(const char *) items;
};

static uint32_t index_of(struct word_list *list, struct arena *a, const char *word, size_t length)
{
	const char **slot;

	for (uint32_t i = 0; i < list->items.count; i++)
		if (!strncasecmp(list->items.items[i], word, length) && !list->items.items[i][length])
			return i;
	slot = vec_push(a, &list->items);
	if (slot)
		*slot = arena_strndup(a, word, length);
	return slot && *slot ? list->items.count - 1 : UINT32_MAX;
}

static bool add_words(struct secret_rules *r, struct word_list *list, size_t rule, bool attach)
{
	for (const char *word = secret_rule_table[rule].keywords; *word;) {
		size_t length = strcspn(word, " ");
		uint32_t index = index_of(list, &r->arena, word, length);
		uint16_t *slot = attach && index != UINT32_MAX ? vec_push(&r->arena, &r->of[index].rules) : NULL;

		if (index == UINT32_MAX || (attach && !slot))
			return false;
		if (attach)
			*slot = (uint16_t)rule;
		word += length;
		word += *word == ' ';
	}
	return true;
}

static bool build_words(struct secret_rules *r)
{
	struct word_list list = { 0 };

	for (size_t i = 0; i < secret_rule_count; i++)
		if (!add_words(r, &list, i, false))
			return false;
	r->of = ARENA_ARRAY(&r->arena, struct word_rules, list.items.count);
	for (size_t i = 0; r->of && i < secret_rule_count; i++)
		if (!add_words(r, &list, i, true))
			return false;
	return r->of && words_build(&r->words, &r->arena, list.items.items, list.items.count);
}

int secret_rules_create(struct secret_rules **out, pipe_error *err)
{
	struct secret_rules *r = calloc(1, sizeof(*r));
	pipe_error own = { 0 };

	*out = NULL;
	if (!r)
		return error_nomem(err);
	r->codes = ARENA_ARRAY(&r->arena, pcre2_code *, secret_rule_count);
	if (!r->codes || !build_words(r)) {
		secret_rules_free(r);
		return error_nomem(err);
	}
	for (size_t i = 0; i < secret_rule_count; i++) {
		const char *words = alternatives(secret_rule_table[i].keywords, &r->arena);

		r->codes[i] = words ? compile(&secret_rule_table[i], words, &own) : NULL;
		if (!r->codes[i]) {
			secret_rules_free(r);
			return words ? error_set(err, own.code, "%s", own.text) : error_nomem(err);
		}
	}
	*out = r;
	return PIPE_OK;
}

void secret_rules_free(struct secret_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->codes && i < secret_rule_count; i++)
		pcre2_code_free(r->codes[i]);
	arena_clear(&r->arena);
	free(r);
}

/* ---- one file ---- */

struct hit {
	uint16_t rule;
	size_t from, to; /* of the secret */
};

struct search {
	const struct secret_rules *rules;
	const char *bytes;
	size_t length;
	struct arena scratch;
	size_t *done; /* by rule: up to where it has matched */
	VEC(struct hit) hits;
	pcre2_match_data *data;
	pcre2_match_context *context;
	struct secret_mask mask;
};

/* Control characters that no text has; as file(1) tells data from text. */
static bool is_binary(const char *bytes, size_t length)
{
	size_t head = length < HEAD ? length : HEAD;

	for (size_t i = 0; i < head; i++) {
		unsigned char b = (unsigned char)bytes[i];

		if (b < 7 || b == 11 || (b > 13 && b < 27) || (b > 27 && b < 0x20) || b == 0x7f)
			return true;
	}
	return false;
}

/* PIPE_OK, also where it is none. */
static int keep(struct search *s, uint16_t index, const PCRE2_SIZE *pair, int groups)
{
	const struct secret_rule *rule = &secret_rule_table[index];
	size_t from = pair[0], to = pair[1];
	struct hit *hit;

	s->done[index] = to > s->done[index] ? to : s->done[index];
	if (secret_is_example(s->bytes + from, to - from))
		return PIPE_OK;
	if (groups > 1 && pair[2] != PCRE2_UNSET) {
		from = pair[2];
		to = pair[3];
	}
	if (rule->entropy && secret_entropy(s->bytes + from, to - from) < rule->entropy)
		return PIPE_OK;
	if (rule->guessed && secret_is_placeholder(s->bytes + from, to - from))
		return PIPE_OK;
	hit = vec_push(&s->scratch, &s->hits);
	if (!hit)
		return PIPE_ENOMEM;
	*hit = (struct hit){ index, from, to };
	return PIPE_OK;
}

static int try_rule(struct search *s, uint16_t index, size_t word)
{
	const struct secret_rule *rule = &secret_rule_table[index];
	size_t length = s->length - word > WINDOW ? word + WINDOW : s->length, start = word - rule->lead;
	int rc;

	if (word < rule->lead || start < s->done[index])
		return PIPE_OK;
	rc = pcre2_match(s->rules->codes[index], (PCRE2_SPTR)s->bytes, length, start, PCRE2_NO_UTF_CHECK, s->data, s->context);
	if (rc == PCRE2_ERROR_NOMEMORY)
		return PIPE_ENOMEM;
	return rc > 0 ? keep(s, index, pcre2_get_ovector_pointer(s->data), rc) : PIPE_OK;
}

static int at_word(struct search *s, unsigned bucket, size_t at)
{
	const struct words *w = &s->rules->words;
	size_t end;
	int rc = PIPE_OK;

	for (uint32_t i = 0; i < w->in[bucket].count && !rc; i++) {
		uint16_t word = w->in[bucket].items[i];
		const struct word_rules *of = &s->rules->of[word];

		if (!words_stands(w, word, s->bytes, s->length, at, &end))
			continue;
		for (uint32_t k = 0; k < of->rules.count && !rc; k++)
			rc = try_rule(s, of->rules.items[k], at);
	}
	return rc;
}

static int find(struct search *s)
{
	unsigned bucket = 0;
	int rc = PIPE_OK;

	for (size_t at = 0; !rc; at++) {
		at = words_next(&s->rules->words, s->bytes, s->length, at, &bucket);
		if (at == s->length)
			return PIPE_OK;
		rc = at_word(s, bucket, at);
	}
	return rc;
}

static int by_place(const void *one, const void *two)
{
	const struct hit *a = one, *b = two;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static int by_rule(const void *one, const void *two)
{
	const struct hit *a = one, *b = two;
	int order = strcmp(secret_rule_table[a->rule].id, secret_rule_table[b->rule].id);

	return order ? order : by_place(one, two);
}

/* The union of all ranges; hits are in the order of their places. */
static bool build_mask(struct search *s)
{
	s->mask.items = ARENA_ARRAY(&s->scratch, struct secret_range, s->hits.count);
	for (uint32_t i = 0; s->mask.items && i < s->hits.count; i++) {
		const struct hit *h = &s->hits.items[i];
		struct secret_range *last = s->mask.count ? &s->mask.items[s->mask.count - 1] : NULL;

		if (last && h->from <= last->to)
			last->to = h->to > last->to ? h->to : last->to;
		else
			s->mask.items[s->mask.count++] = (struct secret_range){ h->from, h->to };
	}
	return s->mask.items != NULL;
}

/* A guess says nothing where a rule knows; and of two guesses at one place the first will do. */
static void drop_guesses(struct search *s)
{
	size_t any_to = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->hits.count; i++) {
		struct hit h = s->hits.items[i];
		bool guessed = secret_rule_table[h.rule].guessed;

		if (guessed && (h.from < any_to || (i + 1 < s->hits.count && s->hits.items[i + 1].from < h.to &&
						    !secret_rule_table[s->hits.items[i + 1].rule].guessed)))
			continue;
		any_to = h.to > any_to ? h.to : any_to;
		s->hits.items[kept++] = h;
	}
	s->hits.count = kept;
}

static const char *show(const struct search *s, const struct hit *h, struct arena *a)
{
	const char *before = memrchr(s->bytes, '\n', h->from);
	const char *behind = memchr(s->bytes + h->from, '\n', s->length - h->from);
	size_t from = before ? (size_t)(before - s->bytes) + 1 : 0;
	size_t to = behind ? (size_t)(behind - s->bytes) : s->length;

	if (to - from > LINE_WHOLE) {
		from = h->from - from > BEFORE ? h->from - BEFORE : from;
		to = h->to < to && to - h->to > AFTER ? h->to + AFTER : to;
	}
	return secret_show(&s->mask, s->bytes, from, to, a);
}

static uint32_t lines_in(const char *bytes, size_t length)
{
	uint32_t n = 0;

	for (const char *end = bytes + length; (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL; bytes++)
		n++;
	return n;
}

struct placed {
	struct hit hit;
	uint32_t line_from, line_to;
};

static int hand_over(struct search *s, const char *path, struct placed *placed, struct arena *a,
		     int (*each)(void *payload, const struct scan_finding *finding), void *payload, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; i < s->hits.count && !rc; i++) {
		const struct secret_rule *rule = &secret_rule_table[placed[i].hit.rule];
		struct scan_finding f = { .kind = FINDING_SECRET,
					  .id = rule->id,
					  .severity = rule->severity,
					  .severity_source = "",
					  .title = rule->title,
					  .description = "",
					  .url = "",
					  .fixed = "",
					  .status = "",
					  .vendor_id = "",
					  .path = path,
					  .category = rule->category,
					  .match = show(s, &placed[i].hit, a),
					  .line_from = placed[i].line_from,
					  .line_to = placed[i].line_to,
					  .suppressed_by = "",
					  .suppressed_status = "" };

		rc = f.match ? each(payload, &f) : error_nomem(err);
	}
	return rc;
}

static int report(struct search *s, const char *path, struct arena *a,
		  int (*each)(void *payload, const struct scan_finding *finding), void *payload, pipe_error *err)
{
	struct placed *placed;
	size_t counted = 0;
	uint32_t line = 1;

	qsort(s->hits.items, s->hits.count, sizeof(*s->hits.items), by_place);
	if (!build_mask(s))
		return error_nomem(err);
	drop_guesses(s);
	placed = ARENA_ARRAY(&s->scratch, struct placed, s->hits.count);
	if (!placed)
		return error_nomem(err);
	for (uint32_t i = 0; i < s->hits.count; i++) {
		const struct hit *h = &s->hits.items[i];

		line += lines_in(s->bytes + counted, h->from - counted);
		counted = h->from;
		placed[i] = (struct placed){ *h, line, line + lines_in(s->bytes + h->from, h->to - h->from) };
	}
	/* A struct placed begins with its hit. */
	qsort(placed, s->hits.count, sizeof(*placed), by_rule);
	path = arena_strdup(a, path);
	return path ? hand_over(s, path, placed, a, each, payload, err) : error_nomem(err);
}

static bool prepare(struct search *s)
{
	s->done = ARENA_ARRAY(&s->scratch, size_t, secret_rule_count);
	s->data = pcre2_match_data_create(2, NULL);
	s->context = pcre2_match_context_create(NULL);
	if (!s->done || !s->data || !s->context)
		return false;
	pcre2_set_match_limit(s->context, MATCH_LIMIT);
	pcre2_set_heap_limit(s->context, HEAP_KIB);
	return true;
}

int secret_scan(const struct secret_rules *rules, const char *path, const char *bytes, size_t length, struct arena *a,
		int (*each)(void *payload, const struct scan_finding *finding), void *payload, pipe_error *err)
{
	struct search s = { .rules = rules, .bytes = bytes, .length = length };
	int rc = PIPE_OK;

	if (!length || is_binary(bytes, length))
		return PIPE_OK;
	if (!prepare(&s) || find(&s))
		rc = error_nomem(err);
	if (!rc && s.hits.count)
		rc = report(&s, path, a, each, payload, err);
	pcre2_match_context_free(s.context);
	pcre2_match_data_free(s.data);
	arena_clear(&s.scratch);
	return rc;
}
