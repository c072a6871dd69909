/* `spec:inputs` and interpolation. */
#include "tests/unit/load_fixture.h"

Suite *inputs_suite(void);

#define END                                                                                                                      \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}
#define TABLE(...) ((const struct fixture_file[]){ __VA_ARGS__, END })
/* A file with a header, included with inputs. */
#define WITH(given, spec, content)                                                                                               \
	TABLE({ "ci.yml", "include:\n- local: t.yml\n  inputs: " given "\n" },                                                   \
	      { "t.yml", "spec:\n  inputs: " spec "\n---\n" content })

/* The value of a key with inputs of the command line, or what was said. */
static const char *given(const struct fixture_file *files, const char *const *inputs, const char *key)
{
	static char text[512];
	struct fixture f;

	fixture_init(&f, files);
	f.options.inputs = inputs;
	fixture_load(&f);
	snprintf(text, sizeof(text), "%s", f.rc ? fixture_said(&f) : fixture_show(&f, key));
	fixture_clear(&f);
	return text;
}
#define GIVEN(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(text_goes_into_keys_and_values)
{
	expect_value(WITH("{env: prod, n: 3}", "{env: , n: {type: number}}",
			  "deploy-$[[ inputs.env ]]:\n  script: [\"go $[[inputs.env]] $[[   inputs.n ]]x\"]\n"),
		     "deploy-prod", "{script: ['go prod 3x']}");
	expect_value(
		WITH("{a: x}", "{a: }", "j $[[ inputs.a ]] $[[ inputs.a ]]: {script: [\"$[[ inputs.a ]]$[[ inputs.a ]]\"]}\n"),
		"j x x", "{script: ['xx']}");
}
END_TEST

START_TEST(a_whole_value_keeps_its_type)
{
	expect_value(WITH("{flag: true, n: 2, l: [a, b], s: text}",
			  "{flag: {type: boolean}, n: {type: number}, l: {type: array}, s: {type: string}}",
			  "j:\n  script: $[[ inputs.l ]]\n  allow_failure: $[[ inputs.flag ]]\n  parallel: $[[ inputs.n ]]\n"
			  "  image: $[[ inputs.s ]]\n"),
		     "j", "{script: [a, b], allow_failure: true, parallel: 2, image: 'text'}");
}
END_TEST

START_TEST(a_text_that_looks_like_something_else_stays_text)
{
	expect_value(
		WITH("{v: '1.50'}", "{v: }", "j: {script: [x], variables: {V: \"$[[ inputs.v ]]\", W: \"$[[ inputs.v ]]\"}}\n"),
		"j", "{script: [x], variables: {V: '1.50', W: '1.50'}}");
	expect_value(WITH("{v: 'a: [b'}", "{v: }", "j: {script: [\"$[[ inputs.v ]]\"]}\n"), "j", "{script: ['a: [b']}");
}
END_TEST

START_TEST(what_an_input_brings_is_not_looked_at_again)
{
	ck_assert_str_eq(given(TABLE({ "ci.yml", "spec: {inputs: {a: , b: {default: secret}}}\n---\n"
						 "j: {script: [\"<$[[ inputs.a ]]>\"]}\n" }),
			       GIVEN("a=$[[ inputs.b ]]"), "j"),
			 "{script: ['<$[[ inputs.b ]]>']}");
}
END_TEST

START_TEST(an_array_in_text_is_json)
{
	expect_value(
		WITH("{l: [x, 1, true, ~, {k: 'a\"b'}, '2']}", "{l: {type: array}}", "j: {script: ['echo $[[ inputs.l ]]']}\n"),
		"j", "{script: ['echo [\"x\",1,true,null,{\"k\":\"a\\\"b\"},\"2\"]']}");
}
END_TEST

START_TEST(defaults_and_null)
{
	expect_value(WITH("{}", "{a: {default: x}, b: {default: ~}, n: {type: number, default: 1}}",
			  "j: {script: [\"$[[ inputs.a ]]$[[ inputs.b ]]$[[ inputs.n ]]\"]}\n"),
		     "j", "{script: ['x1']}");
}
END_TEST

