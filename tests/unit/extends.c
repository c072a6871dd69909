/* `extends`, `!reference`, `default:` and `inherit:`, as seen in the merged document. */
#include "tests/unit/load_fixture.h"

Suite *extends_suite(void);

#define FILES(text)                                                                                                              \
	(const struct fixture_file[])                                                                                            \
	{                                                                                                                        \
		{ "ci.yml", text },                                                                                              \
		{                                                                                                                \
			NULL, NULL                                                                                               \
		}                                                                                                                \
	}

START_TEST(maps_merge_lists_are_replaced_own_keys_win)
{
	expect_value(FILES(".base: {variables: {A: base, B: base}, script: [echo base], tags: [x]}\n"
			   "job: {extends: .base, variables: {B: own, C: own}, tags: [y, z]}\n"),
		     "job", "{variables: {A: base, B: own, C: own}, script: [echo base], tags: [y, z], extends: .base}");
}
END_TEST

START_TEST(later_parents_win_and_parents_may_stand_behind)
{
	expect_value(FILES("job: {extends: [.one, .two], after_script: [bye]}\n"
			   ".one: {variables: {A: 1, B: 1}, script: [one]}\n"
			   ".two: {variables: {B: 2}, script: [two]}\n"),
		     "job", "{variables: {A: 1, B: 2}, script: [two], extends: [.one, .two], after_script: [bye]}");
}
END_TEST

START_TEST(a_chain_goes_through_normal_jobs)
{
	expect_value(FILES(".a: {script: [a], tags: [a]}\nb: {extends: .a, tags: [b]}\nc: {extends: b, before_script: [c]}\n"),
		     "c", "{script: [a], tags: [b], extends: b, before_script: [c]}");
}
END_TEST

/* Whether anything extends at all is known from the texts that were read, not from how they were spelt. */
START_TEST(extends_is_seen_however_it_is_written)
{
	expect_value(FILES(".a: {script: [a]}\nb: {\"e\\x78tends\": .a}\n"), "b", "{script: [a], extends: .a}");
	expect_value(FILES(".a: {script: [a]}\nb: {? 'extends' : .a}\n"), "b", "{script: [a], extends: .a}");
	expect_value(FILES(".k: &k extends\n.a: {script: [a]}\nb: {*k : .a}\n"), "b", "{script: [a], extends: .a}");
	expect_value(FILES("spec: {inputs: {key: {default: extends}}}\n---\n.a: {script: [a]}\nb: {\"$[[ inputs.key ]]\": .a}\n"),
		     "b", "{script: [a], extends: .a}");
	expect_value(((const struct fixture_file[]){ { "ci.yml", "include: more.yml\n.a: {script: [a]}\n" },
						     { "more.yml", "b: {extends: .a}\n" },
						     { NULL, NULL } }),
		     "b", "{script: [a], extends: .a}");
}
END_TEST

START_TEST(null_takes_a_key_away)
{
	expect_value(FILES(".a: {script: [a], variables: {X: 1}}\nb: {extends: .a, variables: null}\n"), "b",
		     "{script: [a], variables: null, extends: .a}");
}
END_TEST

START_TEST(the_template_itself_stays_as_it_was)
{
	expect_value(FILES(".a: {script: [a], variables: {X: 1}}\nb: {extends: .a, variables: {Y: 2}}\n"), ".a",
		     "{script: [a], variables: {X: 1}}");
}
END_TEST

START_TEST(eleven_levels_are_the_most)
{
	expect_value(
		FILES(".l0: {script: [x]}\n.l1: {extends: .l0}\n.l2: {extends: .l1}\n.l3: {extends: .l2}\n.l4: {extends: .l3}\n"
		      ".l5: {extends: .l4}\n.l6: {extends: .l5}\n.l7: {extends: .l6}\n.l8: {extends: .l7}\n.l9: {extends: .l8}\n"
		      "job: {extends: .l9}\n"),
		"job", "{script: [x], extends: .l9}");
	expect_said(
		FILES(".l0: {script: [x]}\n.l1: {extends: .l0}\n.l2: {extends: .l1}\n.l3: {extends: .l2}\n.l4: {extends: .l3}\n"
		      ".l5: {extends: .l4}\n.l6: {extends: .l5}\n.l7: {extends: .l6}\n.l8: {extends: .l7}\n.l9: {extends: .l8}\n"
		      ".l10: {extends: .l9}\njob: {extends: .l10}\n"),
		"ci.yml:12:16: extends-depth: \"job\" has more than 10 parents above one another (merge some of the templates "
		"of this chain into one)");
}
END_TEST

