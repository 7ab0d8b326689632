// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _POSIX_C_SOURCE 200809L
#include "features/laps.h"

#include <time.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void vmt_laps_begin(VmtLaps *laps)
{
    if (laps->wanted)
        laps->begun = now();
}

void vmt_lap(VmtLaps *laps, int stage)
{
    if (!laps->wanted)
        return;
    const double ended = now();
    laps->seconds[stage] += ended - laps->begun;
    laps->begun = ended;
}