START_TEST(matrix_blocks_are_the_plans)
{
	expect_value(
		WITH("{a: x}", "{a: }",
		     "j: {script: [x], needs: [{job: k, parallel: {matrix: [{A: ['$[[ matrix.A ]]'], B: [\"$[[ inputs.a ]]-$[[ "
		     "matrix.B ]]\"]}]}}]}\nk: {script: [x], parallel: {matrix: [{A: [a], B: [b]}]}}\n"),
		"j",
		"{script: [x], needs: [{job: k, parallel: {matrix: [{A: ['$[[ matrix.A ]]'], B: ['x-$[[ matrix.B ]]']}]}}]}");
}
END_TEST

START_TEST(functions_work_from_left_to_right)
{
	struct fixture f;

	fixture_init(&f,
		     WITH("{t: 'test $MY'}", "{t: }", "j: {script: [\"echo $[[ inputs.t | expand_vars | truncate(5,8) ]]\"]}\n"));
	fixture_variable(&f, "MY", "my value and more");
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "j"), "{script: ['echo my value']}");
	fixture_clear(&f);
	expect_value(WITH("{t: \"it's a $x\\né\"}", "{t: }", "j: {script: [\"echo $[[ inputs.t | posix_escape ]]\"]}\n"), "j",
		     "{script: ['echo it\\'s\\ a\\ \\$x'\n'\\é']}");
	expect_value(WITH("{t: ''}", "{t: }", "j: {script: [\"echo $[[ inputs.t | posix_escape ]]\"]}\n"), "j",
		     "{script: ['echo ''']}");
	expect_value(WITH("{t: äöü}", "{t: }", "j: {script: [\"$[[ inputs.t | truncate(1, 1) ]]\"]}\n"), "j", "{script: ['ö']}");
	expect_value(WITH("{t: abc}", "{t: }", "j: {script: [\"<$[[ inputs.t | truncate(5,8) ]]>\"]}\n"), "j",
		     "{script: ['<>']}");
}
END_TEST

START_TEST(masked_variables_are_not_expanded)
{
	struct fixture f;
	struct variable secret = { .name = "SECRET", .value = "s3cr3t", .masked = true };

	fixture_init(&f, WITH("{t: '$SECRET'}", "{t: }", "j: {script: [\"$[[ inputs.t | expand_vars ]]\"]}\n"));
	ck_assert(variables_set(&f.variables, &f.arena, secret));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), "t.yml:4:15: interpolation: expand_vars cannot use a masked variable");
	fixture_clear(&f);
}
END_TEST

START_TEST(wrong_blocks_are_refused)
{
	expect_said(WITH("{}", "{baz: {default: x}}", "j: {script: [\"echo $[[ inputs.bar ]]\"]}\n"),
		    "t.yml:4:20: interpolation: the header declares no input \"bar\" (did you mean \"baz\"?)");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ input.a ]]\"]}\n"),
		    "t.yml:4:15: interpolation: what stands in $[[ ]] is no input (write $[[ inputs.NAME ]])");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ inputs.a | trunc(1,2) ]]\"]}\n"),
		    "t.yml:4:15: interpolation: there is no function \"trunc\"");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ inputs.a | expand_var ]]\"]}\n"),
		    "t.yml:4:15: interpolation: there is no function \"expand_var\" (did you mean \"expand_vars\"?)");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ inputs.a | truncate(x) ]]\"]}\n"),
		    "t.yml:4:15: interpolation: truncate takes an offset and a length: truncate(0,8)");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ inputs.a | expand_vars(1) ]]\"]}\n"),
		    "t.yml:4:15: interpolation: expand_vars takes no argument");
	expect_said(WITH("{}", "{a: {type: number, default: 1}}", "j: {script: [\"$[[ inputs.a | expand_vars ]]\"]}\n"),
		    "t.yml:4:15: interpolation: functions are for inputs of type string");
	expect_said(WITH("{}", "{a: {default: x}}",
			 "j: {script: [\"$[[ inputs.a | expand_vars | expand_vars | expand_vars | expand_vars ]]\"]}\n"),
		    "t.yml:4:15: interpolation: a block takes at most 3 functions");
	expect_said(WITH("{}", "{a: {default: x}}", "j: {script: [\"$[[ component.name ]]\"]}\n"),
		    "t.yml:4:15: interpolation: this file was not included as a component");
}
END_TEST

