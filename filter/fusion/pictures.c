// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/pictures.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
    COLOURS = 3,
    ALIGNMENT = 64,
    SHIFT_MAX = 2, /* of chroma: every fourth pixel has a sample of its own */
    TRIED = 64     /* width and height of the picture that a session is tried with */
};

/* Of the images of ImageNet, red, green and blue from 0 to 1. */
static const float mean[COLOURS] = {0.485f, 0.456f, 0.406f};
static const float deviation[COLOURS] = {0.229f, 0.224f, 0.225f};

/* Shares of red and blue in luma: ITU-R BT.709, BT.601, BT.2020. */
static const struct {
    const char *name;
    float red, blue;
} matrices[VMT_MATRICES] = {
    [VMT_MATRIX_BT709] = {"bt709", 0.2126f, 0.0722f},
    [VMT_MATRIX_BT601] = {"bt601", 0.299f, 0.114f},
    [VMT_MATRIX_BT2020] = {"bt2020", 0.2627f, 0.0593f},
    [VMT_MATRIX_RGB] = {"rgb", 0, 0},
};

const char *vmt_matrix_name(int matrix)
{
    return matrix >= 0 && matrix < VMT_MATRICES ? matrices[matrix].name : NULL;
}

/* How the samples of a plane become numbers: (sample - zero) * scale. */
typedef struct Level {
    float zero, scale;
} Level;

static Level luma_level(const VmtImage *image)
{
    const int extra = image->bits - 8;
    if (image->full_range)
        return (Level){0, 1.0f / (float)((1 << image->bits) - 1)};
    return (Level){(float)(16 << extra), 1.0f / (float)(219 << extra)};
}

static Level chroma_level(const VmtImage *image)
{
    const int extra = image->bits - 8;
    const float zero = (float)(128 << extra);
    if (image->full_range)
        return (Level){zero, 1.0f / (float)((1 << image->bits) - 1)};
    return (Level){zero, 1.0f / (float)(224 << extra)};
}

/* A row of a plane as numbers, each sample for 1 << shift of them. */
static void read_row(const VmtImage *image, int plane, int y, int shift, Level level, float *out)
{
    const char *row = (const char *)image->data[plane] + y * image->stride[plane];
    for (int x = 0; x < image->width; x++) {
        const int at = x >> shift;
        const unsigned sample = image->bits > 8 ? ((const uint16_t *)row)[at]
                                                : ((const uint8_t *)row)[at];
        out[x] = ((float)sample - level.zero) * level.scale;
    }
}

static float normal(float value, int colour)
{
    const float held = value < 0 ? 0 : value > 1 ? 1 : value;
    return (held - mean[colour]) / deviation[colour];
}

/* Luma, blue and red difference in place become red, green and blue. */
static void mix_row(const VmtImage *image, float *red, float *green, float *blue)
{
    const float kr = matrices[image->matrix].red, kb = matrices[image->matrix].blue;
    for (int x = 0; x < image->width; x++) {
        const float luma = red[x], cb = green[x], cr = blue[x];
        red[x] = luma + 2 * (1 - kr) * cr;
        blue[x] = luma + 2 * (1 - kb) * cb;
        green[x] = (luma - kr * red[x] - kb * blue[x]) / (1 - kr - kb);
    }
}

static void convert(const VmtImage *image, float *out)
{
    const bool rgb = image->matrix == VMT_MATRIX_RGB, gray = !image->data[1];
    const Level luma = luma_level(image), chroma = rgb ? luma : chroma_level(image);
    const int shift_x = rgb ? 0 : image->shift_x, shift_y = rgb ? 0 : image->shift_y;
    const size_t plane = (size_t)image->width * (size_t)image->height;
    for (int y = 0; y < image->height; y++) {
        float *rows[COLOURS];
        for (int c = 0; c < COLOURS; c++)
            rows[c] = out + (size_t)c * plane + (size_t)y * (size_t)image->width;
        read_row(image, 0, y, 0, luma, rows[0]);
        for (int c = 1; c < COLOURS && !gray; c++)
            read_row(image, c, y >> shift_y, shift_x, chroma, rows[c]);
        for (int c = 1; c < COLOURS && gray; c++)
            memcpy(rows[c], rows[0], (size_t)image->width * sizeof(float));
        if (!rgb && !gray)
            mix_row(image, rows[0], rows[1], rows[2]);
        for (int c = 0; c < COLOURS; c++)
            for (int x = 0; x < image->width; x++)
                rows[c][x] = normal(rows[c][x], c);
    }
}

