/* uses: helm: the order of its steps, how values are written, and what is refused before anything runs. */
#include "tests/unit/supply_fixture.h"

Suite *helm_suite(void);

static const struct supply_file files[] = { { "c/shop/Chart.yaml", "name: shop\nversion: 1.2.3\n" },
					    { "c/nameless/Chart.yaml", "version: 1.2.3\n" },
					    { "c/odd/Chart.yaml", "name: odd\nversion: 1.x\n" },
					    { "c/torn/Chart.yaml", "name: [\n" },
					    { "c/empty/values.yaml", "" },
					    { "c/shop-1.2.3.tgz", "" },
					    { NULL, NULL } };

#define LINT "$ helm lint c/shop\n"
#define REPORT "report helm log @c/shop\n"

static const struct supply_case good[] = {
	{ &stage_helm, "{chart: c/shop}", files, LINT REPORT },
	{ &stage_helm, "{chart: c/shop, fail_on: medium, values: v.yaml}", files,
	  "$ helm lint c/shop --strict --values v.yaml\n" REPORT },
	{ &stage_helm, "{chart: c/shop, fail_on: none}", files, "$ helm lint c/shop may-fail\n" REPORT },
	{ &stage_helm,
	  "{chart: c/shop, lint: false, template: out/all.yaml, set: {a.b: 'x,y', c: '{z', d: 3}, set_string: {e: 4}}", files,
	  "sh /w/out/all.yaml helm template shop c/shop --set a.b=x\\,y --set c=\\{z --set d=3 --set-string e=4\n" REPORT
	  "output out/all.yaml\n" },
	{ &stage_helm, "{chart: c/shop, lint: false, template: out/, kubernetes_version: '1.34.0'}", files,
	  "$ helm template shop c/shop --output-dir out --kube-version 1.34.0\n" REPORT "output out/**/*\n" },
	{ &stage_helm, "{chart: c/shop, dependency: build, package: true, version: v2.0.0, app_version: 7}", files,
	  "$ helm dependency build c/shop\n" LINT "$ helm package c/shop --version 2.0.0 --app-version 7 --destination .\n" REPORT
	  "output shop-2.0.0.tgz\n" },
	{ &stage_helm, "{chart: c/shop, lint: false, push: 'oci://r.test/charts', ca_file: ca.pem}", files,
	  "$ helm package c/shop --version 1.2.3 --destination /s\n"
	  "$ helm push /s/shop-1.2.3.tgz oci://r.test/charts --ca-file ca.pem\n" REPORT },
	{ &stage_helm, "{chart: c/shop-1.2.3.tgz, push: 'oci://r.test/charts', docker_config: d}", files,
	  "$ helm push c/shop-1.2.3.tgz oci://r.test/charts --registry-config d/config.json\nreport helm log\n" },
	{ &stage_helm, "{chart: c/shop, lint: false, push: 'https://m.test/'}", files,
	  "$ helm package c/shop --version 1.2.3 --destination /s\naction\n" REPORT },
	{ &stage_helm,
	  "{chart: 'oci://r.test/charts/shop', pull: true, version: 1.2.3, destination: d, username: u, password: p}", files,
	  "$ mkdir -p -- d\n"
	  "sh helm registry login r.test --username u --registry-config /s/helm-registry.json\n"
	  "$ helm pull oci://r.test/charts/shop --version 1.2.3 --destination d --registry-config /s/helm-registry.json\n"
	  "report helm log\noutput d/*.tgz\n" },
};

static const struct supply_case bad[] = {
	{ &stage_helm, "{chart: c/empty}", files, "it has no Chart.yaml" },
	{ &stage_helm, "{chart: c/nameless}", files, "does not say the chart's \"name\"" },
	{ &stage_helm, "{chart: c/torn}", files, "c/torn/Chart.yaml:" },
	{ &stage_helm, "{chart: ../shop}", files, "leads out of the workspace" },
	{ &stage_helm, "{chart: $NOTHING}", files, "stands for nothing" },
	{ &stage_helm, "{chart: c/odd, package: true}", files, "\"1.x\" is no version of a chart" },
	{ &stage_helm, "{chart: c/shop, package: true, version: '1.2'}", files, "\"1.2\" is no version of a chart" },
	{ &stage_helm, "{chart: c/shop, package: true, version: $NOTHING}", files, "\"version\" is empty" },
	{ &stage_helm, "{chart: c/shop, push: r.test/charts}", files, "it begins with oci://" },
	{ &stage_helm, "{chart: c/shop, set: {a: $NOTHING}}", files, "the value of \"a\" is empty" },
	{ &stage_helm, "{chart: c/shop, set: {'a=b': c}}", files, "\"a=b\" is no path of a value" },
	{ &stage_helm, "{chart: c/shop, lint: false}", files, "there is nothing to do" },
	{ &stage_helm, "{chart: c/shop-1.2.3.tgz}", files, "there is nothing to do" },
	{ &stage_helm, "{chart: c/shop, template: ../x.yaml}", files, "leads out of the workspace" },
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

START_TEST(a_password_is_in_no_argument)
{
	struct supply f;
	const struct step *s;

	supply_compile(&f, &stage_helm, "{chart: c/shop, lint: false, push: 'oci://r.test/c', username: u, password: hidden}",
		       files);
	ck_assert_int_eq(f.rc, PIPE_OK);
	for (uint32_t i = 0; i < f.job.steps.count; i++)
		for (size_t k = 0; f.job.steps.items[i].argv[k]; k++)
			ck_assert_ptr_null(strstr(f.job.steps.items[i].argv[k], "hidden"));
	s = &f.job.steps.items[1];
	ck_assert_str_eq(s->env[0], "PIPE_HELM_PASSWORD=hidden");
	supply_clear(&f);
}
END_TEST

START_TEST(the_package_goes_to_the_museums_api)
{
	static const struct {
		const char *push, *url;
	} places[] = { { "https://m.test", "https://m.test/api/charts" },
		       { "https://m.test//", "https://m.test/api/charts" },
		       { "https://m.test/api/org/repo/charts", "https://m.test/api/org/repo/charts" } };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct action_upload *u;
		char with[200];
		struct supply f;
		snprintf(with, sizeof(with), "{chart: c/shop, lint: false, push: '%s', username: u, password: p}",
			 places[i].push);
		supply_compile(&f, &stage_helm, with, files);
		ck_assert_int_eq(f.rc, PIPE_OK);
		ck_assert_int_eq(f.job.steps.items[1].action->kind, ACTION_UPLOAD);
		u = f.job.steps.items[1].action->arguments;
		ck_assert_str_eq(u->url, places[i].url);
		ck_assert_str_eq(u->method, "POST");
		ck_assert_str_eq(u->file, "/s/shop-1.2.3.tgz");
		ck_assert_str_eq(u->user, "u");
		supply_clear(&f);
	}
}
END_TEST

Suite *helm_suite(void)
{
	Suite *s = suite_create("helm");
	TCase *c = tcase_create("helm");

	tcase_add_loop_test(c, parameters_become_commands, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(c, what_cannot_be_meant_is_refused, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(c, a_password_is_in_no_argument);
	tcase_add_test(c, the_package_goes_to_the_museums_api);
	suite_add_tcase(s, c);
	return s;
}