START_TEST(a_chain_too_deep_is_found_from_its_top_too)
{
	/* Here the job stands first, so nothing is merged yet when the chain is followed. */
	expect_said(
		FILES("job: {extends: .l10}\n.l10: {extends: .l9}\n.l9: {extends: .l8}\n.l8: {extends: .l7}\n.l7: {extends: .l6}\n"
		      ".l6: {extends: .l5}\n.l5: {extends: .l4}\n.l4: {extends: .l3}\n.l3: {extends: .l2}\n.l2: {extends: .l1}\n"
		      ".l1: {extends: .l0}\n.l0: {script: [x]}\n"),
		"ci.yml:11:16: extends-depth: \"job\" has more than 10 parents above one another (merge some of the templates "
		"of this chain into one)");
}
END_TEST

START_TEST(an_unknown_parent_is_refused_with_the_nearest)
{
	expect_said(FILES(".build-template: {script: [x]}\njob: {extends: .build-templat}\n"),
		    "ci.yml:2:16: extends-unknown: \"job\" extends \".build-templat\", which does not exist (did you mean "
		    "\".build-template\"?)");
}
END_TEST

START_TEST(all_unknown_parents_are_said_at_once)
{
	expect_said(FILES("a: {extends: [.nothing, .whatever]}\nb: {extends: .elsewhere}\n"),
		    "ci.yml:1:15: extends-unknown: \"a\" extends \".nothing\", which does not exist\n"
		    "ci.yml:1:25: extends-unknown: \"a\" extends \".whatever\", which does not exist\n"
		    "ci.yml:2:14: extends-unknown: \"b\" extends \".elsewhere\", which does not exist");
}
END_TEST

START_TEST(circles_are_refused_with_the_way_round)
{
	expect_said(FILES("a: {extends: b}\nb: {extends: c}\nc: {extends: b}\n"),
		    "ci.yml:3:14: extends-circle: \"extends\" goes round in a circle: b -> c -> b");
	expect_said(FILES("a: {extends: a}\n"), "ci.yml:1:14: extends-circle: \"extends\" goes round in a circle: a -> a");
}
END_TEST

START_TEST(what_is_no_job_cannot_be_extended)
{
	expect_said(FILES("variables: {A: b}\njob: {extends: variables}\n"),
		    "ci.yml:2:16: extends-value: \"job\" extends \"variables\", which is no job");
	expect_said(FILES(".list: [a]\njob: {extends: .list}\n"),
		    "ci.yml:2:16: extends-value: \"job\" extends \".list\", which is no job");
}
END_TEST

START_TEST(ten_thousand_jobs_share_their_template)
{
	struct fixture_file files[] = { { "ci.yml", NULL }, { NULL, NULL } };
	struct fixture f;
	struct str s;
	const struct node *first, *last;

	str_init(&s);
	str_adds(&s, ".t: {script: [a, b, c], variables: {A: 1, B: 2}}\n");
	for (int i = 0; i < 10000; i++)
		str_printf(&s, "j%d: {extends: .t, tags: [x]}\n", i);
	files[0].text = s.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	first = node_get(node_get(f.pipeline->root, "j0"), "script");
	last = node_get(node_get(f.pipeline->root, "j9999"), "script");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_eq(first, last);
	fixture_clear(&f);
	str_clear(&s);
}
END_TEST

START_TEST(templates_that_multiply_are_refused)
{
	/* Each level has the one below twice, ten times over, and a hundred jobs share the top. */
	struct fixture_file files[] = { { "ci.yml", NULL }, { NULL, NULL } };
	struct fixture f;
	struct str s;

	str_init(&s);
	str_adds(&s, ".0: {script: [x], variables: {A: 1}}\n");
	for (int i = 1; i < 10; i++)
		str_printf(&s, ".%d: {extends: [.%d, .%d, .%d, .%d, .%d, .%d]}\n", i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	for (int i = 0; i < 100; i++)
		str_printf(&s, "j%d: {extends: .9}\n", i);
	files[0].text = s.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "merge-limit");
	fixture_clear(&f);
	str_clear(&s);
}
END_TEST

