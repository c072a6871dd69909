/* The descriptors of the stage types, one for each file; the registry (stage.c) lists them. */
#ifndef STAGES_TYPES_H
#define STAGES_TYPES_H

#include "stages/stage.h"

extern const struct stage_type stage_analyze, stage_attest, stage_build, stage_gate, stage_helm, stage_image, stage_policy,
	stage_scan, stage_sign, stage_smoke, stage_test, stage_verify;

#endif
