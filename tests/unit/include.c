/* `include`: kinds, order, rules, limits, and what is said when a file cannot be had. */
#include "tests/unit/load_fixture.h"

Suite *include_suite(void);

#define END                                                                                                                      \
	{                                                                                                                        \
		NULL, NULL                                                                                                       \
	}
#define TABLE(...) ((const struct fixture_file[]){ __VA_ARGS__, END })

START_TEST(later_files_win_and_the_file_itself_over_all)
{
	const struct fixture_file *files = TABLE(
		{ "ci.yml", "include: [a.yml, {local: /b.yml}]\njob: {tags: [own], variables: {C: own}}\n" },
		{ "a.yml", "job: {script: [a], tags: [a], variables: {A: a, B: a, C: a}}\n" },
		{ "b.yml", "job: {script: [b], variables: {B: b}}\nother: {script: [x]}\n" });

	expect_value(files, "job", "{script: [b], tags: [own], variables: {A: a, B: b, C: own}}");
	expect_value(files, "include", "(nothing)");
}
END_TEST

START_TEST(included_keys_come_first_in_their_order)
{
	struct fixture f;

	fixture_init(&f,
		     TABLE({ "ci.yml", "main: {script: [x]}\ninclude: a.yml\nlast: {script: [x]}\n" },
			   { "a.yml", "one: {script: [x]}\ninclude: {local: b.yml}\n" }, { "b.yml", "two: {script: [x]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_keys(&f), "two one main last");
	fixture_clear(&f);
}
END_TEST

START_TEST(a_file_may_come_twice)
{
	expect_value(TABLE({ "ci.yml", "include: [a.yml, b.yml]\n" },
			   { "a.yml", "include: base.yml\ndefault: {image: a}\nj: {script: [x]}\n" },
			   { "b.yml", "include: base.yml\n" }, { "base.yml", "default: {image: base}\n" }),
		     "j", "{script: [x], image: base}");
}
END_TEST

START_TEST(jobs_extend_and_reference_across_files)
{
	expect_value(TABLE({ "ci.yml", "include: a.yml\nj: {extends: .t, script: [!reference [.s, script], own]}\n" },
			   { "a.yml", ".t: {tags: [t]}\n.s: {script: [shared]}\n" }),
		     "j", "{tags: [t], extends: .t, script: [shared, own]}");
}
END_TEST

START_TEST(variables_are_replaced_in_paths)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "variables: {DIR: sub, KIND: {value: build}}\ninclude: '${DIR}/$KIND-$NAME.yml'\n" },
			       { "sub/build-x.yml", "j: {script: [x]}\n" }));
	fixture_variable(&f, "NAME", "x");
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "j"), "{script: [x]}");
	fixture_clear(&f);
}
END_TEST

START_TEST(a_variable_may_hide_an_address)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: $WHERE\n" }, { "https://example.com/a.yml", "j: {script: [x]}\n" }));
	fixture_variable(&f, "WHERE", "https://example.com/a.yml");
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	fixture_clear(&f);
}
END_TEST

START_TEST(a_path_that_becomes_nothing_is_refused)
{
	expect_said(TABLE({ "ci.yml", "include: $NOWHERE\nj: {script: [x]}\n" }),
		    "ci.yml:1:10: include-value: this include comes to nothing: the variables of \"$NOWHERE\" are not set (only "
		    "predefined and pipeline variables and the file's global ones are known here)");
}
END_TEST

/* ---- globs ---- */

#define GLOB_FILES                                                                                                               \
	{ "configs/a.yml", "a: {script: [x]}\n" }, { "configs/sub/b.yml", "b: {script: [x]}\n" },                                \
		{ "configs/sub/sub/c.yml", "c: {script: [x]}\n" },                                                               \
	{                                                                                                                        \
		"configs/d.txt", "d: {script: [x]}\n"                                                                            \
	}