START_TEST(components_know_themselves)
{
	expect_value(TABLE({ "ci.yml", "include: {component: h/g/p/c@1.2}\n" },
			   { "h/g/p@1.2:templates/c.yml",
			     "spec: {component: [name, sha]}\n---\nj: {script: [\"$[[ component.name ]] $[[ "
			     "component.sha ]] $[[ component.version ]]\"]}\n" }),
		     "j", "{script: ['comp abc123 1.2']}");
}
END_TEST

/* ---- values ---- */

START_TEST(values_are_checked_where_they_are_given)
{
	expect_said(
		WITH("{a: 1}", "{a: }", "j: {script: [x]}\n"),
		"ci.yml:3:15: input-type: the value of the input \"a\" is a number where text is wanted (put it in quotes, or "
		"declare type: number)");
	expect_said(WITH("{a: '1'}", "{a: {type: number}}", "j: {script: [x]}\n"),
		    "ci.yml:3:15: input-type: the value of the input \"a\" is text where a number is wanted (write it without "
		    "quotes)");
	expect_said(WITH("{a: 'true'}", "{a: {type: boolean}}", "j: {script: [x]}\n"),
		    "ci.yml:3:15: input-type: the value of the input \"a\" is text where true or false is wanted (write it "
		    "without quotes)");
	expect_said(WITH("{a: x}", "{a: {type: array}}", "j: {script: [x]}\n"),
		    "ci.yml:3:15: input-type: the value of the input \"a\" is text where a list is wanted");
}
END_TEST

START_TEST(options_and_patterns)
{
	expect_value(WITH("{a: web}", "{a: {options: [web, db]}}", "j: {script: [\"$[[ inputs.a ]]\"]}\n"), "j",
		     "{script: ['web']}");
	expect_value(WITH("{a: [db]}", "{a: {type: array, options: [web, db]}}", "j:\n  script: $[[ inputs.a ]]\n"), "j",
		     "{script: [db]}");
	expect_said(
		WITH("{a: fizz}", "{a: {options: [web, db]}}", "j: {script: [x]}\n"),
		"ci.yml:3:15: input-option: the value of the input \"a\" is none of its options (the options are \"web\", \"db\")");
	expect_said(
		WITH("{a: [db, fizz]}", "{a: {type: array, options: [web, db]}}", "j: {script: [x]}\n"),
		"ci.yml:3:20: input-option: the value of the input \"a\" is none of its options (the options are \"web\", \"db\")");
	expect_value(WITH("{a: v1.2}", "{a: {regex: '^v\\d+\\.\\d+$'}}", "j: {script: [\"$[[ inputs.a ]]\"]}\n"), "j",
		     "{script: ['v1.2']}");
	expect_said(WITH("{a: x1.2}", "{a: {regex: '^v\\d+$'}}", "j: {script: [x]}\n"),
		    "ci.yml:3:15: input-pattern: the value of the input \"a\" does not match ^v\\d+$");
}
END_TEST

START_TEST(a_broken_pattern_is_refused)
{
	struct fixture f;

	fixture_init(&f, WITH("{a: x}", "{a: {regex: '^[unclosed'}}", "j: {script: [x]}\n"));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(fixture_said(&f), "t.yml:2:23: input-spec: \"regex\" of the input \"a\" is no pattern"));
	fixture_clear(&f);
}
END_TEST

START_TEST(all_wrong_values_are_named_at_once)
{
	expect_said(
		WITH("{n: abc, env: dev, zzz: 1}", "{n: {type: number}, env: {options: [prod]}, name: }", "j: {script: [x]}\n"),
		"ci.yml:3:15: input-type: the value of the input \"n\" is text where a number is wanted (write it without quotes)\n"
		"ci.yml:3:25: input-option: the value of the input \"env\" is none of its options (the options are \"prod\")\n"
		"ci.yml:3:30: input-unknown: the file declares no input \"zzz\"");
}
END_TEST

START_TEST(missing_and_unknown_inputs)
{
	expect_said(
		WITH("{}", "{name: }", "j: {script: [\"$[[ inputs.name ]]\"]}\n"),
		"ci.yml:3:11: input-missing: the input \"name\" has no value (give it with the include: inputs: {name: ...})");
	expect_said(
		TABLE({ "ci.yml", "include: t.yml\n" }, { "t.yml", "spec: {inputs: {name: {}}}\n---\nj: {script: [x]}\n" }),
		"ci.yml:1:10: input-missing: the input \"name\" has no value (give it with the include: inputs: {name: ...})");
	expect_said(WITH("{nmae: x}", "{name: {default: y}}", "j: {script: [x]}\n"),
		    "ci.yml:3:12: input-unknown: the file declares no input \"nmae\" (did you mean \"name\"?)");
	expect_said(TABLE({ "ci.yml", "include: {local: t.yml, inputs: {a: b}}\n" }, { "t.yml", "j: {script: [x]}\n" }),
		    "ci.yml:1:33: inputs-without-spec: inputs are given to a file that declares none (a file that takes inputs "
		    "begins with a header: spec: inputs: ..., then a line ---)");
}
END_TEST

