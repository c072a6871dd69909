/* pipeline/document/document.h: reading YAML, looking at nodes, making, merging and writing them. */
#include "pipeline/document/document.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

Suite *document_suite(void);

enum { DOCUMENTS = 4 };

static struct arena arena;
static struct sources sources;
static struct diagnostics found;
static struct node *docs[DOCUMENTS];
static pipe_limits limits;

static void set_up(void)
{
	memset(&arena, 0, sizeof(arena));
	memset(&sources, 0, sizeof(sources));
	memset(docs, 0, sizeof(docs));
	memset(&limits, 0, sizeof(limits));
	limits_default(&limits);
	diagnostics_init(&found, &arena, &sources);
}

static void tear_down(void)
{
	arena_clear(&arena);
}

static int parse_bytes(const char *text, size_t length, int max)
{
	int source = sources_add(&sources, &arena, (struct source){ "test.yml", text, length, MARK_NONE, NULL });

	ck_assert_int_ge(source, 0);
	return document_parse(docs, max, &arena, (uint16_t)source, &limits, &found);
}

static struct node *parse(const char *text)
{
	ck_assert_int_eq(parse_bytes(text, strlen(text), 1), 1);
	return docs[0];
}

static struct node *parse_clean(const char *text)
{
	struct node *n = parse(text);

	ck_assert_uint_eq(found.list.count, 0);
	return n;
}

/* The only diagnostic: its place and code, and a part of its message. */
static void expect(uint32_t line, uint32_t column, const char *code, const char *part)
{
	const struct diagnostic *one = found.list.items;

	ck_assert_uint_eq(found.list.count, 1);
	ck_assert_msg(one->at.line == line && one->at.column == column, "%u:%u: %s", one->at.line, one->at.column, one->message);
	ck_assert_str_eq(one->code, code);
	ck_assert_msg(strstr(one->message, part) != NULL, "\"%s\" is not in: %s", part, one->message);
}

static void refuse(const char *text, uint32_t line, uint32_t column, const char *code, const char *part)
{
	tear_down();
	set_up();
	ck_assert_int_eq(parse_bytes(text, strlen(text), 1), -1);
	expect(line, column, code, part);
}

/* ---- reading ---- */

START_TEST(nodes_remember_their_places)
{
	struct node *root = parse_clean("# comment\nb\xc3\xbcild:\n  script: ['make', \"x\"]\n  text: |\n    two\n    lines\n");
	struct node *job = node_get(root, "b\xc3\xbcild"), *list = node_get(job, "script");

	ck_assert_uint_eq(root->at.line, 2);
	ck_assert_uint_eq(job->at.line, 3);
	ck_assert_uint_eq(job->at.column, 3);
	ck_assert_uint_eq(list->at.column, 11);
	ck_assert_uint_eq(list->count, 2);
	ck_assert_uint_eq(list->items[1]->at.column, 20);
	ck_assert_uint_eq(list->items[1]->style, STYLE_QUOTED);
	ck_assert_str_eq(node_get(job, "text")->text, "two\nlines\n");
	ck_assert_uint_eq(node_get(job, "text")->style, STYLE_BLOCK);
	ck_assert_uint_eq(node_pair(root, "b\xc3\xbcild")->key->at.line, 2);
	ck_assert_ptr_null(node_get(root, "script"));
	ck_assert_ptr_null(node_get(list, "script"));
	ck_assert_ptr_null(node_get(NULL, "x"));
}
END_TEST

START_TEST(columns_are_characters)
{
	struct node *root = parse_clean("\xc3\xa4\xc3\xb6: \xe4\xb8\xad\n");

	ck_assert_uint_eq(root->pairs[0].value->at.column, 5);
}
END_TEST

