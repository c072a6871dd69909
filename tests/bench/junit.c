/*
 * Reading JUnit XML beside the least that can read it.
 *   junit write CASES FILE    a report of so many cases, as Surefire would write it
 *   junit pipe FILE           reads it into evidence, which is counted
 *   junit expat FILE          expat alone, with handlers that count elements and characters
 */
#include "stages/report/formats.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counted {
	uint64_t tests, failed, text;
};

static int write_report(const char *path, long cases)
{
	FILE *f = fopen(path, "wb");

	if (!f)
		return 1;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", f);
	for (long i = 0; i < cases; i++) {
		if (i % 100 == 0)
			fprintf(f,
				"%s<testsuite name=\"com.example.shop.Module%ldTest\" time=\"1.5\" tests=\"100\" errors=\"0\" skipped=\"0\" failures=\"1\">\n",
				i ? "</testsuite>\n" : "", i / 100);
		fprintf(f,
			"  <testcase name=\"computesTotalOfCart%ld\" classname=\"com.example.shop.Module%ldTest\" time=\"0.0%02ld\"",
			i, i / 100, i % 97);
		if (i % 100 == 7)
			fprintf(f,
				">\n    <failure message=\"expected: &lt;%ld&gt; but was: &lt;4&gt;\" type=\"AssertionFailedError\"><![CDATA[expected\n"
				"\tat com.example.shop.Module.test(Module.java:42)\n\tat java.base/Method.invoke(Method.java:569)\n]]></failure>\n"
				"  </testcase>\n",
				i);
		else
			fputs("/>\n", f);
	}
	fputs("</testsuite>\n</testsuites>\n", f);
	return fclose(f) != 0;
}

static int count_test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	struct counted *c = payload;

	(void)err;
	c->tests++;
	c->failed += t->status == TEST_FAILED;
	c->text += strlen(t->details);
	return PIPE_OK;
}

static int64_t read_file(void *payload, char *buffer, size_t size, pipe_error *err)
{
	(void)err;
	return (int64_t)fread(buffer, 1, size, payload);
}

static int with_pipe(FILE *f, struct counted *c)
{
	struct report_options options = { .workspace = "/w", .tool = "" };
	struct evidence_sink sink = { .test = count_test, .payload = c };
	pipe_error err = { 0 };
	int rc = report_read(&report_junit, "junit.xml", read_file, f, &options, &sink, NULL, &err);

	if (rc)
		fprintf(stderr, "%u:%u: %s\n", err.line, err.column, err.text);
	return rc != 0;
}

static void XMLCALL count_open(void *payload, const char *name, const char **attributes)
{
	struct counted *c = payload;

	(void)attributes;
	c->tests += !strcmp(name, "testcase");
	c->failed += !strcmp(name, "failure");
}

static void XMLCALL count_close(void *payload, const char *name)
{
	(void)payload, (void)name;
}

static void XMLCALL count_text(void *payload, const char *text, int length)
{
	(void)text;
	((struct counted *)payload)->text += (uint64_t)length;
}

static int with_expat(FILE *f, struct counted *c)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	char buffer[65536];
	size_t n = 1;
	int bad = !parser;

	if (parser) {
		XML_SetUserData(parser, c);
		XML_SetElementHandler(parser, count_open, count_close);
		XML_SetCharacterDataHandler(parser, count_text);
	}
	while (!bad && n) {
		n = fread(buffer, 1, sizeof(buffer), f);
		bad = XML_Parse(parser, buffer, (int)n, n == 0) != XML_STATUS_OK;
	}
	XML_ParserFree(parser);
	return bad;
}

int main(int argc, char **argv)
{
	struct counted c = { 0 };
	int bad;
	FILE *f;

	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_report(argv[3], strtol(argv[2], NULL, 10));
	if (argc != 3)
		return 2;
	f = fopen(argv[2], "rb");
	if (!f)
		return 1;
	bad = !strcmp(argv[1], "pipe") ? with_pipe(f, &c) : with_expat(f, &c);
	fclose(f);
	printf("%llu tests, %llu failed, %llu bytes of text\n", (unsigned long long)c.tests, (unsigned long long)c.failed,
	       (unsigned long long)c.text);
	return bad;
}