START_TEST(all_faults_of_a_header_are_said)
{
	expect_said(
		WITH("{}", "{a: {type: foo}, b: {typ: string}, c: 1, d: {default: 1}, e: {options: x}}", "j: {script: [x]}\n"),
		"t.yml:2:22: input-spec: the input \"a\" has a type that does not exist (the types are string, number, boolean "
		"and array)\n"
		"t.yml:2:32: input-spec: \"typ\" means nothing in the declaration of an input (did you mean \"type\"?)\n"
		"t.yml:2:49: input-spec: the declaration of an input is a map, not a number (write c: {default: ...}, or c: with "
		"nothing behind it)\n"
		"t.yml:2:65: input-type: the default of the input \"d\" is a number where text is wanted (put it in quotes, or "
		"declare type: number)\n"
		"t.yml:2:82: input-spec: \"options\" of the input \"e\" is a list of values, not text");
}
END_TEST

START_TEST(a_header_is_a_document_of_its_own)
{
	expect_said(TABLE({ "ci.yml", "spec: {inputs: {a: {default: b}}}\nj: {script: [x]}\n" }),
		    "ci.yml:1:1: spec-header: \"spec\" stands in a header of its own, in front of the rest of the file (end the "
		    "header with a line ---)");
	expect_said(
		TABLE({ "ci.yml", "spec: {inputs: {a: {default: b}}}\nx: y\n---\nj: {script: [x]}\n" }),
		"ci.yml:2:1: input-spec: the header may hold nothing but \"spec\" (end the header with a line --- in front of "
		"\"x\")");
	expect_said(TABLE({ "ci.yml", "spec: {input: {}}\n---\nj: {script: [x]}\n" }),
		    "ci.yml:1:8: input-spec: \"input\" means nothing in \"spec\" (did you mean \"inputs\"?)");
}
END_TEST

START_TEST(blocks_without_a_header_are_warned_of)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "j: {script: [\"echo $[[ inputs.x ]]\"]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_said(&f),
			 "ci.yml:1:20: warning interpolation-without-spec: this stays as it is written: the file "
			 "declares no inputs (begin the file with a header: spec: inputs: ..., then a line ---)");
	ck_assert_str_eq(fixture_show(&f, "j"), "{script: ['echo $[[ inputs.x ]]']}");
	fixture_clear(&f);
}
END_TEST

/* ---- the command line ---- */

#define ENTRY                                                                                                                    \
	"spec:\n  inputs: {env: {default: dev}, n: {type: number, default: 1}, l: {type: array, default: []}}\n---\n"            \
	"j: {script: [\"$[[ inputs.env ]]\", \"n $[[ inputs.n ]]\", \"$[[ inputs.l ]]\"]}\n"

START_TEST(the_command_line_gives_values_by_type)
{
	ck_assert_str_eq(given(TABLE({ "ci.yml", ENTRY }), GIVEN("env=5", "n=5", "l=[a, b]"), "j"),
			 "{script: ['5', 'n 5', [a, b]]}");
	ck_assert_str_eq(given(TABLE({ "ci.yml", ENTRY }), GIVEN("env=a=b", "env=c=d"), "j"), "{script: ['c=d', 'n 1', []]}");
	ck_assert_str_eq(given(TABLE({ "ci.yml", ENTRY }), GIVEN("n=five"), "j"),
			 "--input n:1:1: input-type: the value of the input \"n\" is text where a number is wanted (write it "
			 "without quotes)");
	ck_assert_str_eq(given(TABLE({ "ci.yml", ENTRY }), GIVEN("evn=x"), "j"),
			 "ci.yml:0:0: input-unknown: the pipeline has no input \"evn\" (did you mean \"env\"?)");
	ck_assert_str_eq(given(TABLE({ "ci.yml", ENTRY }), GIVEN("env"), "j"),
			 "ci.yml:0:0: input-value: the input \"env\" is not of the form NAME=VALUE");
}
END_TEST

