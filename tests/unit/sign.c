/* uses: sign, verify and attest: the commands that come of them, what is refused, and what Cosign's exit codes become. */
#include "tests/unit/supply_fixture.h"

Suite *sign_suite(void);

static const struct supply_file files[] = { { "cosign.key", "" }, { "cosign.pub", "" }, { "bom.json", "" }, { NULL, NULL } };

#define AT "r.test/shop@" DIGEST

static const struct supply_case good[] = {
	{ &stage_sign, "{key: cosign.key}", files, "$ cosign sign --key cosign.key --yes --tlog-upload=false " AT "\n" },
	{ &stage_sign,
	  "{key: $KEY, tlog: true, insecure: true, ca_file: ca.pem, annotations: {a: 1}, args: [-d], image: [$IMAGE, b@" DIGEST
	  "]}",
	  files,
	  "$ cosign sign --key env://PIPE_COSIGN_KEY --allow-insecure-registry --registry-cacert ca.pem --yes --tlog-upload=true -a a=1 -d " AT
	  "\n"
	  "$ cosign sign --key env://PIPE_COSIGN_KEY --allow-insecure-registry --registry-cacert ca.pem --yes --tlog-upload=true -a a=1 -d b@" DIGEST
	  "\n" },
	{ &stage_verify, "{key: cosign.pub, plain_http: true}", files,
	  "$ cosign verify --key cosign.pub --allow-http-registry --insecure-ignore-tlog=true " AT "\n" },
	{ &stage_verify, "{key: cosign.pub, attestation: cyclonedx, policy: [p.cue]}", files,
	  "$ cosign verify-attestation --key cosign.pub --insecure-ignore-tlog=true --type cyclonedx --policy p.cue " AT "\n" },
	{ &stage_attest, "{key: cosign.key, predicate: bom.json, type: cyclonedx}", files,
	  "$ cosign attest --key cosign.key --yes --tlog-upload=false --predicate bom.json --type cyclonedx " AT "\n" },
	{ &stage_attest, "{key: cosign.key, output: out/p.json}", files,
	  "action\n"
	  "$ cosign attest --key cosign.key --yes --tlog-upload=false --predicate out/p.json --type slsaprovenance1 " AT "\n"
	  "output out/p.json\n" },
};

static const struct supply_case bad[] = {
	{ &stage_sign, "{key: cosign.key, image: 'r.test/shop:1'}", files, "is no image by its digest" },
	{ &stage_sign, "{key: cosign.key, image: 'r.test/shop@sha256:12'}", files, "is no image by its digest" },
	{ &stage_sign, "{key: cosign.key, image: --help}", files, "\"--help\" is no image" },
	{ &stage_sign, "{key: cosign.key, image: $NOTHING}", files, "\"$NOTHING\" stands for nothing" },
	{ &stage_sign, "{key: $NOTHING}", files, "there is no key: \"$NOTHING\" stands for nothing" },
	{ &stage_sign, "{key: other.key}", files, "the key \"other.key\" is not there" },
	{ &stage_sign, "{key: cosign.key, annotations: {'a=b': c}}", files, "\"a=b\" is no name of an annotation" },
	{ &stage_attest, "{key: cosign.key, predicate: no.json, type: vuln}", files, "the predicate \"no.json\" is not there" },
	{ &stage_attest, "{key: cosign.key, predicate: ../x, type: vuln}", files, "leads out of the workspace" },
	{ &stage_attest, "{key: cosign.key, output: ../x}", files, "leads out of the workspace" },
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

START_TEST(a_key_that_is_text_goes_through_the_environment_alone)
{
	struct supply f;
	const struct step *s;
	bool password = false, key = false;

	supply_compile(&f, &stage_sign, "{key: $KEY, password: pw}", files);
	ck_assert_int_eq(f.rc, PIPE_OK);
	s = &f.job.steps.items[0];
	for (size_t i = 0; s->argv[i]; i++)
		ck_assert(!strstr(s->argv[i], "BEGIN") && !strstr(s->argv[i], "pw"));
	for (size_t i = 0; s->env[i]; i++) {
		password |= !strcmp(s->env[i], "COSIGN_PASSWORD=pw");
		key |= !strcmp(s->env[i], "PIPE_COSIGN_KEY=-----BEGIN PRIVATE KEY-----\nabc\n");
	}
	ck_assert(password && key);
	supply_clear(&f);
}
END_TEST

START_TEST(exit_codes_become_words)
{
	static const struct {
		int code;
		const char *words;
	} codes[] = { { 10, "has no such signature" }, { 12, "that this key" }, { 1, "failed with exit code 1" } };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct supply f;
		supply_compile(&f, &stage_verify, "{key: cosign.pub}", files);
		f.job.steps.items[0].state = STEP_DONE;
		f.job.steps.items[0].end = STEP_FAILED;
		f.job.steps.items[0].exit_code = codes[i].code;
		ck_assert_int_eq(stage_verify.evaluate(&f.job, &f.err), PIPE_OK);
		ck_assert_int_eq(f.job.verdict, VERDICT_FAIL);
		ck_assert_msg(strstr(f.job.reason, codes[i].words), "%s", f.job.reason);
		supply_clear(&f);
	}
}
END_TEST

Suite *sign_suite(void)
{
	Suite *s = suite_create("sign");
	TCase *c = tcase_create("sign");

	tcase_add_loop_test(c, parameters_become_commands, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(c, what_cannot_be_meant_is_refused, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(c, a_key_that_is_text_goes_through_the_environment_alone);
	tcase_add_test(c, exit_codes_become_words);
	suite_add_tcase(s, c);
	return s;
}
