// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What is known of the time steps that have not been pulled: a queue of small records that are
 * filled in any order and taken in theirs.
 */
#ifndef VMT_RESULTS_H
#define VMT_RESULTS_H

#include <stddef.h>

#include "vmaf_tiny.h"

typedef struct VmtResult {
    int done;
    int wanted;    /**< 0: only its motion is needed, for its neighbour */
    double motion; /**< from the picture before; 0 for the first */
} VmtResult;

typedef struct VmtResults {
    VmtResult *steps;
    double (*values)[VMT_FEATURES]; /**< [capacity * renditions] */
    size_t capacity, count, head;
    int renditions;
    int64_t first; /**< index of the step at the head */
} VmtResults;

/** Make room for one more step, at the end. Returns 0 or -ENOMEM. */
int vmt_results_reserve(VmtResults *results);

/** Add a step; there must be room. */
void vmt_results_add(VmtResults *results, int wanted);

/** A step by its index, and its values [renditions]. */
VmtResult *vmt_results_at(const VmtResults *results, int64_t index);
double (*vmt_results_values(const VmtResults *results, int64_t index))[VMT_FEATURES];

/**
 * Take the rows of the next wanted step.
 *
 * @param ended no step will be added
 * @return 1 if rows were written, 0 if the step or the one after it is not done or not there
 */
int vmt_results_take(VmtResults *results, VmtRow *rows, int ended);

void vmt_results_free(VmtResults *results);

#endif