/* ---- !reference ---- */

START_TEST(a_reference_brings_values_of_every_shape)
{
	expect_value(FILES(".v: {variables: {URL: u, KEY: k}}\n"
			   "a: {script: [x], variables: !reference [.v, variables]}\n"),
		     "a", "{script: [x], variables: {URL: u, KEY: k}}");
	expect_value(FILES(".v: {variables: {URL: u, KEY: k}}\n"
			   "a: {script: [x], variables: {MINE: !reference [.v, variables, KEY]}}\n"),
		     "a", "{script: [x], variables: {MINE: k}}");
	expect_value(FILES(".common/image: alpine\na: {script: [x], image: !reference [.common/image]}\n"), "a",
		     "{script: [x], image: alpine}");
}
END_TEST

START_TEST(a_list_takes_its_place_in_a_list)
{
	expect_value(FILES(".s: {script: [one, two]}\n.e: [three]\n"
			   "a: {script: [zero, !reference [.s, script], !reference [.e], four]}\n"),
		     "a", "{script: [zero, one, two, three, four]}");
}
END_TEST

START_TEST(references_nest)
{
	expect_value(FILES(".a: {script: [a]}\n.b: {script: [!reference [.a, script], b]}\n"
			   "c: {script: [!reference [.b, script], c]}\n"),
		     "c", "{script: [a, b, c]}");
}
END_TEST

START_TEST(ten_lists_inside_one_another_are_the_most)
{
#define CHAIN                                                                                                                    \
	".l1: [echo]\n.l2: [!reference [.l1]]\n.l3: [!reference [.l2]]\n.l4: [!reference [.l3]]\n.l5: [!reference [.l4]]\n"      \
	".l6: [!reference [.l5]]\n.l7: [!reference [.l6]]\n.l8: [!reference [.l7]]\n.l9: [!reference [.l8]]\n"
	expect_value(FILES(CHAIN "job: {script: [!reference [.l9]]}\n"), "job", "{script: [echo]}");
	expect_said(
		FILES(CHAIN ".l10: [!reference [.l9]]\njob: {script: [!reference [.l10]]}\n"),
		"ci.yml:11:16: reference-depth: !reference [.l10] brings references that are nested 10 deep (at most 9 may be "
		"inside one another)");
}
END_TEST

START_TEST(a_reference_sees_what_its_target_extends)
{
	expect_value(FILES(".vars: {variables: {FOO: foo}}\n.wrapper: {variables: !reference [.vars, variables]}\n"
			   ".all: {extends: .wrapper}\njob: {variables: !reference [.all, variables], script: [x]}\n"),
		     "job", "{variables: {FOO: foo}, script: [x]}");
}
END_TEST

START_TEST(a_reference_leads_through_another)
{
	expect_value(FILES(".vars: {variables: {FOO: foo}}\n.all: {variables: !reference [.vars, variables]}\n"
			   "job: {variables: {A: !reference [.all, variables, FOO]}, script: [x]}\n"),
		     "job", "{variables: {A: foo}, script: [x]}");
}
END_TEST

START_TEST(an_unknown_target_is_refused_with_the_nearest)
{
	expect_said(
		FILES(".setup: {script: [x]}\na: {script: [!reference [.setpu, script]]}\n"),
		"ci.yml:2:26: reference-unknown: !reference [.setpu, script]: there is no \".setpu\" (did you mean \".setup\"?)");
	expect_said(FILES(".setup: {script: [x]}\na: {script: [!reference [.setup, scrip]]}\n"),
		    "ci.yml:2:34: reference-unknown: !reference [.setup, scrip]: \".setup\" has no \"scrip\" (did you mean "
		    "\"script\"?)");
	expect_said(FILES(".setup: [x]\na: {script: [y], image: !reference [.setup, image, name]}\n"),
		    "ci.yml:2:45: reference-unknown: !reference [.setup, image, name]: \".setup\" has no \"image\"");
}
END_TEST

START_TEST(loops_are_refused)
{
	expect_said(FILES("a: {script: [!reference [a, script]]}\n"),
		    "ci.yml:1:14: reference-circle: !reference [a, script] leads back to itself");
	expect_said(FILES(".a: [!reference [.b]]\n.b: [!reference [.a]]\nj: {script: [x]}\n"),
		    "ci.yml:2:6: reference-circle: !reference [.a] leads back to itself");
	expect_said(FILES("a: {script: [x], variables: {A: !reference [a]}}\n"),
		    "ci.yml:1:33: reference-circle: !reference [a] leads back to itself");
}
END_TEST