START_TEST(documents_are_counted)
{
	ck_assert_int_eq(parse_bytes("", 0, 2), 0);
	ck_assert_int_eq(parse_bytes("# nothing\n\n", 11, 2), 0);
	ck_assert_int_eq(parse_bytes("---\n", 4, 2), 1);
	ck_assert(node_is_null(docs[0]));
	ck_assert_int_eq(parse_bytes("spec: 1\n---\na: 2\n", 17, 2), 2);
	ck_assert_str_eq(node_get(docs[1], "a")->text, "2");
	ck_assert_uint_eq(node_get(docs[1], "a")->at.line, 3);
	ck_assert_uint_eq(found.list.count, 0);
	ck_assert_int_eq(parse_bytes("a\n---\nb\n---\nc\n", 14, 2), 2);
	expect(4, 1, "too-many-documents", "more than 2 documents");
}
END_TEST

START_TEST(byte_order_mark_is_skipped)
{
	struct node *root = parse_clean("\xef\xbb\xbf"
					"a: b\n");

	ck_assert_str_eq(node_get(root, "a")->text, "b");
	ck_assert_uint_eq(root->at.column, 1);
}
END_TEST

START_TEST(tags_are_known)
{
	struct node *root = parse_clean("a: !reference [x, y]\nb: !!str 5\nc: !mine 1\nd: !!int \"7\"\ne: ! 8\nf: !!map {}\n");
	int64_t seven = 0;

	ck_assert_uint_eq(node_get(root, "a")->tag, TAG_REFERENCE);
	ck_assert_uint_eq(node_get(root, "a")->count, 2);
	ck_assert_uint_eq(node_get(root, "b")->tag, TAG_TEXT);
	ck_assert_int_eq(node_type(node_get(root, "b")), SCALAR_TEXT);
	ck_assert_uint_eq(node_get(root, "c")->tag, TAG_OTHER);
	ck_assert(node_int(node_get(root, "d"), &seven));
	ck_assert_int_eq(seven, 7);
	ck_assert_int_eq(node_type(node_get(root, "e")), SCALAR_TEXT);
	ck_assert_uint_eq(node_get(root, "f")->tag, TAG_NONE);
}
END_TEST

START_TEST(an_alias_is_the_same_node)
{
	struct node *root = parse_clean("a: &x {k: v}\nb: *x\n");

	ck_assert_ptr_eq(node_get(root, "a"), node_get(root, "b"));
}
END_TEST

START_TEST(an_alias_can_be_a_key_and_an_anchor_can_be_set_again)
{
	struct node *root = parse_clean("a: &x one\n*x : k\nb: &x two\nc: *x\n");

	ck_assert_str_eq(node_get(root, "one")->text, "k");
	ck_assert_str_eq(node_get(root, "c")->text, "two");
}
END_TEST

START_TEST(anchors_end_with_their_document)
{
	ck_assert_int_eq(parse_bytes("a: &x 1\n---\nb: *x\n", 18, 2), 2);
	expect(3, 4, "unknown-anchor", "\"x\"");
}
END_TEST

START_TEST(the_last_of_two_keys_wins_in_the_place_of_the_first)
{
	struct node *root = parse("a: 1\nb: 2\na: 3\n");

	ck_assert_uint_eq(root->count, 2);
	ck_assert_str_eq(root->pairs[0].key->text, "a");
	ck_assert_str_eq(root->pairs[0].value->text, "3");
	expect(3, 1, "duplicate-key", "\"a\"");
	ck_assert_int_eq(found.list.items[0].severity, PIPE_WARNING);
	ck_assert_uint_eq(found.list.items[0].related.items[0].at.line, 1);
}
END_TEST

START_TEST(duplicates_are_found_in_large_maps_too)
{
	struct str s;
	struct node *root;

	str_init(&s);
	for (int i = 0; i < 3000; i++)
		str_printf(&s, "key%d: %d\n", i % 2999, i);
	root = parse(s.data);
	ck_assert_uint_eq(root->count, 2999);
	ck_assert_str_eq(node_get(root, "key0")->text, "2999");
	ck_assert_str_eq(node_get(root, "key2998")->text, "2998");
	expect(3000, 1, "duplicate-key", "\"key0\"");
	str_clear(&s);
}
END_TEST

static const char *keys_of(const struct node *map)
{
	char *text = arena_strdup(&arena, "");

	for (uint32_t i = 0; i < map->count; i++)
		text = arena_printf(&arena, "%s%s=%s ", text, map->pairs[i].key->text, map->pairs[i].value->text);
	return text;
}

