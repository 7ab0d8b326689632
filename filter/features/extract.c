// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/extract.h"

#include <errno.h>
#include <stdlib.h>

#include "features/adm.h"
#include "features/motion.h"
#include "features/vif.h"

struct VmtExtractor {
    VmtFormat format;
    VmtArena arena;
    VmtVif vif;
    VmtAdm adm;
    VmtMotion motion;
    VmtLaps laps;
};

static void lay_out(VmtExtractor *extractor)
{
    vmt_vif_lay_out(&extractor->vif, &extractor->arena, &extractor->format);
    vmt_adm_lay_out(&extractor->adm, &extractor->arena, &extractor->format);
    vmt_motion_lay_out(&extractor->motion, &extractor->arena, &extractor->format);
}

int vmt_extractor_open(VmtExtractor **out, const VmtFormat *format, int stage_times)
{
    VmtExtractor *extractor = calloc(1, sizeof(*extractor));

    *out = extractor;
    if (!extractor)
        return -ENOMEM;
    extractor->format = *format;
    extractor->laps.wanted = stage_times;
    lay_out(extractor);
    if (vmt_arena_alloc(&extractor->arena) < 0) {
        vmt_extractor_close(out);
        return -ENOMEM;
    }
    lay_out(extractor);
    return 0;
}

void vmt_extractor_close(VmtExtractor **extractor)
{
    if (*extractor)
        vmt_arena_free(&(*extractor)->arena);
    free(*extractor);
    *extractor = NULL;
}

void vmt_extract(VmtExtractor *extractor, VmtPlane ref, const VmtPlane *dis,
                 double (*value)[VMT_FEATURES])
{
    double vif[VMT_RENDITIONS_MAX][VMT_SCALES], adm[VMT_RENDITIONS_MAX];

    vmt_laps_begin(&extractor->laps);
    vmt_vif(&extractor->vif, &extractor->format, ref, dis, vif, &extractor->laps);
    vmt_adm(&extractor->adm, &extractor->format, ref, dis, adm);
    vmt_lap(&extractor->laps, VMT_STAGE_ADM);
    for (int r = 0; r < extractor->format.renditions; r++) {
        value[r][VMT_ADM2] = adm[r];
        for (int s = 0; s < VMT_SCALES; s++)
            value[r][VMT_VIF_SCALE0 + s] = vif[r][s];
    }
}

double vmt_extract_motion(VmtExtractor *extractor, VmtPlane previous, VmtPlane current)
{
    vmt_laps_begin(&extractor->laps);
    const double motion = vmt_motion(&extractor->motion, &extractor->format, previous, current);
    vmt_lap(&extractor->laps, VMT_STAGE_MOTION);
    return motion;
}

double vmt_extractor_seconds(const VmtExtractor *extractor, int stage)
{
    return extractor->laps.seconds[stage];
}
