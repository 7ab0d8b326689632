// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "vmaf_tiny.h"

const char *vmt_mode_name(int mode)
{
    return mode == VMT_MODE_EXACT ? "exact" : mode == VMT_MODE_FAST ? "fast" : NULL;
}

const char *vmt_stage_name(int stage)
{
    static const char *const names[VMT_STAGES] = {
        [VMT_STAGE_VIF_SCALE0] = "vif_scale0",
        [VMT_STAGE_VIF_SCALE1] = "vif_scale1",
        [VMT_STAGE_VIF_SCALE2] = "vif_scale2",
        [VMT_STAGE_VIF_SCALE3] = "vif_scale3",
        [VMT_STAGE_ADM] = "adm",
        [VMT_STAGE_MOTION] = "motion",
    };
    return stage >= 0 && stage < VMT_STAGES ? names[stage] : NULL;
}

const char *vmt_feature_name(int feature)
{
    static const char *const names[VMT_FEATURES] = {
        [VMT_ADM2] = "adm2",
        [VMT_VIF_SCALE0] = "vif_scale0",
        [VMT_VIF_SCALE1] = "vif_scale1",
        [VMT_VIF_SCALE2] = "vif_scale2",
        [VMT_VIF_SCALE3] = "vif_scale3",
        [VMT_MOTION2] = "motion2",
    };
    return feature >= 0 && feature < VMT_FEATURES ? names[feature] : NULL;
}