START_TEST(merge_keys_give_way_to_own_keys_wherever_they_stand)
{
	struct node *root = parse_clean("x: &x {a: 1, b: 1, c: 1}\n"
					"y: &y {b: 2, d: 2}\n"
					"one: {a: 0, <<: *x, c: 0}\n"
					"two: {<<: [*y, *x], z: 0}\n"
					"three: {<<: *x, <<: *y}\n"
					"four: {'<<': *x}\n"
					"five: {<<: {q: 1}}\n"
					"six: {<<: []}\n");

	ck_assert_str_eq(keys_of(node_get(root, "one")), "a=0 b=1 c=0 ");
	ck_assert_str_eq(keys_of(node_get(root, "two")), "b=2 d=2 a=1 c=1 z=0 ");
	ck_assert_str_eq(keys_of(node_get(root, "three")), "a=1 b=2 c=1 d=2 ");
	ck_assert_uint_eq(node_get(root, "four")->count, 1);
	ck_assert_int_eq(node_get(node_get(root, "four"), "<<")->kind, NODE_MAP);
	ck_assert_str_eq(keys_of(node_get(root, "five")), "q=1 ");
	ck_assert_uint_eq(node_get(root, "six")->count, 0);
}
END_TEST

START_TEST(merging_what_is_no_map_is_refused)
{
	parse("a: 1\n<<: text\n");
	expect(2, 5, "merge-not-map", "this is text");
	tear_down();
	set_up();
	parse("<<: [{a: 1}, [2]]\n");
	expect(1, 14, "merge-not-map", "this is a list");
	ck_assert_str_eq(node_get(docs[0], "a")->text, "1");
}
END_TEST

START_TEST(keys_are_scalars)
{
	parse("[x]: 1\nb: 2\n");
	expect(1, 1, "key-not-scalar", "a list cannot be a key");
	ck_assert_str_eq(node_get(docs[0], "b")->text, "2");
	tear_down();
	set_up();
	parse("a: &x [1]\n? *x\n: 2\n");
	ck_assert_uint_eq(found.errors, 1);
}
END_TEST

/* ---- what is not YAML ---- */

START_TEST(syntax_errors_are_told_in_words)
{
	static const char s[] = "yaml-syntax";

	refuse("a:\n\t- b\n", 2, 1, s, "a tab");
	refuse("a: b: c\n", 1, 5, s, "no key can be");
	refuse("a: 'b\nc: d\n", 1, 4, s, "never closed");
	refuse("a: [b, c\n", 1, 4, s, "no closing \"]\"");
	refuse("a: {b: c\n", 1, 4, s, "no closing \"}\"");
	refuse("a: [b, c\nd: [e]\n", 2, 2, s, "is missing before this");
	refuse("a: 1\n b: 2\n", 2, 3, s, "no key can be");
	refuse("a:\n  b: 1\n c: 2\n", 3, 2, s, "does not belong to the map");
	refuse("a: \"x\" y\n", 1, 8, s, "the value has ended before this");
	refuse("a:\n  - 1\n  b: 2\n", 3, 3, s, "does not belong to the list");
	refuse("a: 1\njust text\nb: 2\n", 2, 1, s, "no \":\" follows");
	refuse("a: @b\n", 1, 4, s, "cannot begin with \"@\"");
	refuse("a: *.c\n", 1, 4, s, "name of an anchor");
	refuse("a: \"\\q\"\n", 1, 5, s, "no such escape");
	refuse("a: | text\n  b\n", 1, 6, s, "can follow \"|\"");
	refuse("a: - b\n", 1, 4, s, "list item cannot begin here");
	refuse("a\nb: c\n- d\n", 2, 2, s, "no key can be");
	refuse("- a\n-b\n- c\n", 2, 1, s, "list item");
	refuse("- a\nb: c\n", 2, 1, s, "does not belong to the list");
	refuse("a: !x!y z\n", 1, 4, s, "prefix of this tag");
	refuse("a: \x1b[0m\n", 1, 4, s, "U+001B");
	refuse("%YAML 3.0\n---\na: 1\n", 1, 1, s, "version of YAML");
}
END_TEST