START_TEST(declarations_come_from_files_of_their_own)
{
#define INCLUDING(spec, use, file)                                                                                               \
	TABLE({ "ci.yml", "spec:\n" spec "---\nj: {script: [\"" use "\"]}\n" }, { "a.yml", file },                               \
	      { "b.yml", "inputs: {n: {default: b}, e: {default: eb}}\n" }, { "ci/c.yml", "inputs:\n" })
	expect_value(INCLUDING("  include: a.yml\n", "$[[ inputs.n ]]", "inputs: {n: {default: a}}\n"), "j", "{script: ['a']}");
	expect_value(
		INCLUDING(
			"  include: [{local: /a.yml}, {local: b.yml}, ci/*.yml]\n  inputs: {e: {default: own}, n2: {default: x}}\n",
			"$[[ inputs.n ]] $[[ inputs.e ]] $[[ inputs.n2 ]]", "inputs: {n: {default: a}}\n"),
		"j", "{script: ['b own x']}");
	/* A declaration is whole: the options of the other file are not those of this one. */
	expect_value(INCLUDING("  include: a.yml\n  inputs: {n: {default: z}}\n", "$[[ inputs.n ]]",
			       "inputs: {n: {default: a, options: [a, b]}}\n"),
		     "j", "{script: ['z']}");
	ck_assert_str_eq(
		given(INCLUDING("  include: a.yml\n", "$[[ inputs.n ]]", "inputs: {n: {type: number}}\n"), GIVEN("n=5"), "j"),
		"{script: [5]}");
	expect_value(TABLE({ "ci.yml", "include: {local: t.yml, inputs: {n: given}}\n" },
			   { "t.yml", "spec: {include: a.yml}\n---\nj: {script: [\"$[[ inputs.n ]]\"]}\n" },
			   { "a.yml", "inputs: {n: }\n" }),
		     "j", "{script: ['given']}");
}
END_TEST

START_TEST(files_of_declarations_that_are_none)
{
	static const char *const cases[][2] = {
		{ "j: {script: [x]}\n", "1:1: input-spec: a file of inputs declares inputs only" },
		{ "- n\n", "1:1: input-spec: this file of inputs is not a map" },
		{ "", "1:1: input-spec: this file of inputs is empty" },
		{ "inputs: [n]\n", "1:9: input-spec: \"inputs\" is a map of inputs" },
		{ "spec: {inputs: {n: }}\n---\n{}\n", "1:1: input-spec: a file of inputs has no header" },
	};
	char said[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(said, sizeof(said), "a.yml:%s (such a file is a map with \"inputs\" in it and nothing else)",
			 cases[i][1]);
		expect_said(INCLUDING("  include: a.yml\n", "x", cases[i][0]), said);
	}
	expect_said(
		INCLUDING("  include: a.yml\n", "x", "inputs: {n: {type: strnig}}\n"),
		"a.yml:1:20: input-spec: the input \"n\" has a type that does not exist (the types are string, number, boolean and array)");
	expect_said(
		INCLUDING("  include: {local: a.yml, rules: [{if: $X}]}\n", "x", "inputs:\n"),
		"ci.yml:2:12: input-spec: a header includes files of inputs, without rules and without values for them (it takes local, remote with integrity, and project with file and ref)");
	expect_said(
		INCLUDING("  include: {component: h/g/p/c@1}\n", "x", "inputs:\n"),
		"ci.yml:2:12: input-spec: a header includes files of inputs, without rules and without values for them (it takes local, remote with integrity, and project with file and ref)");
	expect_said(INCLUDING("  include: ci.yml\n", "x", "inputs:\n"),
		    "ci.yml:2:12: include-circle: \"include\" goes round in a circle: ci.yml -> ci.yml");
#undef INCLUDING
}
END_TEST

