// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "features/motion.h"

enum { REACH = 2 };

void vmt_motion_lay_out(VmtMotion *motion, VmtArena *arena, const VmtFormat *format)
{
    const size_t padded = vmt_padded(format->width);

    for (int i = 0; i < 2; i++) {
        motion->value[i] = vmt_arena_take(arena, padded * sizeof(*motion->value[i]));
        motion->rest[i] = vmt_arena_take(arena, padded * sizeof(*motion->rest[i]));
    }
}

static void mirror_ends(int16_t *row, int w)
{
    for (int i = 1; i <= REACH; i++) {
        row[-i] = row[i];
        row[w - 1 + i] = row[w - 1 - i];
    }
}

/* Sum of a row of differences that are blurred vertically. */
static int64_t sum_row(const VmtFormat *format, const VmtDifferences *row, int wide)
{
    mirror_ends(row->value, format->width);
    if (wide)
        mirror_ends(row->rest, format->width);
    return format->kernels->motion_horizontal(row, format->width, wide);
}

double vmt_motion(VmtMotion *motion, const VmtFormat *format, VmtPlane previous, VmtPlane current)
{
    const int w = format->width, h = format->height;
    const VmtDifferences rows[2] = {
        { motion->value[0] + VMT_PAD, motion->rest[0] + VMT_PAD },
        { motion->value[1] + VMT_PAD, motion->rest[1] + VMT_PAD },
    };
    const void *a[2 * REACH + 2], *b[2 * REACH + 2];
    int64_t sum = 0;

    for (int y = 0; y < h; y += 2) {
        for (int t = 0; t < 2 * REACH + 2; t++) {
            a[t] = vmt_plane_row(previous, vmt_mirror(y - REACH + t, h));
            b[t] = vmt_plane_row(current, vmt_mirror(y - REACH + t, h));
        }
        const int wide = format->kernels->motion_vertical(rows, a, b, w, format->bits);
        for (int i = 0; i < 2 && y + i < h; i++)
            sum += sum_row(format, &rows[i], wide);
    }
    const double sad = (double)sum / 256.0 / ((double)w * h);
    return sad < 10000.0 ? sad : 10000.0;
}