START_TEST(an_unclosed_collection_names_where_it_began)
{
	ck_assert_int_eq(parse_bytes("a:\n  b: 1\n c: 2\n", 16, 1), -1);
	ck_assert_uint_eq(found.list.items[0].related.count, 1);
	ck_assert_uint_eq(found.list.items[0].related.items[0].at.line, 1);
	ck_assert_ptr_nonnull(found.list.items[0].hint);
}
END_TEST

START_TEST(what_is_no_text_is_refused_with_its_place)
{
	ck_assert_int_eq(parse_bytes("ab: c\nd\0: e\n", 12, 1), -1);
	expect(2, 2, "nul-byte", "NUL");
	refuse("a: b\nc: \xc3\xbc\xff\n", 2, 5, "not-utf8", "0xff");
	tear_down();
	set_up();
	ck_assert_int_eq(parse_bytes("\xff\xfe"
				     "a\0:\0",
				     6, 1),
			 -1);
	expect(1, 1, "not-utf8", "UTF-16");
	tear_down();
	set_up();
	ck_assert_int_eq(parse_bytes("a: \"x\\0y\"\n", 10, 1), 1);
	expect(1, 4, "nul-byte", "NUL");
	ck_assert_str_eq(node_get(docs[0], "a")->text, "x");
}
END_TEST

START_TEST(unknown_and_cyclic_aliases_are_refused)
{
	parse("base: &base 1\na: *bse\n");
	expect(2, 4, "unknown-anchor", "\"bse\"");
	ck_assert_str_eq(found.list.items[0].hint, "did you mean \"*base\"?");
	tear_down();
	set_up();
	parse("a: &x\n  b: [*x]\n");
	expect(2, 7, "cyclic-anchor", "\"x\"");
	ck_assert_uint_eq(found.list.items[0].related.items[0].at.line, 1);
}
END_TEST

/* ---- limits, in no time ---- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Parses a text made of `count` times `unit`; it must be refused for this reason, quickly. */
static void refuse_many(const char *before, const char *unit, size_t count, const char *code)
{
	size_t length = strlen(unit), first = strlen(before);
	char *text = malloc(first + length * count + 1);
	double start;

	ck_assert_ptr_nonnull(text);
	memcpy(text, before, first);
	for (size_t i = 0; i < count; i++)
		memcpy(text + first + i * length, unit, length);
	text[first + length * count] = '\0';
	tear_down();
	set_up();
	start = seconds();
	ck_assert_int_eq(parse_bytes(text, first + length * count, 1), -1);
	ck_assert_double_lt(seconds() - start, 1.0);
	ck_assert_uint_eq(found.list.count, 1);
	ck_assert_str_eq(found.list.items[0].code, code);
	ck_assert_uint_gt(found.list.items[0].at.line, 0);
	free(text);
}

START_TEST(hostile_texts_are_refused_at_once)
{
	refuse_many("", "[", 10000, "nesting-too-deep");
	refuse_many("", "[", 10000000, "nesting-too-deep");
	refuse_many("", "{a: ", 10000, "nesting-too-deep");
	refuse_many("", "- ", 10000, "nesting-too-deep");
	refuse_many("", "? ", 100000, "nesting-too-deep");
	refuse_many("", "[\n", 100000, "nesting-too-deep");
	refuse_many("", "x", 17 << 20, "file-too-large");
	refuse_many("", "%TAG !a! b\n", 1000000, "too-many-directives");
	refuse_many("a: ", "\"", 3000001, "yaml-syntax");
}
END_TEST

START_TEST(alias_bombs_are_counted_where_they_go_off)
{
	refuse("a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	       "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
	       "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
	       "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
	       "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
	       "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n"
	       "g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n",
	       7, 16, "too-many-nodes", "4000000");
	tear_down();
	set_up();
	limits.nodes = 5;
	ck_assert_int_eq(parse_bytes("[a, b, c, d, e]", 15, 1), -1);
	expect(1, 14, "too-many-nodes", "5");
}
END_TEST

