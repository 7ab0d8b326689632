// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What the filter tells: windows on the way, at the end the score and the log of each rendition.
 */
#ifndef AVFILTER_VMAF_TINY_RESULT_H
#define AVFILTER_VMAF_TINY_RESULT_H

#include "avfilter.h"

/** Tell the scores of a window that has ended with the frame that left last. */
int ff_vmaf_tiny_tell_window(AVFilterContext *ctx);

/** Write the logs and tell the scores, of the frames that have left. */
int ff_vmaf_tiny_finish(AVFilterContext *ctx);

/** The same where the graph is taken down from outside, of which the links may be gone already. */
void ff_vmaf_tiny_stop(AVFilterContext *ctx);

#endif