START_TEST(the_command_line_reaches_included_files_that_ask)
{
	const struct fixture_file *files = TABLE(
		{ "ci.yml", "include: {component: h/g/p/deploy@1}\n" },
		{ "h/g/p@1:templates/deploy.yml",
		  "spec: {inputs: {n: {type: number, default: 1}}}\n---\nj: {script: [\"n=$[[ inputs.n ]]\"]}\n" });

	ck_assert_str_eq(given(files, GIVEN("n=3"), "j"), "{script: ['n=3']}");
	ck_assert_str_eq(given(files, GIVEN("deploy:n=4", "n=3"), "j"), "{script: ['n=4']}");
	ck_assert_str_eq(given(files, GIVEN("other:n=4"), "j"),
			 "ci.yml:0:0: input-unknown: no included file \"other\" has an input \"n\"");
}
END_TEST

START_TEST(what_the_pipeline_file_declares_is_its_own)
{
	const struct fixture_file *files = TABLE(
		{ "ci.yml",
		  "spec: {inputs: {n: {default: a}}}\n---\ninclude: {local: t.yml, inputs: {n: \"<$[[ inputs.n ]]>\"}}\n" },
		{ "t.yml", "spec: {inputs: {n: }}\n---\nj: {script: [\"$[[ inputs.n ]]\"]}\n" });

	ck_assert_str_eq(given(files, GIVEN("n=b"), "j"), "{script: ['<b>']}");
	ck_assert_str_eq(given(files, GIVEN("t:n=c"), "j"), "{script: ['c']}");
}
END_TEST

START_TEST(a_child_pipeline_is_given_inputs)
{
	struct fixture f;
	struct node *values;

	fixture_init(&f, TABLE({ "ci.yml", ENTRY }));
	values = node_map(&f.arena, MARK_NONE, 1);
	ck_assert(node_set(values, &f.arena, node_scalar(&f.arena, MARK_NONE, "env", 3),
			   node_scalar(&f.arena, MARK_NONE, "up", 2)));
	f.options.child_inputs = &values;
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "j"), "{script: ['up', 'n 1', []]}");
	fixture_clear(&f);
}
END_TEST

/* ---- rules of inputs ---- */

#define RULES                                                                                                                    \
	"{cloud: {options: [aws, gcp]}, big: {type: boolean, default: false}, size: {rules: [{if: \"$[[ inputs.cloud ]] == "     \
	"'aws' && $[[ inputs.big ]] == true\", options: [xl], default: xl}, {if: \"$[[ inputs.cloud ]] == 'gcp'\", options: "    \
	"[e2, e3], default: e2}, {options: [s, m], default: s}]}}"

START_TEST(the_first_rule_that_matches_decides)
{
	expect_value(WITH("{cloud: aws, big: true}", RULES, "j: {script: [\"$[[ inputs.size ]]\"]}\n"), "j", "{script: ['xl']}");
	expect_value(WITH("{cloud: aws}", RULES, "j: {script: [\"$[[ inputs.size ]]\"]}\n"), "j", "{script: ['s']}");
	expect_value(WITH("{cloud: gcp, size: e3}", RULES, "j: {script: [\"$[[ inputs.size ]]\"]}\n"), "j", "{script: ['e3']}");
	expect_said(WITH("{cloud: gcp, size: m}", RULES, "j: {script: [\"$[[ inputs.size ]]\"]}\n"),
		    "ci.yml:3:30: input-option: the value of the input \"size\" is none of its options (the options are \"e2\", "
		    "\"e3\")");
	expect_said(
		WITH("{}", "{a: {rules: [{if: \"$[[ inputs.b ]] == 'x'\", default: y}]}}", "j: {script: [x]}\n"),
		"t.yml:2:29: input-rule: \"if\" asks for an input that is not declared (write $[[ inputs.NAME ]] for one that "
		"has no rules itself, or stands earlier)");
	expect_value(WITH("{}", "{k: {default: a}, c: {rules: [{if: \"$[[ inputs.k ]] == 'b'\", default: ~}]}}",
			  "j: {script: [\"<$[[ inputs.c ]]>\"]}\n"),
		     "j", "{script: ['<>']}");
	expect_said(WITH("{k: b}", "{k: {default: a}, c: {rules: [{if: \"$[[ inputs.k ]] == 'b'\", default: ~}]}}",
			 "j: {script: [\"<$[[ inputs.c ]]>\"]}\n"),
		    "ci.yml:3:11: input-missing: the input \"c\" has no value (give it with the include: inputs: {c: ...})");
}
END_TEST

/* ---- limits ---- */