START_TEST(aliases_cannot_nest_deeper_than_the_limit)
{
	struct str s;

	str_init(&s);
	str_adds(&s, "a0: &a0 [x]\n");
	for (int i = 1; i < 120; i++)
		str_printf(&s, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	ck_assert_int_eq(parse_bytes(s.data, s.length, 1), -1);
	expect(100, 12, "nesting-too-deep", "100");
	str_clear(&s);
}
END_TEST

START_TEST(the_depth_limit_is_exact)
{
	char text[300];

	for (int depth = 100; depth <= 101; depth++) {
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		ck_assert_int_eq(parse_bytes(text, 2 * (size_t)depth, 1), depth == 100 ? 1 : -1);
	}
	expect(1, 101, "nesting-too-deep", "100");
}
END_TEST

/* ---- scalars ---- */

static const struct {
	const char *text;
	enum scalar_type type;
	const char *value;
} scalars[] = {
	{ "", SCALAR_NULL, "" },
	{ "~", SCALAR_NULL, "" },
	{ "Null", SCALAR_NULL, "" },
	{ "yes", SCALAR_BOOL, "yes" },
	{ "On", SCALAR_BOOL, "On" },
	{ "TRUE", SCALAR_BOOL, "TRUE" },
	{ "off", SCALAR_BOOL, "off" },
	{ "y", SCALAR_TEXT, "y" },
	{ "yesterday", SCALAR_TEXT, "yesterday" },
	{ "0", SCALAR_INT, "0" },
	{ "42", SCALAR_INT, "42" },
	{ "-7", SCALAR_INT, "-7" },
	{ "-0", SCALAR_INT, "0" },
	{ "+7", SCALAR_INT, "7" },
	{ "010", SCALAR_INT, "8" },
	{ "0o17", SCALAR_INT, "15" },
	{ "0x1F", SCALAR_INT, "31" },
	{ "0b101", SCALAR_INT, "5" },
	{ "1_000", SCALAR_INT, "1000" },
	{ "08", SCALAR_TEXT, "08" },
	{ "0x", SCALAR_TEXT, "0x" },
	{ "-x", SCALAR_TEXT, "-x" },
	{ "_1", SCALAR_TEXT, "_1" },
	{ "9223372036854775807", SCALAR_INT, "9223372036854775807" },
	{ "9223372036854775808", SCALAR_INT, "9223372036854775808" },
	{ "-9223372036854775808", SCALAR_INT, "-9223372036854775808" },
	{ "1.50", SCALAR_FLOAT, "1.5" },
	{ "1.0", SCALAR_FLOAT, "1.0" },
	{ "1.", SCALAR_FLOAT, "1.0" },
	{ ".5", SCALAR_FLOAT, "0.5" },
	{ "-0.250", SCALAR_FLOAT, "-0.25" },
	{ "0.0", SCALAR_FLOAT, "0.0" },
	{ "00.05", SCALAR_FLOAT, "0.05" },
	{ "10.10", SCALAR_FLOAT, "10.1" },
	{ "1e3", SCALAR_FLOAT, "1000" },
	{ "1.5e3", SCALAR_FLOAT, "1500" },
	{ "15e-1", SCALAR_FLOAT, "1.5" },
	{ "5e-3", SCALAR_FLOAT, "0.005" },
	{ "0.05e2", SCALAR_FLOAT, "5" },
	{ "1_0.5", SCALAR_FLOAT, "10.5" },
	{ "12345e99", SCALAR_FLOAT, "12345e99" },
	{ "1e-99", SCALAR_FLOAT, "1e-99" },
	{ ".inf", SCALAR_FLOAT, ".inf" },
	{ ".NaN", SCALAR_FLOAT, ".NaN" },
	{ ".", SCALAR_TEXT, "." },
	{ "1.2.3", SCALAR_TEXT, "1.2.3" },
	{ "1e", SCALAR_TEXT, "1e" },
	{ "2024-01-31", SCALAR_TEXT, "2024-01-31" },
	{ "12:30", SCALAR_TEXT, "12:30" },
	{ "'42'", SCALAR_TEXT, "42" },
	{ "!!str 010", SCALAR_TEXT, "010" },
	{ "\"yes\"", SCALAR_TEXT, "yes" },
};

START_TEST(scalars_are_typed_as_yaml_1_1)
{
	char *text = arena_printf(&arena, "k: %s\n", scalars[_i].text);
	struct node *n = node_get(parse_clean(text), "k");

	ck_assert_int_eq(node_type(n), scalars[_i].type);
	ck_assert_str_eq(node_value(n, &arena), scalars[_i].value);
	ck_assert(node_is_null(n) == (scalars[_i].type == SCALAR_NULL));
}
END_TEST

START_TEST(values_are_taken_where_they_fit)
{
	struct node *root = parse_clean("t: YES\nn: off\ni: 0x10\nbig: 99999999999999999999\nq: '1'\nl: []\nf: 1.5\n");
	int64_t i = 0;
	bool b = false;

	ck_assert(node_bool(node_get(root, "t"), &b) && b);
	ck_assert(node_bool(node_get(root, "n"), &b) && !b);
	ck_assert(!node_bool(node_get(root, "i"), &b));
	ck_assert(!node_bool(NULL, &b));
	ck_assert(node_int(node_get(root, "i"), &i));
	ck_assert_int_eq(i, 16);
	ck_assert(!node_int(node_get(root, "big"), &i));
	ck_assert(!node_int(node_get(root, "q"), &i));
	ck_assert(!node_int(node_get(root, "l"), &i));
	ck_assert(node_equals(node_get(root, "q"), "1"));
	ck_assert(!node_equals(node_get(root, "l"), ""));
	ck_assert(node_is_text(node_get(root, "q")));
	ck_assert(!node_is_text(node_get(root, "l")));
	ck_assert_str_eq(node_describe(node_get(root, "l")), "a list");
	ck_assert_str_eq(node_describe(root), "a map");
	ck_assert_str_eq(node_describe(node_get(root, "f")), "a number");
	ck_assert_str_eq(node_describe(node_get(root, "t")), "true or false");
	ck_assert_str_eq(node_describe(node_get(root, "q")), "text");
	ck_assert_str_eq(node_describe(NULL), "nothing");
}
END_TEST

/* ---- making and merging ---- */

static struct node *text_node(const char *text)
{
	return node_scalar(&arena, MARK_NONE, text, strlen(text));
}

START_TEST(maps_grow_and_replace)
{
	struct node *map = node_map(&arena, MARK_NONE, 2);

	for (int i = 0; i < 100; i++)
		ck_assert(node_set(map, &arena, text_node(arena_printf(&arena, "k%d", i % 50)),
				   text_node(arena_printf(&arena, "%d", i))));
	ck_assert_uint_eq(map->count, 50);
	ck_assert_str_eq(node_get(map, "k7")->text, "57");
	ck_assert(node_add(map, &arena, text_node("new"), text_node("x")));
	ck_assert_str_eq(map->pairs[50].key->text, "new");
	map = parse_clean("{a: 1}");
	ck_assert(node_set(map, &arena, text_node("b"), text_node("2")));
	ck_assert_str_eq(keys_of(map), "a=1 b=2 ");
}
END_TEST

START_TEST(merge_is_deep_for_maps_and_replaces_the_rest)
{
	struct node *root = parse_clean("under: {a: 1, m: {x: 1, y: 1}, l: [1, 2]}\nover: {m: {y: 2, z: 2}, l: [3], b: 2}\n");
	struct node *under = node_get(root, "under"), *over = node_get(root, "over"), *both = node_merge(&arena, under, over);

	ck_assert_str_eq(both->pairs[0].key->text, "a");
	ck_assert_str_eq(both->pairs[3].key->text, "b");
	ck_assert_str_eq(keys_of(node_get(both, "m")), "x=1 y=2 z=2 ");
	ck_assert_uint_eq(node_get(both, "l")->count, 1);
	ck_assert_ptr_eq(node_get(both, "l"), node_get(over, "l"));
	ck_assert_uint_eq(under->count, 3);
	ck_assert_uint_eq(node_get(under, "m")->count, 2);
	ck_assert_ptr_eq(node_merge(&arena, NULL, over), over);
	ck_assert_ptr_eq(node_merge(&arena, under, NULL), under);
	ck_assert_ptr_eq(node_merge(&arena, under, node_get(over, "l")), node_get(over, "l"));
	ck_assert_ptr_eq(node_merge(&arena, under, node_map(&arena, MARK_NONE, 0)), under);
}
END_TEST

START_TEST(merging_large_maps_is_not_quadratic)
{
	struct node *under = node_map(&arena, MARK_NONE, 100), *over = node_map(&arena, MARK_NONE, 100), *both;
	double start;

	for (int i = 0; i < 60000; i++) {
		ck_assert(node_add(under, &arena, text_node(arena_printf(&arena, "u%d", i)), text_node("1")));
		ck_assert(node_add(over, &arena, text_node(arena_printf(&arena, "%c%d", i % 2 ? 'u' : 'o', i)), text_node("2")));
	}
	start = seconds();
	both = node_merge(&arena, under, over);
	ck_assert_double_lt(seconds() - start, 1.0);
	ck_assert_uint_eq(both->count, 90000);
	ck_assert_str_eq(both->pairs[1].value->text, "2");
	ck_assert_str_eq(both->pairs[2].value->text, "1");
}
END_TEST

/* ---- writing ---- */

static bool same(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->count != b->count || (a->tag == TAG_REFERENCE) != (b->tag == TAG_REFERENCE))
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (a->kind == NODE_LIST && !same(a->items[i], b->items[i]))
			return false;
		else if (a->kind == NODE_MAP &&
			 !(same(a->pairs[i].key, b->pairs[i].key) && same(a->pairs[i].value, b->pairs[i].value)))
			return false;
	return a->kind != NODE_SCALAR || (!memcmp(a->text, b->text, a->count) && node_type(a) == node_type(b));
}