static const char *glob_keys(const char *pattern)
{
	static char keys[256];
	char text[128];
	struct fixture f;

	snprintf(text, sizeof(text), "include: '%s'\nmain: {script: [x]}\n", pattern);
	fixture_init(&f, TABLE({ "ci.yml", text }, GLOB_FILES));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	snprintf(keys, sizeof(keys), "%s", fixture_keys(&f));
	fixture_clear(&f);
	return keys;
}

START_TEST(wildcards_are_gitlabs)
{
	ck_assert_str_eq(glob_keys("configs/*.yml"), "a main");
	ck_assert_str_eq(glob_keys("configs/**.yml"), "a b c main");
	ck_assert_str_eq(glob_keys("configs/**/*.yml"), "b c main");
	ck_assert_str_eq(glob_keys("/configs/*/*.yml"), "b main");
	ck_assert_str_eq(glob_keys("**b.yml"), "b main");
	ck_assert_str_eq(glob_keys("con*/s**b.yml"), "b main");
	ck_assert_str_eq(glob_keys("**/sub/*.yml"), "b c main");
}
END_TEST

START_TEST(a_wildcard_that_matches_nothing_is_only_warned_of)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: 'nothing/*.yml'\nj: {script: [x]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_said(&f), "ci.yml:1:10: warning include-nothing: no file matches \"nothing/*.yml\"");
	fixture_clear(&f);
}
END_TEST

/* ---- other kinds ---- */

START_TEST(files_of_another_project)
{
	expect_value(TABLE({ "ci.yml", "include: {project: g/p, ref: v1, file: [/a.yml, b.yml]}\n" },
			   { "g/p@v1:a.yml", "include: /deep/c.yml\nj: {script: [a]}\n" }, { "g/p@v1:b.yml", "j: {tags: [b]}\n" },
			   { "g/p@v1:deep/c.yml", "j: {image: c}\n" }),
		     "j", "{image: c, script: [a], tags: [b]}");
	expect_value(TABLE({ "ci.yml", "include: {project: g/p, file: a.yml}\n" }, { "g/p@HEAD:a.yml", "j: {script: [a]}\n" }),
		     "j", "{script: [a]}");
}
END_TEST

START_TEST(remote_files_with_their_integrity)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: {remote: 'https://x.org/a.yml', integrity: sha256-AAAA=}\n" },
			       { "https://x.org/a.yml", "j: {script: [a]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(f.last_integrity, "sha256-AAAA=");
	fixture_clear(&f);
	expect_said(TABLE({ "ci.yml", "include: {remote: 'https://x.org/a.yml', integrity: md5-AAAA=}\n" }),
		    "ci.yml:1:53: include-value: \"integrity\" is \"sha256-\" and a hash in Base64");
	expect_said(TABLE({ "ci.yml", "include: {remote: a.yml}\n" }),
		    "ci.yml:1:19: include-path: \"a.yml\" is no address that can be fetched (write https://HOST/PATH; a file of "
		    "this project is \"local\")");
}
END_TEST

START_TEST(components_have_two_places)
{
	expect_value(TABLE({ "ci.yml", "include: {component: gitlab.com/g/p/deploy@1.0}\n" },
			   { "gitlab.com/g/p@1.0:templates/deploy.yml", "j: {script: [a]}\n" }),
		     "j", "{script: [a]}");
	expect_value(TABLE({ "ci.yml", "include: [{component: gitlab.com/g/p/deploy@~latest}]\n" },
			   { "gitlab.com/g/p@~latest:templates/deploy/template.yml", "j: {script: [b]}\n" }),
		     "j", "{script: [b]}");
	expect_said(TABLE({ "ci.yml", "include: {component: gitlab.com/deploy@1.0}\n" }),
		    "ci.yml:1:22: include-path: \"gitlab.com/deploy@1.0\" is not the address of a component (write "
		    "HOST/PROJECT/NAME@VERSION)");
	expect_said(TABLE({ "ci.yml", "include: {component: gitlab.com/g/p/deploy}\n" }),
		    "ci.yml:1:22: include-path: \"gitlab.com/g/p/deploy\" is not the address of a component (write "
		    "HOST/PROJECT/NAME@VERSION)");
	expect_said(TABLE({ "ci.yml", "include: {component: gitlab.com/g/p/deploy@2}\n" }),
		    "ci.yml:1:22: include-missing: \"gitlab.com/g/p/deploy@2\" cannot be included: there is no such file");
}
END_TEST

