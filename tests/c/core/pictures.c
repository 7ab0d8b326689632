// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>

enum { PADDING = 6 };

Pictures pictures(int width, int height, int bits)
{
    const int bytes = bits > 8 ? 2 : 1;
    return (Pictures){ width, height, bits, (ptrdiff_t)(width + PADDING) * bytes };
}

static uint32_t hash(int x, int y, int n)
{
    const uint32_t k = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u ^ (uint32_t)n * 83492791u;
    return k * 2654435761u;
}

/* A moving diagonal ramp with noise over all bits. */
static int reference_sample(const Pictures *p, int x, int y, int n)
{
    const int extra = p->bits - 8, noise = (int)(hash(x, y, n) >> 24);
    int t = (4 * x + 3 * y + 8 * n) % 512;
    t = t < 256 ? t : 511 - t;
    return (((3 * t + noise) >> 2) << extra) + (noise & ((1 << extra) - 1));
}

/* Less contrast and more noise, the more the higher the rendition. */
static int distorted_sample(const Pictures *p, int x, int y, int n, int rendition)
{
    const int extra = p->bits - 8, top = (1 << p->bits) - 1;
    const int noise = (int)((hash(x, y, n) >> 5) & 15) * (1 + rendition);
    const int sample = ((reference_sample(p, x, y, n) * (7 - rendition)) >> 3) + (noise << extra);
    return sample < top ? sample : top;
}

static void *plane(const Pictures *p, int n, int rendition)
{
    uint8_t *data = calloc((size_t)p->height, (size_t)p->stride);
    if (!data)
        abort();
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            const int sample = rendition < 0 ? reference_sample(p, x, y, n)
                                             : distorted_sample(p, x, y, n, rendition);
            if (p->bits > 8)
                ((uint16_t *)(data + y * p->stride))[x] = (uint16_t)sample;
            else
                data[y * p->stride + x] = (uint8_t)sample;
        }
    return data;
}

void *picture_reference(const Pictures *p, int n)
{
    return plane(p, n, -1);
}

void *picture_distorted(const Pictures *p, int n, int rendition)
{
    return plane(p, n, rendition);
}

VmtPicture picture_copied(const Pictures *p, const void *data)
{
    return (VmtPicture){ .data = data, .stride = p->stride };
}

static void push(const Pictures *p, VmtContext *ctx, int n, int renditions)
{
    void *planes[1 + VMT_RENDITIONS_MAX];
    VmtPicture dis[VMT_RENDITIONS_MAX];
    VmtError error;

    planes[0] = picture_reference(p, n);
    const VmtPicture ref = picture_copied(p, planes[0]);
    for (int r = 0; r < renditions; r++)
        dis[r] = picture_copied(p, planes[1 + r] = picture_distorted(p, n, r));
    if (vmt_push(ctx, &ref, dis, &error) < 0) {
        puts(error.text);
        abort();
    }
    for (int i = 0; i <= renditions; i++)
        free(planes[i]);
}

void picture_features(const Pictures *p, const VmtConfig *config, int frames, VmtRow *rows)
{
    const int renditions = config->renditions ? config->renditions : 1;
    VmtContext *ctx;
    VmtError error;

    if (vmt_open(&ctx, config, &error) < 0) {
        puts(error.text);
        abort();
    }
    for (int n = 0; n < frames; n++)
        push(p, ctx, n, renditions);
    vmt_flush(ctx, NULL);
    while (vmt_pull(ctx, rows, &error) > 0)
        rows += renditions;
    vmt_close(&ctx);
}