static const char *const round_trips[] = {
	"a: 1\nb: '1'\nc: \"true\"\nd: true\ne: ~\nf: null\ng: \"null\"\nh: 1.5\ni: '1.5'\n",
	"[]",
	"{}",
	"text",
	"'- x'",
	"[[], {}, [[a]], [{a: [{b: c}]}]]",
	"a: \"x: y\"\nb: 'x #y'\nc: '#x'\nd: 'x:'\ne: ' x'\nf: 'x '\ng: '@x'\nh: '%x'\ni: '!x'\nj: '&x'\nk: '*x'\nl: '| x'\n",
	"a: |\n  one\n  two\nb: |-\n  one\n  two\nc: |+\n  one\n\n\nd: \"\\n\"\ne: \"a\\n\"\nf: \"\\n\\na\"\ng: \" a\\nb\"\nh: \"\\tx\\ny\"\n",
	"a: \"a\\n  b\\n\\n c  \\n\"\nb: \"a\\r\\nb\"\nc: \"\\x1b[0m\\n\"\nd: \"\\u2028\\n\"\ne: \"a\\n\\tb\"\nf: \"a\\n \"\ng: \"a\\n\\n \\n\"\n",
	"a: \"\\x85\\xa0\\ufeff\\ufffe\\U0001F600\"\nb: \"\\\"\\\\\\t\"\nc: gr\xc3\xbc\xc3\x9f\n",
	"? \"multi\\nline\"\n: 1\n'': 2\n'a: b': 3\n'<<': 4\n'=': 5\n'---': 6\n'...': 7\n'1': 8\n1: 9\n",
	"a: !reference [x, y]\nb: [!reference [x], {c: !reference [q]}]\n",
	"- - a\n  - b\n- - - c\n- d: |\n    x\n    y\n  e: f\n",
	"a: plain\n  over\n\n  lines\n",
	"a: '2024-01-01'\nb: 12:30\nc: 0x1f\nd: '-'\n",
};

