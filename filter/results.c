// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t slot(const VmtResults *results, int64_t index)
{
    return (results->head + (size_t)(index - results->first)) % results->capacity;
}

VmtResult *vmt_results_at(const VmtResults *results, int64_t index)
{
    return &results->steps[slot(results, index)];
}

double (*vmt_results_values(const VmtResults *results, int64_t index))[VMT_FEATURES]
{
    return results->values + slot(results, index) * (size_t)results->renditions;
}

/* Twice the room, with the head moved to the start. */
static int grow(VmtResults *results)
{
    VmtResults grown = *results;
    const size_t n = (size_t)results->renditions;

    grown.capacity = results->capacity ? 2 * results->capacity : 16;
    grown.head = 0;
    grown.steps = calloc(grown.capacity, sizeof(*grown.steps));
    grown.values = calloc(grown.capacity * n, sizeof(*grown.values));
    if (!grown.steps || !grown.values) {
        free(grown.steps);
        free(grown.values);
        return -ENOMEM;
    }
    for (size_t i = 0; i < results->count; i++) {
        const int64_t index = results->first + (int64_t)i;
        grown.steps[i] = *vmt_results_at(results, index);
        memcpy(grown.values + i * n, vmt_results_values(results, index),
               n * sizeof(*grown.values));
    }
    vmt_results_free(results);
    *results = grown;
    return 0;
}

int vmt_results_reserve(VmtResults *results)
{
    return results->count < results->capacity ? 0 : grow(results);
}

void vmt_results_add(VmtResults *results, int wanted)
{
    const int64_t index = results->first + (int64_t)results->count++;
    *vmt_results_at(results, index) = (VmtResult){ .wanted = wanted };
}

static void drop_head(VmtResults *results)
{
    results->head = (results->head + 1) % results->capacity;
    results->first++;
    results->count--;
}

/* The smaller of the motions to and from a picture; the ends of the video have no motion there. */
static double motion2(const VmtResults *results)
{
    const VmtResult *step = vmt_results_at(results, results->first);
    if (results->first == 0 || results->count < 2)
        return step->motion;
    const double next = vmt_results_at(results, results->first + 1)->motion;
    return step->motion < next ? step->motion : next;
}

int vmt_results_take(VmtResults *results, VmtRow *rows, int ended)
{
    while (results->count > 0) {
        const int64_t index = results->first;
        const VmtResult *step = vmt_results_at(results, index);
        const int next_done = results->count > 1 ? vmt_results_at(results, index + 1)->done : ended;
        const int wanted = step->wanted;

        if (!step->done || (wanted && !next_done))
            return 0;
        for (int r = 0; wanted && r < results->renditions; r++) {
            rows[r].index = index;
            memcpy(rows[r].value, vmt_results_values(results, index)[r], sizeof(rows[r].value));
            rows[r].value[VMT_MOTION2] = motion2(results);
        }
        drop_head(results);
        if (wanted)
            return 1;
    }
    return 0;
}

void vmt_results_free(VmtResults *results)
{
    free(results->steps);
    free(results->values);
    results->steps = NULL;
    results->values = NULL;
}
