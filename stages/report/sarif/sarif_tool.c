/* Tools that write SARIF and find something else than issues. */
#include "stages/report/sarif/sarif.h"

#include <strings.h>

static const struct {
	const char *tool;
	enum finding_kind kind;
	unsigned scope;
} tools[] = {
	{ "checkov", FINDING_MISCONFIGURATION, GIVES_MISCONFIGURATIONS },
	{ "gitleaks", FINDING_SECRET, GIVES_SECRETS },
	{ "grype", FINDING_VULNERABILITY, GIVES_VULNERABILITIES },
	{ "kics", FINDING_MISCONFIGURATION, GIVES_MISCONFIGURATIONS },
	{ "osv-scanner", FINDING_VULNERABILITY, GIVES_VULNERABILITIES },
	{ "snyk container", FINDING_VULNERABILITY, GIVES_VULNERABILITIES },
	{ "snyk open source", FINDING_VULNERABILITY, GIVES_VULNERABILITIES },
	{ "terrascan", FINDING_MISCONFIGURATION, GIVES_MISCONFIGURATIONS },
	{ "tfsec", FINDING_MISCONFIGURATION, GIVES_MISCONFIGURATIONS },
	{ "trivy", FINDING_VULNERABILITY, GIVES_VULNERABILITIES | GIVES_SECRETS | GIVES_MISCONFIGURATIONS },
	{ "trufflehog", FINDING_SECRET, GIVES_SECRETS },
};

void sarif_tool_kind(const char *tool, enum finding_kind *kind, unsigned *scope)
{
	*kind = FINDING_ISSUE;
	*scope = GIVES_ISSUES;
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		if (!strcasecmp(tools[i].tool, tool)) {
			*kind = tools[i].kind;
			*scope = tools[i].scope;
		}
}