START_TEST(texts_and_lists_cannot_grow_without_end)
{
	struct fixture_file files[] = { { "ci.yml", NULL }, { "t.yml", NULL }, END };
	struct fixture f;
	struct str entry, file;

	str_init(&entry);
	str_init(&file);
	str_adds(&entry, "include: {local: t.yml, inputs: {a: '");
	for (int i = 0; i < 2000; i++)
		str_adds(&entry, "0123456789");
	str_adds(&entry, "'}}\n");
	str_adds(&file, "spec: {inputs: {a: }}\n---\nj: {script: [\"");
	for (int i = 0; i < 60; i++)
		str_adds(&file, "$[[ inputs.a ]]");
	str_adds(&file, "\"]}\n");
	files[0].text = entry.data;
	files[1].text = file.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), "t.yml:3:14: interpolation-limit: this text is longer than 1 MiB with its inputs");
	fixture_clear(&f);
	str_clear(&entry);
	str_clear(&file);
}
END_TEST

START_TEST(lists_that_double_with_each_include_are_refused)
{
	struct fixture_file files[40] = { { NULL, NULL } };
	char names[40][16];
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "" }));
	files[0] = (struct fixture_file){ "ci.yml", "include: {local: t1.yml, inputs: {l: [a, b]}}\n" };
	for (int i = 1; i < 38; i++) {
		snprintf(names[i], sizeof(names[i]), "t%d.yml", i);
		files[i].name = names[i];
		files[i].text = arena_printf(
			&f.arena,
			"spec: {inputs: {l: {type: array}}}\n---\ninclude:\n- local: t%d.yml\n  inputs:\n    l:\n"
			"    - $[[ inputs.l ]]\n    - $[[ inputs.l ]]\nj: {script: [x]}\n",
			i + 1);
	}
	files[38] = (struct fixture_file){ "t38.yml", "spec: {inputs: {l: {type: array}}}\n---\nk: {script: [x]}\n" };
	f.files = files;
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(fixture_said(&f), "merge-limit"));
	fixture_clear(&f);
}
END_TEST

Suite *inputs_suite(void)
{
	Suite *s = suite_create("inputs");
	TCase *interpolation = tcase_create("interpolation");
	TCase *values = tcase_create("values");
	TCase *command_line = tcase_create("command line");

	tcase_add_test(interpolation, text_goes_into_keys_and_values);
	tcase_add_test(interpolation, a_whole_value_keeps_its_type);
	tcase_add_test(interpolation, a_text_that_looks_like_something_else_stays_text);
	tcase_add_test(interpolation, what_an_input_brings_is_not_looked_at_again);
	tcase_add_test(interpolation, an_array_in_text_is_json);
	tcase_add_test(interpolation, defaults_and_null);
	tcase_add_test(interpolation, matrix_blocks_are_the_plans);
	tcase_add_test(interpolation, functions_work_from_left_to_right);
	tcase_add_test(interpolation, masked_variables_are_not_expanded);
	tcase_add_test(interpolation, wrong_blocks_are_refused);
	tcase_add_test(interpolation, components_know_themselves);
	tcase_add_test(interpolation, texts_and_lists_cannot_grow_without_end);
	tcase_add_test(interpolation, lists_that_double_with_each_include_are_refused);
	suite_add_tcase(s, interpolation);
	tcase_add_test(values, values_are_checked_where_they_are_given);
	tcase_add_test(values, options_and_patterns);
	tcase_add_test(values, a_broken_pattern_is_refused);
	tcase_add_test(values, missing_and_unknown_inputs);
	tcase_add_test(values, all_wrong_values_are_named_at_once);
	tcase_add_test(values, all_faults_of_a_header_are_said);
	tcase_add_test(values, a_header_is_a_document_of_its_own);
	tcase_add_test(values, blocks_without_a_header_are_warned_of);
	tcase_add_test(values, the_first_rule_that_matches_decides);
	suite_add_tcase(s, values);
	tcase_add_test(command_line, the_command_line_gives_values_by_type);
	tcase_add_test(values, declarations_come_from_files_of_their_own);
	tcase_add_test(values, files_of_declarations_that_are_none);
	tcase_add_test(command_line, the_command_line_reaches_included_files_that_ask);
	tcase_add_test(command_line, what_the_pipeline_file_declares_is_its_own);
	tcase_add_test(command_line, a_child_pipeline_is_given_inputs);
	suite_add_tcase(s, command_line);
	return s;
}