START_TEST(what_is_written_reads_back_the_same)
{
	const char *text = round_trips[_i];
	struct node *first, *second;
	struct str s;

	first = parse(text);
	found.list.count = found.warnings = 0;
	str_init(&s);
	node_write(first, NULL, &s);
	second = parse_clean(s.data);
	ck_assert_msg(same(first, second), "%s\nbecame\n%s", text, s.data);
	str_clear(&s);
}
END_TEST

START_TEST(long_keys_are_written_so_that_they_can_be_read)
{
	struct node *map = node_map(&arena, MARK_NONE, 1), *outer = node_list(&arena, MARK_NONE, 1), *again;
	char key[3001];
	struct str s;

	memset(key, 'k', 3000);
	key[3000] = '\0';
	node_set(map, &arena, text_node(key), text_node("v"));
	outer->items[0] = map;
	str_init(&s);
	node_write(outer, NULL, &s);
	again = parse_clean(s.data);
	ck_assert(same(outer, again));
	str_clear(&s);
}
END_TEST

START_TEST(places_stand_behind_the_keys_of_two_levels)
{
	struct node *root = parse_clean("job:\n  stage: test\n  script: |\n    a\n    b\n  variables: {A: b}\n");
	struct str s;

	str_init(&s);
	node_write(root, &sources, &s);
	ck_assert_str_eq(s.data, "job:  # test.yml:1\n"
				 "  stage: test  # test.yml:2\n"
				 "  script: |  # test.yml:3\n"
				 "    a\n"
				 "    b\n"
				 "  variables:  # test.yml:6\n"
				 "    A: b\n");
	ck_assert(same(root, parse_clean(s.data)));
	str_clear(&s);
}
END_TEST