START_TEST(templates_are_warned_of_unless_they_can_be_had)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: {template: Auto.gitlab-ci.yml}\nj: {script: [x]}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_said(&f),
			 "ci.yml:1:21: warning include-template: the template \"Auto.gitlab-ci.yml\" is part of "
			 "GitLab and cannot be had here; the pipeline goes without it (copy it into the project "
			 "and include it as \"local\")");
	fixture_clear(&f);
	expect_value(TABLE({ "ci.yml", "include: {template: T.yml}\n" }, { "template:T.yml", "j: {script: [x]}\n" }), "j",
		     "{script: [x]}");
	expect_said(
		TABLE({ "ci.yml", "include: {local: a.yml}\nj: {extends: .sast}\n" },
		      { "a.yml", "include: {template: T.yml}\n" }),
		"ci.yml:2:14: extends-unknown: \"j\" extends \".sast\", which does not exist without the template that cannot "
		"be included\n"
		"a.yml:1:21: warning include-template: the template \"T.yml\" is part of GitLab and cannot be had here; the "
		"pipeline goes without it (copy it into the project and include it as \"local\")");
}
END_TEST

START_TEST(jobs_of_a_missing_template_are_left_out)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: {template: T.yml}\nsast: {tags: [x], needs: []}\nj: {script: [x]}\n"
					   "m: {needs: {pipeline: g/p}}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_keys(&f), "j m");
	ck_assert_ptr_nonnull(strstr(fixture_said(&f), "ci.yml:2:1: warning template-job: \"sast\" has nothing to do without the "
						       "template that cannot be included; it is left out"));
	fixture_clear(&f);
	fixture_init(&f, TABLE({ "ci.yml", "include: {template: T.yml}\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(fixture_said(&f), "template-needed: "));
	ck_assert_uint_eq(f.d.errors, 1);
	fixture_clear(&f);
}
END_TEST

/* ---- rules ---- */

static const char *rules_keys(const char *rules, const char *name, const char *value, const char *changed)
{
	static char keys[256];
	char text[512];
	struct fixture f;

	snprintf(text, sizeof(text), "include: {local: a.yml, rules: %s}\nvariables: {GLOBAL: '1'}\nmain: {script: [x]}\n",
		 rules);
	fixture_init(&f, TABLE({ "ci.yml", text }, { "a.yml", "a: {script: [x]}\n" }, { "docs/x.md", "" }));
	f.changed = changed;
	if (name)
		fixture_variable(&f, name, value);
	fixture_load(&f);
	ck_assert_str_eq(fixture_said(&f), "");
	snprintf(keys, sizeof(keys), "%s", fixture_keys(&f));
	fixture_clear(&f);
	return keys;
}

START_TEST(rules_decide_on_a_file)
{
	static const char *with = "a variables main", *without = "variables main";

	ck_assert_str_eq(rules_keys("[{if: $WANT}]", NULL, NULL, NULL), without);
	ck_assert_str_eq(rules_keys("[{if: $WANT}]", "WANT", "1", NULL), with);
	ck_assert_str_eq(rules_keys("[{if: '$WANT == \"x\"', when: never}, {when: always}]", "WANT", "x", NULL), without);
	ck_assert_str_eq(rules_keys("[{if: '$WANT == \"x\"', when: never}, {when: always}]", "WANT", "y", NULL), with);
	ck_assert_str_eq(rules_keys("[{exists: [docs/*.md]}]", NULL, NULL, NULL), with);
	ck_assert_str_eq(rules_keys("[{exists: {paths: [nothing.md]}}]", NULL, NULL, NULL), without);
	ck_assert_str_eq(rules_keys("[{if: $WANT, exists: [nothing.md]}]", "WANT", "1", NULL), without);
	ck_assert_str_eq(rules_keys("[{changes: ['docs/**/*']}]", NULL, NULL, "docs/x.md"), with);
	ck_assert_str_eq(rules_keys("[{changes: {paths: [src/*]}}]", NULL, NULL, "docs/x.md"), without);
	ck_assert_str_eq(rules_keys("[{changes: [src/*]}]", NULL, NULL, NULL), with);
	ck_assert_str_eq(rules_keys("[{if: $GLOBAL}]", NULL, NULL, NULL), without);
	ck_assert_str_eq(rules_keys("[]", NULL, NULL, NULL), without);
	ck_assert_str_eq(rules_keys("~", NULL, NULL, NULL), with);
}
END_TEST

START_TEST(wrong_rules_are_refused)
{
	expect_said(
		TABLE({ "ci.yml", "include: {local: a.yml, rules: [{iff: $A}]}\n" }),
		"ci.yml:1:34: include-rules: \"iff\" means nothing in the rules of an include (a rule has if, exists, changes, "
		"lua and when)");
	expect_said(TABLE({ "ci.yml", "include: {local: a.yml, rules: {if: $A}}\n" }),
		    "ci.yml:1:32: include-rules: a list of rules is wanted here, this is a map");
	expect_said(TABLE({ "ci.yml", "include: {local: a.yml, rules: [{when: manual}]}\n" }),
		    "ci.yml:1:40: include-rules: \"when\" of an include is \"always\" or \"never\"");
	expect_said(TABLE({ "ci.yml", "include: {local: a.yml, rules: [{exists: a.yml}]}\n" }),
		    "ci.yml:1:42: include-rules: a list of paths is wanted here, this is text");
}
END_TEST

START_TEST(exists_looks_into_the_project_that_includes)
{
	expect_value(TABLE({ "ci.yml", "include: {project: g/p, file: a.yml}\n" },
			   { "g/p@HEAD:a.yml", "include: {local: b.yml, rules: [{exists: [only-there.md]}]}\n" },
			   { "g/p@HEAD:b.yml", "j: {script: [x]}\n" }, { "g/p@HEAD:only-there.md", "" }),
		     "j", "{script: [x]}");
}
END_TEST

/* ---- refused ---- */

START_TEST(missing_files_are_all_said_where_they_are_included)
{
	expect_said(TABLE({ "ci.yml", "include: [no.yml, a.yml]\nj: {script: [x]}\n" },
			  { "a.yml", "include: [{local: never.yml}]\n" }),
		    "ci.yml:1:11: include-missing: \"no.yml\" cannot be included: there is no such file\n"
		    "a.yml:1:19: include-missing: \"never.yml\" cannot be included: there is no such file");
}
END_TEST

START_TEST(what_a_missing_file_may_have_held_is_not_missed_again)
{
	expect_said(TABLE({ "ci.yml", "include: no.yml\nj: {extends: .t}\nk: {script: [!reference [.t, script]]}\n"
				      "l: {stage: of-theirs}\nm: {extends: .t, stage: unit}\nn: {stage: .post, script: [x]}\n" }),
		    "ci.yml:1:10: include-missing: \"no.yml\" cannot be included: there is no such file");
}
END_TEST

START_TEST(paths_stay_in_the_project)
{
	expect_said(
		TABLE({ "ci.yml", "include: {local: ../other/ci.yml}\n" }),
		"ci.yml:1:18: include-path: the path \"../other/ci.yml\" may have no \".\" or \"..\" in it (write it from the "
		"root of the project)");
	expect_said(
		TABLE({ "ci.yml", "include: ./a.yml\n" }, { "a.yml", "j: {script: [x]}\n" }),
		"ci.yml:1:10: include-path: the path \"./a.yml\" may have no \".\" or \"..\" in it (write it from the root of "
		"the project)");
	expect_said(TABLE({ "ci.yml", "include: a/b/../../../etc/x.yml\n" }),
		    "ci.yml:1:10: include-path: the path \"a/b/../../../etc/x.yml\" may have no \".\" or \"..\" in it (write it "
		    "from the root of the project)");
	expect_said(TABLE({ "ci.yml", "include: /etc/passwd\n" }),
		    "ci.yml:1:10: include-path: \"etc/passwd\" is not the name of a YAML file (the name has to end in .yml or "
		    ".yaml)");
}
END_TEST

START_TEST(items_say_one_kind_and_nothing_unknown)
{
	expect_said(TABLE({ "ci.yml", "include: {locl: a.yml}\n" }),
		    "ci.yml:1:10: include-kind: this include does not say what it includes (did you mean "
		    "\"local\"?)");
	expect_said(TABLE({ "ci.yml", "include: {inputs: {}}\n" }),
		    "ci.yml:1:10: include-kind: this include does not say what it includes (one of local, remote, project, "
		    "component, template or lua is needed)");
	expect_said(TABLE({ "ci.yml", "include: {local: a.yml, remote: 'https://x'}\n" }),
		    "ci.yml:1:25: include-kind: \"local\" and \"remote\" cannot stand in one include (make it two items of the "
		    "list)");
	expect_said(TABLE({ "ci.yml", "include: {local: a.yml, rulse: []}\n" }),
		    "ci.yml:1:25: include-keyword: \"rulse\" means nothing beside \"local\" (did you mean \"rules\"?)");
	expect_said(TABLE({ "ci.yml", "include: {project: g/p}\n" }), "ci.yml:1:20: include-kind: \"project\" needs a \"file\"");
	expect_said(TABLE({ "ci.yml", "include: {artifact: a.yml, job: j}\n" }),
		    "ci.yml:1:10: include-kind: this include does not say what it includes (an artifact can only be included by "
		    "\"trigger\")");
	expect_said(TABLE({ "ci.yml", "include: [[a.yml]]\n" }),
		    "ci.yml:1:11: include-value: text is wanted here, this is a list");
	expect_said(TABLE({ "ci.yml", ".i: a.yml\ninclude: !reference [.i]\n" }),
		    "ci.yml:2:10: include-value: text is wanted here, this is a !reference, which cannot be used in \"include\"");
}
END_TEST

START_TEST(circles_are_refused_at_once_with_the_way_round)
{
	struct fixture f;

	fixture_init(
		&f, TABLE({ "ci.yml", "include: a.yml\n" }, { "a.yml", "include: b.yml\n" }, { "b.yml", "include: [/a.yml]\n" }));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f),
			 "b.yml:1:11: include-circle: \"include\" goes round in a circle: a.yml -> b.yml -> a.yml");
	ck_assert_uint_eq(f.reads, 3);
	fixture_clear(&f);
	expect_said(TABLE({ "ci.yml", "include: ci.yml\n" }),
		    "ci.yml:1:10: include-circle: \"include\" goes round in a circle: ci.yml -> ci.yml");
}
END_TEST

