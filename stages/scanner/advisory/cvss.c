/* Scores: each metric of a vector is a letter with a weight; the formulas are those of the specifications. */
#include "stages/scanner/advisory/cvss.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct metric {
	const char *name, *letters; /* "AV", "NALP" */
	double weights[4];	    /* in the order of the letters */
};

/* The letter behind "/NAME:"; '\0': it is not there. */
static char letter_of(const char *vector, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = vector; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!strncmp(at, name, length) && at[length] == ':' && at[length + 1] && strchr("/", at[length + 2]))
			return at[length + 1];
	}
	return '\0';
}

static bool weigh(const char *vector, const struct metric *metrics, size_t count, double *out)
{
	for (size_t i = 0; i < count; i++) {
		char letter = letter_of(vector, metrics[i].name);
		const char *at = letter ? strchr(metrics[i].letters, letter) : NULL;

		if (!at)
			return false;
		out[i] = metrics[i].weights[at - metrics[i].letters];
	}
	return true;
}

/* The smallest number with one decimal that is not below it, as version 3.1 rounds up without surprises of binary fractions. */
static double round_up(double value)
{
	long scaled = lround(value * 100000), tenths = scaled / 10000 + (scaled % 10000 != 0);

	return (double)tenths / 10;
}

static double score_3(const char *vector)
{
	static const struct metric metrics[] = {
		{ "AV", "NALP", { 0.85, 0.62, 0.55, 0.2 } }, { "AC", "LH", { 0.77, 0.44 } },	{ "UI", "NR", { 0.85, 0.62 } },
		{ "C", "HLN", { 0.56, 0.22, 0 } },	     { "I", "HLN", { 0.56, 0.22, 0 } }, { "A", "HLN", { 0.56, 0.22, 0 } },
		{ "PR", "NLH", { 0.85, 0.62, 0.27 } },	     { "S", "UC", { 0, 1 } },
	};
	static const double changed_privileges[] = { 0.85, 0.68, 0.5 };
	enum { AV, AC, UI, C, I, A, PR, S, COUNT };
	double w[COUNT], missed, impact, sum;

	if (!weigh(vector, metrics, COUNT, w))
		return -1;
	if (w[S] > 0)
		w[PR] = changed_privileges[strchr("NLH", letter_of(vector, "PR")) - "NLH"];
	missed = 1 - (1 - w[C]) * (1 - w[I]) * (1 - w[A]);
	impact = w[S] > 0 ? 7.52 * (missed - 0.029) - 3.25 * pow(missed - 0.02, 15) : 6.42 * missed;
	if (impact <= 0)
		return 0;
	sum = impact + 8.22 * w[AV] * w[AC] * w[PR] * w[UI];
	return round_up(fmin(w[S] > 0 ? 1.08 * sum : sum, 10));
}

static double score_2(const char *vector)
{
	static const struct metric metrics[] = {
		{ "AV", "LAN", { 0.395, 0.646, 1 } },	{ "AC", "HML", { 0.35, 0.61, 0.71 } },
		{ "Au", "MSN", { 0.45, 0.56, 0.704 } }, { "C", "NPC", { 0, 0.275, 0.66 } },
		{ "I", "NPC", { 0, 0.275, 0.66 } },	{ "A", "NPC", { 0, 0.275, 0.66 } },
	};
	enum { AV, AC, AU, C, I, A, COUNT };
	double w[COUNT], impact, exploit;

	if (!weigh(vector, metrics, COUNT, w))
		return -1;
	impact = 10.41 * (1 - (1 - w[C]) * (1 - w[I]) * (1 - w[A]));
	exploit = 20 * w[AV] * w[AC] * w[AU];
	return round((0.6 * impact + 0.4 * exploit - 1.5) * (impact > 0 ? 1.176 : 0) * 10) / 10;
}

double cvss_score(const char *vector)
{
	if (!strncmp(vector, "CVSS:3.", 7))
		return score_3(vector);
	if (!strncmp(vector, "CVSS:", 5))
		return -1;
	return score_2(vector);
}