static int check_image(const VmtImage *image, const VmtImage *first, VmtError *error)
{
    const int width = image->width, height = image->height;
    if (width < 1 || width > VMT_SIZE_MAX || height < 1 || height > VMT_SIZE_MAX)
        return vmt_fail(error, -EINVAL, "a picture is %dx%d: give one from 1x1 to %dx%d", width,
                        height, VMT_SIZE_MAX, VMT_SIZE_MAX);
    if (width != first->width || height != first->height)
        return vmt_fail(error, -EINVAL, "the pictures are %dx%d and %dx%d: scale one of them",
                        first->width, first->height, width, height);
    if (image->bits < 8 || image->bits > 16)
        return vmt_fail(error, -EINVAL, "a picture has %d bits: give 8 to 16", image->bits);
    if (!vmt_matrix_name(image->matrix))
        return vmt_fail(error, -EINVAL, "matrix %d is not known", image->matrix);
    if (image->shift_x < 0 || image->shift_x > SHIFT_MAX || image->shift_y < 0 ||
        image->shift_y > SHIFT_MAX)
        return vmt_fail(error, -EINVAL, "chroma is subsampled by 2 to the power of %d and %d: give "
                        "0 to %d", image->shift_x, image->shift_y, SHIFT_MAX);
    if (!image->data[0] || !image->data[1] != !image->data[2])
        return vmt_fail(error, -EINVAL, "a picture has neither one plane nor three");
    return 0;
}

static int make_room(VmtPictures *pictures, size_t elements, VmtError *error)
{
    if (elements <= pictures->room)
        return 0;
    const int count = pictures->signature->pictures;
    vmt_pictures_free(pictures);
    const size_t size = (elements * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (int i = 0; i < count; i++) {
        pictures->data[i] = aligned_alloc(ALIGNMENT, size);
        if (!pictures->data[i]) {
            vmt_pictures_free(pictures);
            return vmt_fail(error, -ENOMEM, "out of memory");
        }
    }
    pictures->room = elements;
    return 0;
}

/* The mean of what the model answers, which is finite and, if it is a map, of the right size. */
static int take(const VmtOrtAnswer *answer, const VmtImage *image, bool is_map, double *value,
                VmtError *error)
{
    size_t count = 1;
    for (size_t i = 0; i < answer->rank; i++)
        count *= (size_t)answer->dims[i];
    if (is_map ? answer->rank != 4 || answer->dims[0] != 1 || answer->dims[1] != 1 ||
                     answer->dims[2] != image->height || answer->dims[3] != image->width
               : count != 1)
        return vmt_fail(error, -EBADMSG, "the model does not answer with %s: choose another",
                        is_map ? "a map of the size of the picture" : "one number");
    const float *data = answer->data;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)data[i];
    if (!isfinite(sum))
        return vmt_fail(error, -EBADMSG, "the model answers with an infinity or NaN: choose "
                        "another model");
    *value = sum / (double)count;
    return 0;
}

static int run(VmtPictures *pictures, VmtOrt *ort, const VmtImage *images, double *value,
               float *map, VmtError *error)
{
    const size_t plane = (size_t)images->width * (size_t)images->height;
    VmtOrtTensor inputs[VMT_ONNX_INPUTS];
    for (int i = 0; i < pictures->signature->pictures; i++) {
        convert(&images[i], pictures->data[i]);
        inputs[i] = (VmtOrtTensor){pictures->data[i], COLOURS * plane * sizeof(float),
                                   {1, COLOURS, images->height, images->width}, 4};
    }
    VmtOrtAnswer answer;
    int rc = vmt_ort_run(ort, inputs, &answer, error);
    if (rc)
        return rc;
    rc = take(&answer, images, pictures->signature->map, value, error);
    if (rc == 0 && map)
        memcpy(map, answer.data, plane * sizeof(*map));
    vmt_ort_free(ort, &answer);
    return rc;
}

int vmt_pictures_run(VmtPictures *pictures, VmtOrt *ort, const VmtImage *images, double *value,
                     float *map, VmtError *error)
{
    if (map && !pictures->signature->map)
        return vmt_fail(error, -EINVAL, "the model answers with a number, it has no map");
    for (int i = 0; i < pictures->signature->pictures; i++) {
        const int rc = check_image(&images[i], images, error);
        if (rc)
            return rc;
    }
    const size_t plane = (size_t)images->width * (size_t)images->height;
    const int rc = make_room(pictures, COLOURS * plane, error);
    return rc ? rc : run(pictures, ort, images, value, map, error);
}

/* A black picture, which every model must be able to look at. */
int vmt_pictures_try(VmtOrt *ort, void *opaque, VmtError *error)
{
    static const uint8_t black[TRIED];
    const VmtImage image = {.data = {black}, .width = TRIED, .height = TRIED, .bits = 8,
                            .full_range = 1};
    const VmtImage images[VMT_ONNX_INPUTS] = {image, image};
    double value;
    return vmt_pictures_run(opaque, ort, images, &value, NULL, error);
}

void vmt_pictures_free(VmtPictures *pictures)
{
    for (int i = 0; i < VMT_ONNX_INPUTS; i++) {
        free(pictures->data[i]);
        pictures->data[i] = NULL;
    }
    pictures->room = 0;
}
