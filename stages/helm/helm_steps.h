/* uses: helm, between its files: helm.c has the parameters and the verdict, helm_steps.c the steps. */
#ifndef STAGES_HELM_HELM_STEPS_H
#define STAGES_HELM_HELM_STEPS_H

#include "stages/findings.h"
#include "stages/helm/helm.h"

struct helm {
	struct findings_bound bound;
	struct helm_chart chart;
	const char *dependency, *push, *pull, *package, *destination, *version, *app_version, *repository;
	const char *ca_file, *docker_config, *username, *password;
	bool lint, insecure, plain_http;
	const char *file;  /* the package, absolute or in the workspace; NULL: none is made */
	const char *first; /* finding, in words */
	bool pushed;
};

/* The steps, in this order; each adds nothing where it is not asked for. */
int helm_add_dependency(struct stage_job *job, const struct helm *h, pipe_error *err);
int helm_add_lint(struct stage_job *job, const struct helm *h, pipe_error *err);
int helm_add_template(struct stage_job *job, const struct helm *h, pipe_error *err);
/* Sets h->file. */
int helm_add_package(struct stage_job *job, struct helm *h, pipe_error *err);
int helm_add_push(struct stage_job *job, const struct helm *h, pipe_error *err);
int helm_add_pull(struct stage_job *job, const struct helm *h, pipe_error *err);

#endif
