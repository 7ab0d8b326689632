// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * All features of one time step: what a worker does, and the buffers it does it in.
 */
#ifndef VMT_FEATURES_EXTRACT_H
#define VMT_FEATURES_EXTRACT_H

#include "features/picture.h"
#include "vmaf_tiny.h"

/** The buffers of one worker. */
typedef struct VmtExtractor VmtExtractor;

/** Returns 0 or -ENOMEM. */
int vmt_extractor_open(VmtExtractor **out, const VmtFormat *format, int stage_times);
void vmt_extractor_close(VmtExtractor **extractor);

/** ADM and VIF of every rendition; value [renditions][VMT_FEATURES], motion2 is left alone. */
void vmt_extract(VmtExtractor *extractor, VmtPlane ref, const VmtPlane *dis,
                 double (*value)[VMT_FEATURES]);

/** Motion between two consecutive reference pictures. */
double vmt_extract_motion(VmtExtractor *extractor, VmtPlane previous, VmtPlane current);

/** Seconds in a VMT_STAGE_ so far; 0 if opened without stage_times. */
double vmt_extractor_seconds(const VmtExtractor *extractor, int stage);

#endif
