// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/motion.h"

enum { REACH = 2 };

void vmt_motion_lay_out(VmtMotion *motion, VmtArena *arena, const VmtFormat *format)
{
    const size_t padded = vmt_padded(format->width);

    motion->half = vmt_arena_take(arena, padded * sizeof(*motion->half));
    motion->rest = vmt_arena_take(arena, padded * sizeof(*motion->rest));
}

static void mirror_ends(int16_t *row, int w)
{
    for (int i = 1; i <= REACH; i++) {
        row[-i] = row[i];
        row[w - 1 + i] = row[w - 1 - i];
    }
}

double vmt_motion(VmtMotion *motion, const VmtFormat *format, VmtPlane previous, VmtPlane current)
{
    const VmtKernels *k = format->kernels;
    const int w = format->width, h = format->height;
    const VmtDifferences row = { motion->half + VMT_PAD, motion->rest + VMT_PAD };
    const void *a[2 * REACH + 1], *b[2 * REACH + 1];
    int64_t sum = 0;

    for (int y = 0; y < h; y++) {
        for (int t = -REACH; t <= REACH; t++) {
            a[t + REACH] = vmt_plane_row(previous, vmt_mirror(y + t, h));
            b[t + REACH] = vmt_plane_row(current, vmt_mirror(y + t, h));
        }
        k->motion_vertical(&row, a, b, w, format->bits);
        mirror_ends(row.half, w);
        mirror_ends(row.rest, w);
        sum += k->motion_horizontal(&row, w);
    }
    const double sad = (double)sum / 256.0 / ((double)w * h);
    return sad < 10000.0 ? sad : 10000.0;
}
