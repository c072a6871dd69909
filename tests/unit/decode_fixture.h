/* For the tests of what decodes a document: one text without includes, its model, and what was said about it. */
#ifndef TESTS_UNIT_DECODE_FIXTURE_H
#define TESTS_UNIT_DECODE_FIXTURE_H

#include "pipeline/decode/decode.h"
#include "pipeline/keyword/keyword_fields.h"
#include "pipeline/limits.h"
#include <check.h>
#include <stdio.h>
#include <string.h>

#define DECODED_USED __attribute__((unused)) static

struct decoded_text {
	struct arena arena;
	struct sources sources;
	struct diagnostics d;
	pipe_limits limits;
	const struct uses_types *uses; /* what `uses` may name */
	struct pipeline p;
	struct node *root;
	int rc;
};

DECODED_USED void decoded_init(struct decoded_text *t)
{
	memset(t, 0, sizeof(*t));
	diagnostics_init(&t->d, &t->arena, &t->sources);
	limits_default(&t->limits);
}

/* The text as the document of ci.yml, in t->root. */
DECODED_USED void decoded_parse(struct decoded_text *t, const char *text)
{
	int source;

	source = sources_add(&t->sources, &t->arena, (struct source){ .name = "ci.yml", .text = text, .length = strlen(text) });
	ck_assert_int_eq(source, 0);
	ck_assert_int_eq(document_parse(&t->root, 1, &t->arena, 0, &t->limits, &t->d), 1);
}

/* The text as the value of `with`, in flow style: do these parameters take it? */
DECODED_USED bool decoded_with(struct decoded_text *t, const struct keyword *parameters, const char *with)
{
	const struct keyword row = { .name = "with", .shape = TAKES_MAP, .fields = parameters };

	decoded_parse(t, with);
	return keyword_check(&row, t->root, &t->d, NULL);
}

DECODED_USED void decoded_load(struct decoded_text *t, const char *text)
{
	decoded_parse(t, text);
	t->p.root = t->root;
	t->rc = pipeline_decode(&t->p, &t->arena, t->root, &(struct decode_options){ .limits = &t->limits, .uses = t->uses },
				&t->d);
}

DECODED_USED void decoded_dump(struct decoded_text *t, const char *text)
{
	struct str out;

	diagnostics_sort(&t->d);
	str_init(&out);
	diagnostics_text(&t->d, &out, false);
	fprintf(stderr, "---- of\n%s---- was said\n%s", text, out.data);
	str_clear(&out);
}

/* A text that is right, and of which nothing is said. */
DECODED_USED void decoded_good(struct decoded_text *t, const char *text)
{
	decoded_init(t);
	decoded_load(t, text);
	if (t->rc != PIPE_OK || t->d.list.count)
		decoded_dump(t, text);
	ck_assert_int_eq(t->rc, PIPE_OK);
	ck_assert_uint_eq(t->d.list.count, 0);
}

DECODED_USED struct job *decoded_job(struct decoded_text *t, const char *name)
{
	struct job *job = pipeline_job(&t->p, name);

	ck_assert_ptr_nonnull(job);
	ck_assert_str_eq(job->name, name);
	return job;
}

/* What is said of a text: one thing, and it alone. */
struct decoded_case {
	const char *text;
	const char *code;
	unsigned line, column;
	const char *message;
	const char *hint; /* or NULL */
};

DECODED_USED bool decoded_said(struct decoded_text *t, const struct decoded_case *c, enum pipe_severity severity)
{
	const struct diagnostic *one = t->d.list.items;

	return t->d.list.count == 1 && one->severity == severity && !strcmp(one->code, c->code) && one->at.line == c->line &&
	       one->at.column == c->column && !strcmp(one->message, c->message) &&
	       (c->hint ? one->hint && !strcmp(one->hint, c->hint) : !one->hint);
}

DECODED_USED void decoded_clear(struct decoded_text *t)
{
	arena_clear(&t->arena);
}

#endif