static int load_many(unsigned count, unsigned nested, const char **said)
{
	static char text[200 * 16], first[512];
	struct fixture f;
	size_t n = (size_t)snprintf(text, sizeof(text), "include:\n");
	int rc;

	for (unsigned i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "- a.yml\n");
	fixture_init(&f, TABLE({ "ci.yml", text }, { "a.yml", "j: {script: [x]}\n" }));
	f.options.limits.includes -= nested;
	rc = fixture_load(&f);
	snprintf(first, sizeof(first), "%s", fixture_said(&f));
	*said = first;
	fixture_clear(&f);
	return rc;
}

START_TEST(a_hundred_and_fifty_files_are_the_most)
{
	const char *said;

	ck_assert_int_eq(load_many(150, 0, &said), PIPE_OK);
	ck_assert_int_eq(load_many(151, 0, &said), PIPE_EPIPELINE);
	ck_assert_str_eq(said, "ci.yml:152:3: include-limit: more than 150 files are included");
	ck_assert_int_eq(load_many(141, 10, &said), PIPE_EPIPELINE);
}
END_TEST

START_TEST(files_that_are_no_maps_are_refused)
{
	expect_said(TABLE({ "ci.yml", "include: a.yml\nj: {script: [x]}\n" }, { "a.yml", "- x\n" }),
		    "a.yml:1:1: file-shape: a pipeline file is a map of jobs and keywords, this is a list");
	expect_said(TABLE({ "ci.yml", "include: a.yml\nj: {script: [x]}\n" }, { "a.yml", "# nothing\n" }),
		    "ci.yml:1:10: include-empty: there is nothing in \"a.yml\"");
}
END_TEST