Suite *document_suite(void)
{
	Suite *s = suite_create("document");
	TCase *t = tcase_create("document");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nodes_remember_their_places);
	tcase_add_test(t, columns_are_characters);
	tcase_add_test(t, documents_are_counted);
	tcase_add_test(t, byte_order_mark_is_skipped);
	tcase_add_test(t, tags_are_known);
	tcase_add_test(t, an_alias_is_the_same_node);
	tcase_add_test(t, an_alias_can_be_a_key_and_an_anchor_can_be_set_again);
	tcase_add_test(t, anchors_end_with_their_document);
	tcase_add_test(t, the_last_of_two_keys_wins_in_the_place_of_the_first);
	tcase_add_test(t, duplicates_are_found_in_large_maps_too);
	tcase_add_test(t, merge_keys_give_way_to_own_keys_wherever_they_stand);
	tcase_add_test(t, merging_what_is_no_map_is_refused);
	tcase_add_test(t, keys_are_scalars);
	tcase_add_test(t, syntax_errors_are_told_in_words);
	tcase_add_test(t, an_unclosed_collection_names_where_it_began);
	tcase_add_test(t, what_is_no_text_is_refused_with_its_place);
	tcase_add_test(t, unknown_and_cyclic_aliases_are_refused);
	tcase_add_test(t, hostile_texts_are_refused_at_once);
	tcase_add_test(t, alias_bombs_are_counted_where_they_go_off);
	tcase_add_test(t, aliases_cannot_nest_deeper_than_the_limit);
	tcase_add_test(t, the_depth_limit_is_exact);
	tcase_add_loop_test(t, scalars_are_typed_as_yaml_1_1, 0, (int)(sizeof(scalars) / sizeof(*scalars)));
	tcase_add_test(t, values_are_taken_where_they_fit);
	tcase_add_test(t, maps_grow_and_replace);
	tcase_add_test(t, merge_is_deep_for_maps_and_replaces_the_rest);
	tcase_add_test(t, merging_large_maps_is_not_quadratic);
	tcase_add_loop_test(t, what_is_written_reads_back_the_same, 0, (int)(sizeof(round_trips) / sizeof(*round_trips)));
	tcase_add_test(t, long_keys_are_written_so_that_they_can_be_read);
	tcase_add_test(t, places_stand_behind_the_keys_of_two_levels);
	suite_add_tcase(s, t);
	return s;
}