START_TEST(a_key_beside_is_no_loop)
{
	expect_value(FILES("a: {before_script: [x], script: [!reference [a, before_script]]}\n"), "a",
		     "{before_script: [x], script: [x]}");
}
END_TEST

START_TEST(a_reference_is_a_list_of_names)
{
	expect_said(FILES("a: {script: !reference b}\n"),
		    "ci.yml:1:13: reference-value: \"!reference\" takes a list of names (write it as !reference [job, keyword])");
	expect_said(FILES("a: {script: !reference []}\n"),
		    "ci.yml:1:13: reference-value: \"!reference\" takes a list of names (write it as !reference [job, keyword])");
	expect_said(FILES("a: {script: [x], image: !reference [[b]]}\n"),
		    "ci.yml:1:25: reference-value: \"!reference\" takes a list of names (write it as !reference [job, keyword])");
}
END_TEST

START_TEST(references_that_multiply_are_refused)
{
	struct fixture_file files[] = { { "ci.yml", NULL }, { NULL, NULL } };
	struct fixture f;
	struct str s;

	str_init(&s);
	str_adds(&s, ".0: [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 8; i++) {
		str_printf(&s, ".%d: [", i);
		for (int k = 0; k < 20; k++)
			str_printf(&s, "%s!reference [.%d]", k ? ", " : "", i - 1);
		str_adds(&s, "]\n");
	}
	str_adds(&s, "j: {script: [!reference [.7]]}\n");
	files[0].text = s.data;
	fixture_init(&f, files);
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_str_eq(f.d.list.items[0].code, "merge-limit");
	fixture_clear(&f);
	str_clear(&s);
}
END_TEST

/* ---- default, inherit ---- */

START_TEST(a_job_has_the_defaults_that_it_lacks)
{
	expect_value(FILES("default: {image: alpine, before_script: [hi], retry: 1}\na: {script: [x], retry: 2}\n"), "a",
		     "{script: [x], retry: 2, image: alpine, before_script: [hi]}");
}
END_TEST

START_TEST(an_empty_list_switches_a_default_off_and_null_does_not)
{
	const struct fixture_file *files = FILES("default: {image: alpine, before_script: [hi]}\n"
						 ".t: {before_script: [own], image: busybox}\n"
						 "a: {script: [x], before_script: [], image: null}\n"
						 "b: {before_script: null, extends: .t, script: [x]}\n"
						 "c: {script: [x], before_script: null, inherit: {default: [image]}}\n");

	expect_value(files, "a", "{script: [x], before_script: [], image: alpine}");
	expect_value(files, "b", "{before_script: [hi], image: busybox, extends: .t, script: [x]}");
	expect_value(files, "c", "{script: [x], before_script: null, inherit: {default: [image]}, image: alpine}");
}
END_TEST

START_TEST(inherit_chooses_the_defaults)
{
	expect_value(FILES("default: {image: alpine, before_script: [hi]}\na: {script: [x], inherit: {default: false}}\n"), "a",
		     "{script: [x], inherit: {default: false}}");
	expect_value(FILES("default: {image: alpine, before_script: [hi]}\na: {script: [x], inherit: {default: [image]}}\n"), "a",
		     "{script: [x], inherit: {default: [image]}, image: alpine}");
	expect_value(FILES("default: {image: alpine}\na: {script: [x], inherit: {default: true, variables: false}}\n"), "a",
		     "{script: [x], inherit: {default: true, variables: false}, image: alpine}");
}
END_TEST

START_TEST(hidden_jobs_and_keywords_have_no_defaults)
{
	static const struct fixture_file files[] = {
		{ "ci.yml", "default: {image: alpine}\nvariables: {A: b}\n.t: {tags: [x]}\na: {extends: .t, script: [x]}\n" },
		{ NULL, NULL },
	};

	expect_value(files, ".t", "{tags: [x]}");
	expect_value(files, "variables", "{A: b}");
	expect_value(files, "a", "{tags: [x], extends: .t, script: [x], image: alpine}");
}
END_TEST