START_TEST(all_files_together_have_a_limit)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "include: [a.yml, a.yml]\n" }, { "a.yml", "j: {script: [x]}\n" }));
	f.options.limits.total_bytes = 50;
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), "ci.yml:1:18: total-limit: the pipeline's files are larger than 50 bytes together");
	fixture_clear(&f);
}
END_TEST

START_TEST(without_a_world_nothing_is_included)
{
	struct fixture f;

	fixture_init(&f, TABLE({ "ci.yml", "x" }));
	f.options.world = NULL;
	f.options.text = "include: a.yml\nj: {script: [x]}\n";
	f.options.length = strlen(f.options.text);
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(fixture_said(&f), "ci.yml:1:10: include-failed: nothing can be included here");
	fixture_clear(&f);
}
END_TEST

Suite *include_suite(void)
{
	Suite *s = suite_create("include");
	TCase *order = tcase_create("order");
	TCase *kinds = tcase_create("kinds");
	TCase *refused = tcase_create("refused");

	tcase_add_test(order, later_files_win_and_the_file_itself_over_all);
	tcase_add_test(order, included_keys_come_first_in_their_order);
	tcase_add_test(order, a_file_may_come_twice);
	tcase_add_test(order, jobs_extend_and_reference_across_files);
	suite_add_tcase(s, order);
	tcase_add_test(kinds, variables_are_replaced_in_paths);
	tcase_add_test(kinds, a_variable_may_hide_an_address);
	tcase_add_test(kinds, wildcards_are_gitlabs);
	tcase_add_test(kinds, a_wildcard_that_matches_nothing_is_only_warned_of);
	tcase_add_test(kinds, files_of_another_project);
	tcase_add_test(kinds, remote_files_with_their_integrity);
	tcase_add_test(kinds, components_have_two_places);
	tcase_add_test(kinds, templates_are_warned_of_unless_they_can_be_had);
	tcase_add_test(kinds, jobs_of_a_missing_template_are_left_out);
	tcase_add_test(kinds, rules_decide_on_a_file);
	tcase_add_test(kinds, exists_looks_into_the_project_that_includes);
	suite_add_tcase(s, kinds);
	tcase_add_test(refused, a_path_that_becomes_nothing_is_refused);
	tcase_add_test(refused, wrong_rules_are_refused);
	tcase_add_test(refused, missing_files_are_all_said_where_they_are_included);
	tcase_add_test(refused, what_a_missing_file_may_have_held_is_not_missed_again);
	tcase_add_test(refused, paths_stay_in_the_project);
	tcase_add_test(refused, items_say_one_kind_and_nothing_unknown);
	tcase_add_test(refused, circles_are_refused_at_once_with_the_way_round);
	tcase_add_test(refused, a_hundred_and_fifty_files_are_the_most);
	tcase_add_test(refused, files_that_are_no_maps_are_refused);
	tcase_add_test(refused, all_files_together_have_a_limit);
	tcase_add_test(refused, without_a_world_nothing_is_included);
	suite_add_tcase(s, refused);
	return s;
}
