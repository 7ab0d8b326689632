// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Where the time of a worker goes, for those who ask: VmtConfig.stage_times.
 */
#ifndef VMT_FEATURES_LAPS_H
#define VMT_FEATURES_LAPS_H

#include "vmaf_tiny.h"

/** Seconds of this thread's processor by stage. */
typedef struct VmtLaps {
    int wanted;
    double begun, seconds[VMT_STAGES];
} VmtLaps;

/** The first stage begins. */
void vmt_laps_begin(VmtLaps *laps);

/** A stage has ended, and the next begins. */
void vmt_lap(VmtLaps *laps, int stage);

#endif