START_TEST(a_trigger_job_runs_nothing_and_takes_no_script)
{
	expect_value(FILES("default: {image: alpine, before_script: [hi], interruptible: true}\n"
			   "a: {trigger: {include: child.yml}}\nb: {script: [x]}\n"),
		     "a", "{trigger: {include: child.yml}, interruptible: true}");
}
END_TEST

START_TEST(the_old_place_of_a_default_means_the_same)
{
	struct fixture f;

	fixture_init(&f, FILES("image: alpine\nafter_script: [bye]\na: {script: [x]}\n"));
	ck_assert_int_eq(fixture_load(&f), PIPE_OK);
	ck_assert_str_eq(fixture_show(&f, "a"), "{script: [x], image: alpine, after_script: [bye]}");
	fixture_clear(&f);
}
END_TEST

START_TEST(a_default_stands_in_one_place)
{
	struct fixture f;

	fixture_init(&f, FILES("image: alpine\ndefault: {image: debian}\na: {script: [x]}\n"));
	ck_assert_int_eq(fixture_load(&f), PIPE_EPIPELINE);
	ck_assert_ptr_nonnull(strstr(fixture_said(&f), "ci.yml:1:1: default-twice: \"image\" stands at the top level and in "
						       "\"default\" (keep the one in \"default\")"));
	fixture_clear(&f);
}
END_TEST

START_TEST(references_work_in_defaults)
{
	expect_value(FILES(".s: {script: [hi]}\ndefault: {before_script: [!reference [.s, script]]}\na: {script: [x]}\n"), "a",
		     "{script: [x], before_script: [hi]}");
}
END_TEST

Suite *extends_suite(void)
{
	Suite *s = suite_create("extends");
	TCase *extends = tcase_create("extends");
	TCase *reference = tcase_create("reference");
	TCase *inherit = tcase_create("inherit");

	tcase_add_test(extends, maps_merge_lists_are_replaced_own_keys_win);
	tcase_add_test(extends, later_parents_win_and_parents_may_stand_behind);
	tcase_add_test(extends, a_chain_goes_through_normal_jobs);
	tcase_add_test(extends, extends_is_seen_however_it_is_written);
	tcase_add_test(extends, null_takes_a_key_away);
	tcase_add_test(extends, the_template_itself_stays_as_it_was);
	tcase_add_test(extends, eleven_levels_are_the_most);
	tcase_add_test(extends, a_chain_too_deep_is_found_from_its_top_too);
	tcase_add_test(extends, an_unknown_parent_is_refused_with_the_nearest);
	tcase_add_test(extends, all_unknown_parents_are_said_at_once);
	tcase_add_test(extends, circles_are_refused_with_the_way_round);
	tcase_add_test(extends, what_is_no_job_cannot_be_extended);
	tcase_add_test(extends, ten_thousand_jobs_share_their_template);
	tcase_add_test(extends, templates_that_multiply_are_refused);
	suite_add_tcase(s, extends);
	tcase_add_test(reference, a_reference_brings_values_of_every_shape);
	tcase_add_test(reference, a_list_takes_its_place_in_a_list);
	tcase_add_test(reference, references_nest);
	tcase_add_test(reference, ten_lists_inside_one_another_are_the_most);
	tcase_add_test(reference, a_reference_sees_what_its_target_extends);
	tcase_add_test(reference, a_reference_leads_through_another);
	tcase_add_test(reference, an_unknown_target_is_refused_with_the_nearest);
	tcase_add_test(reference, loops_are_refused);
	tcase_add_test(reference, a_key_beside_is_no_loop);
	tcase_add_test(reference, a_reference_is_a_list_of_names);
	tcase_add_test(reference, references_that_multiply_are_refused);
	suite_add_tcase(s, reference);
	tcase_add_test(inherit, a_job_has_the_defaults_that_it_lacks);
	tcase_add_test(inherit, an_empty_list_switches_a_default_off_and_null_does_not);
	tcase_add_test(inherit, inherit_chooses_the_defaults);
	tcase_add_test(inherit, hidden_jobs_and_keywords_have_no_defaults);
	tcase_add_test(inherit, a_trigger_job_runs_nothing_and_takes_no_script);
	tcase_add_test(inherit, the_old_place_of_a_default_means_the_same);
	tcase_add_test(inherit, a_default_stands_in_one_place);
	tcase_add_test(inherit, references_work_in_defaults);
	suite_add_tcase(s, inherit);
	return s;
}
