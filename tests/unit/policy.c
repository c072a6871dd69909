/* uses: policy: the commands that come of it, where what they name is looked for, and how it judges. */
#include "tests/unit/supply_fixture.h"

Suite *policy_suite(void);

static const struct supply_file files[] = { { "-odd.yaml", "" },
					    { "c/shop/Chart.yaml", "name: shop\nversion: 1.2.3\n" },
					    { "m/a.yaml", "" },
					    { "m/b.yaml", "" },
					    { "o/kustomization.yaml", "" },
					    { NULL, NULL } };

#define CHECKOV "checkov --quiet --compact --skip-download --framework kubernetes "
#define CHECKOV_OUT "--output sarif --output json --output-file-path /s/checkov"
#define KUBECONFORM "sh /s/kubeconform.json kubeconform -output json -summary "

static const struct supply_case good[] = {
	{ &stage_policy, "{tool: kubeconform, manifests: m}", files,
	  KUBECONFORM "m may-fail\nreport kubeconform /s/kubeconform.json\n" },
	{ &stage_policy,
	  "{tool: kubeconform, manifests: ['m/*.yaml', '-*.yaml'], schema_location: s, kubernetes_version: '1.34.0', strict: true, "
	  "ignore_missing_schemas: true, skip: [A, B]}",
	  files,
	  KUBECONFORM "-schema-location s -kubernetes-version 1.34.0 -strict -ignore-missing-schemas -skip A,B m/a.yaml m/b.yaml "
		      "./-odd.yaml may-fail\nreport kubeconform /s/kubeconform.json\n" },
	{ &stage_policy, "{tool: kubeconform, chart: c/shop, values: v.yaml, set: {a: 1}}", files,
	  "$ helm template shop c/shop --output-dir /s/rendered --values v.yaml --set a=1\n" KUBECONFORM
	  "/s/rendered may-fail\nreport kubeconform /s/kubeconform.json @c/shop < /s/rendered/shop\n" },
	{ &stage_policy, "{tool: kubeconform, kustomization: o}", files,
	  "$ kustomize build o --output /s\n" KUBECONFORM "/s may-fail\nreport kubeconform /s/kubeconform.json < /s\n" },
	{ &stage_policy, "{tool: checkov, manifests: [m, m/a.yaml], only: [X], skip: [Y, Z]}", files,
	  "sh /s/checkov.txt " CHECKOV "--directory /w/m --file m/a.yaml " CHECKOV_OUT " --check X --skip-check Y,Z may-fail\n"
	  "report sarif /s/checkov/results_sarif.sarif\nreport checkov /s/checkov/results_json.json\n" },
	{ &stage_policy, "{tool: checkov, chart: c/shop}", files,
	  "$ helm template shop c/shop --output-dir /s/rendered\n"
	  "sh /s/rendered /s/checkov.txt " CHECKOV "--directory . " CHECKOV_OUT " may-fail\n"
	  "report sarif /s/checkov/results_sarif.sarif @c/shop < shop\nreport checkov /s/checkov/results_json.json\n" },
	{ &stage_policy, "{tool: kyverno, manifests: m, policies: [p, q]}", files,
	  "sh /s/kyverno.json kyverno apply p q --resource m --policy-report --output-format json may-fail\n"
	  "report policyreport /s/kyverno.json\n" },
};

static const struct supply_case bad[] = {
	{ &stage_policy, "{tool: kubeconform, manifests: x}", files, "there is nothing at \"x\"" },
	{ &stage_policy, "{tool: kubeconform, manifests: 'm/*.json'}", files, "no file matches \"m/*.json\"" },
	{ &stage_policy, "{tool: kubeconform, manifests: []}", files, "\"manifests\" names nothing" },
	{ &stage_policy, "{tool: kubeconform, manifests: ../m}", files, "leads out of the workspace" },
	{ &stage_policy, "{tool: kubeconform, kustomization: x}", files, "there is no kustomization at \"x\"" },
	{ &stage_policy, "{tool: kubeconform, chart: m}", files, "it has no Chart.yaml" },
};

START_TEST(parameters_become_commands)
{
	supply_makes(&good[_i]);
}
END_TEST

START_TEST(what_cannot_be_meant_is_refused)
{
	supply_refuses(&bad[_i]);
}
END_TEST

/* ---- how it judges ---- */

static const struct {
	enum step_end end;
	int exit_code;
	uint64_t found, counting, refused;
	double counted;
	const char *reason; /* NULL: it passes */
} verdicts[] = {
	{ STEP_OK, 0, 0, 0, 0, 3, NULL },
	{ STEP_FAILED, 1, 1, 1, 0, 3, "1 finding of severity high and above: a.yaml:7: high: no good [bad]" },
	{ STEP_FAILED, 1, 1, 0, 0, 3, NULL }, /* below the bound */
	{ STEP_FAILED, 1, 0, 0, 0, 3, "kubeconform failed with exit code 1, and no finding explains it" },
	{ STEP_FAILED, 2, 1, 1, 0, 3, "kubeconform failed with exit code 2, and that is no sign of findings" },
	{ STEP_FAILED, 1, 1, 0, 2, 3, "kubeconform could not judge 2 resources: a.yaml:7: high: no good [bad]" },
	{ STEP_OK, 0, 0, 0, 0, 0, "there was nothing for kubeconform to judge" },
	{ STEP_TIMED_OUT, -1, 0, 0, 0, -1, "kubeconform did not work" },
};

START_TEST(could_not_judge_is_told_from_found_something)
{
	struct supply f;
	struct step *s;

	supply_compile(&f, &stage_policy, "{tool: kubeconform, manifests: m}", files);
	s = &f.job.steps.items[0];
	s->state = STEP_DONE;
	s->end = verdicts[_i].end;
	s->exit_code = verdicts[_i].exit_code;
	f.totals.findings[FINDING_MISCONFIGURATION][SEVERITY_HIGH] = verdicts[_i].found;
	f.findings = verdicts[_i].counting;
	f.refused = verdicts[_i].refused;
	f.counted = verdicts[_i].counted;
	ck_assert_int_eq(stage_policy.evaluate(&f.job, &f.err), PIPE_OK);
	ck_assert_int_eq(f.job.verdict, verdicts[_i].reason ? VERDICT_FAIL : VERDICT_PASS);
	if (verdicts[_i].reason)
		ck_assert_str_eq(f.job.reason, verdicts[_i].reason);
	supply_clear(&f);
}
END_TEST

Suite *policy_suite(void)
{
	Suite *s = suite_create("policy");
	TCase *c = tcase_create("policy");

	tcase_add_loop_test(c, parameters_become_commands, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(c, what_cannot_be_meant_is_refused, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_loop_test(c, could_not_judge_is_told_from_found_something, 0, sizeof(verdicts) / sizeof(*verdicts));
	suite_add_tcase(s, c);
	return s;
}
