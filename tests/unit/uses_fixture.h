/* Types of stages that are tables and nothing else, for the tests of `uses`, `with` and of reading parameters. */
#ifndef TESTS_UNIT_USES_FIXTURE_H
#define TESTS_UNIT_USES_FIXTURE_H

#include "pipeline/keyword/keyword_fields.h"
#include "pipeline/keyword/uses.h"

#include <string.h>

static const char *const bake_modes[] = { "fast", "slow", NULL };

static const struct keyword bake_topping[] = {
	KEYWORD_ROW("grams", IN_NESTED, TAKES_INT | TAKES_EXPANDED, "how much of it", .least = 1, .most = 500),
	KEYWORD_ROW("name", IN_NESTED, TAKES_TEXT, "what it is", .required = true),
	KEYWORD_END,
};

static const struct keyword bake_parameters[] = {
	KEYWORD_ROW("after", IN_NESTED, TAKES_DURATION | TAKES_EXPANDED, "how long to wait"),
	KEYWORD_ROW("bound", IN_NESTED, TAKES_SCALAR, "a number with a fraction"),
	KEYWORD_ROW("cold", IN_NESTED, TAKES_BOOL | TAKES_EXPANDED, "whether the oven is cold", .fallback = "false"),
	KEYWORD_ROW("command", IN_NESTED, TAKES_TEXT | TAKES_LIST, "what bakes", .items = TAKES_TEXT, .shell = true,
		    .example = "command: bake --well"),
	KEYWORD_ROW("degrees", IN_NESTED, TAKES_INT | TAKES_EXPANDED, "how hot", .least = 50, .most = 300, .fallback = "200"),
	KEYWORD_ROW("flags", IN_NESTED, TAKES_LIST, "what else is said", .items = TAKES_ENUM | TAKES_EXPANDED,
		    .values = bake_modes),
	KEYWORD_ROW("mode", IN_NESTED, TAKES_ENUM | TAKES_EXPANDED, "how it is done", .values = bake_modes, .fallback = "slow"),
	KEYWORD_ROW("named", IN_NESTED, TAKES_NAMED, "toppings by name", .items = TAKES_MAP, .fields = bake_topping),
	KEYWORD_ROW("ovens", IN_NESTED, TAKES_INT, "how many ovens share the work", .least = 1),
	KEYWORD_ROW("tins", IN_NESTED, TAKES_TEXT | TAKES_LIST, "what it is baked in", .items = TAKES_TEXT),
	KEYWORD_ROW("toppings", IN_NESTED, TAKES_LIST, "what lies on it", .items = TAKES_MAP, .fields = bake_topping),
	KEYWORD_END,
};

static inline void bake_check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *cold = node_pair(with, "cold"), *tins = node_pair(with, "tins");

	if (!with)
		diag_warning(d, at, "half-baked", "nothing says what to bake");
	else if (cold && tins)
		diag_error(d, cold->key->at, "conflicting-keywords", "\"with:cold\" and \"with:tins\" exclude each other");
}

static const struct uses_type bake_type = {
	.name = "bake",
	.help = "bake what was prepared",
	.parameters = bake_parameters,
	.example = "bread:\n  uses: bake\n  with:\n    command: bake --well\n    degrees: 230",
	.since = "0.2",
	.instances = "ovens",
	.check = bake_check,
};

static const struct keyword serve_parameters[] = {
	KEYWORD_ROW("table", IN_NESTED, TAKES_TEXT, "where it is put", .required = true),
	KEYWORD_ROW("wine", IN_NESTED, TAKES_TEXT, "what is drunk with it", .fate = LATER),
	KEYWORD_END,
};

static const struct uses_type serve_type = {
	.name = "serve",
	.help = "put it on the table",
	.parameters = serve_parameters,
	.example = "dinner:\n  uses: serve\n  with: {table: t1}",
	.since = "0.2",
};

/* A type with a keyword's name. */
static const struct keyword image_parameters[] = { KEYWORD_END };
static const struct uses_type image_type = {
	.name = "image", .help = "paint it", .parameters = image_parameters, .example = "paint: {uses: image}", .since = "0.2"
};

static const struct uses_type *const kitchen_list[] = { &bake_type, &image_type, &serve_type, NULL };
static const struct uses_types kitchen = { kitchen_list };

#endif
