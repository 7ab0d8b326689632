// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/motion.h"

enum { REACH = 2 };

void vmt_motion_lay_out(VmtMotion *motion, VmtArena *arena, const VmtFormat *format)
{
    motion->row = vmt_arena_take(arena, vmt_padded(format->width) * sizeof(*motion->row));
}

double vmt_motion(VmtMotion *motion, const VmtFormat *format, VmtPlane previous, VmtPlane current)
{
    const VmtKernels *k = format->kernels;
    const int w = format->width, h = format->height;
    int32_t *row = motion->row + VMT_PAD;
    const void *a[2 * REACH + 1], *b[2 * REACH + 1];
    int64_t sum = 0;

    for (int y = 0; y < h; y++) {
        for (int t = -REACH; t <= REACH; t++) {
            a[t + REACH] = vmt_plane_row(previous, vmt_mirror(y + t, h));
            b[t + REACH] = vmt_plane_row(current, vmt_mirror(y + t, h));
        }
        k->motion_vertical(row, a, b, w, format->bits);
        for (int i = 1; i <= REACH; i++) {
            row[-i] = row[i];
            row[w - 1 + i] = row[w - 1 - i];
        }
        sum += k->motion_horizontal(row, w);
    }
    const double sad = (double)sum / 256.0 / ((double)w * h);
    return sad < 10000.0 ? sad : 10000.0;
}
