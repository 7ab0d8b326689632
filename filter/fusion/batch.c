// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/batch.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fusion/tensor.h"

enum {
    ROWS = 1024,    /* for one run: bounds memory, costs nothing */
    ALIGNMENT = 64, /* of the features: sums of some kernels depend on it in the last digit */
    TRIED = 16      /* rows to try a session with */
};

/* Elements of float or double, as the model has them. */
typedef struct Elements {
    size_t size; /* of one */
    void *data;
} Elements;

struct VmtBatch {
    const VmtSignature *signature;
    const VmtSidecar *sidecar;
    Elements features; /* [ROWS][VMT_FEATURES] */
    Elements codec;    /* [ROWS][codec_width], the same in each row; no data if there is none */
    bool separable;    /* rows that run together are scored as if alone */
};

static size_t size_of(int type)
{
    return type == VMT_ONNX_DOUBLE ? sizeof(double) : sizeof(float);
}

static bool allocate(Elements *elements, int type, size_t columns)
{
    elements->size = size_of(type);
    elements->data = columns ? aligned_alloc(ALIGNMENT, ROWS * columns * elements->size) : NULL;
    return !columns || elements->data;
}

static void put(const Elements *elements, size_t at, double value)
{
    if (elements->size == sizeof(double))
        ((double *)elements->data)[at] = value;
    else
        ((float *)elements->data)[at] = (float)value;
}

int vmt_batch_open(VmtBatch **out, const VmtSignature *signature, const VmtSidecar *sidecar,
                   const VmtCodec *codec, VmtError *error)
{
    const size_t width = (size_t)codec->width;
    VmtBatch *batch = calloc(1, sizeof(*batch));
    *out = batch;
    if (!batch || !allocate(&batch->features, signature->input_type, VMT_FEATURES) ||
        !allocate(&batch->codec, signature->input_type, width)) {
        vmt_batch_close(out);
        return vmt_fail(error, -ENOMEM, "out of memory");
    }
    batch->signature = signature;
    batch->sidecar = sidecar;
    for (size_t i = 0; i < ROWS * width; i++)
        put(&batch->codec, i, codec->block[i % width]);
    return 0;
}

static VmtOrtTensor tensor_of(const Elements *elements, size_t n, size_t columns)
{
    return (VmtOrtTensor){elements->data, n * columns * elements->size,
                          {(int64_t)n, (int64_t)columns}, 2};
}

/* The answer as scores; its shape must be [n] or [n,1]. */
static int take_scores(const VmtOrtAnswer *answer, int type, size_t n, double *scores,
                       VmtError *error)
{
    if (answer->rank < 1 || answer->rank > 2 || answer->dims[0] != (int64_t)n ||
        (answer->rank == 2 && answer->dims[1] != 1))
        return vmt_fail(error, -EBADMSG, "the model does not answer with one number for each of "
                        "%zu rows: choose another model", n);
    for (size_t i = 0; i < n; i++) {
        scores[i] = type == VMT_ONNX_DOUBLE ? ((const double *)answer->data)[i]
                                            : (double)((const float *)answer->data)[i];
        if (!isfinite(scores[i]))
            return vmt_fail(error, -EBADMSG, "the model answers with an infinity or NaN: choose "
                            "another model");
    }
    return 0;
}

/* Score the first n rows that are in place. */
static int run(VmtBatch *batch, VmtOrt *ort, size_t n, double *scores, VmtError *error)
{
    const size_t width = (size_t)batch->signature->codec_width;
    const VmtOrtTensor inputs[VMT_ONNX_INPUTS] = {tensor_of(&batch->features, n, VMT_FEATURES),
                                                  tensor_of(&batch->codec, n, width)};
    VmtOrtAnswer answer;
    int rc = vmt_ort_run(ort, inputs, &answer, error);
    if (rc)
        return rc;
    rc = take_scores(&answer, batch->signature->output_type, n, scores, error);
    vmt_ort_free(ort, &answer);
    return rc;
}

/* Rows as the model takes them; finite, as a ReLU would make a number of a NaN. */
static int fill(VmtBatch *batch, const VmtRow *rows, size_t n, VmtError *error)
{
    const VmtSidecar *s = batch->sidecar;
    const double max = batch->features.size == sizeof(double) ? DBL_MAX : FLT_MAX;
    for (size_t i = 0; i < n; i++)
        for (int f = 0; f < VMT_FEATURES; f++) {
            double value = rows[i].value[f];
            if (s->standardize)
                value = (value - s->mean[f]) / s->std[f];
            if (!(fabs(value) <= max))
                return vmt_fail(error, -EINVAL, "%s of picture %lld is not a finite number",
                                vmt_feature_name(f), (long long)rows[i].index);
            put(&batch->features, i * VMT_FEATURES + (size_t)f, value);
        }
    return 0;
}

/*
 * It shows a model or device that fails, and whether a row's score depends on its neighbours, as it
 * does where DynamicQuantizeLinear takes one scale for all, or on its place in memory, as it does
 * in its last digit where a sum begins with what stands before an aligned address.
 */
int vmt_batch_try(VmtOrt *ort, void *opaque, VmtError *error)
{
    VmtBatch *batch = opaque;
    VmtRow rows[TRIED];
    double together[TRIED], alone = 0;
    for (int i = 0; i < TRIED; i++) {
        rows[i].index = i;
        for (int f = 0; f < VMT_FEATURES; f++)
            rows[i].value[f] = ((i * 7 + f * 5) % TRIED + 0.1) / (f == VMT_MOTION2 ? 1 : TRIED);
    }
    int rc = fill(batch, rows, TRIED, error);
    if (rc == 0)
        rc = run(batch, ort, TRIED, together, error);
    batch->separable = true;
    for (int i = 0; rc == 0 && i < TRIED; i++) {
        rc = fill(batch, &rows[i], 1, error);
        if (rc == 0)
            rc = run(batch, ort, 1, &alone, error);
        if (rc == 0 && alone != together[i])
            batch->separable = false;
    }
    return rc;
}

int vmt_batch_score(VmtBatch *batch, VmtOrt *ort, const VmtRow *rows, size_t n, double *scores,
                    VmtError *error)
{
    const size_t most = batch->separable ? ROWS : 1;
    int rc = 0;
    for (size_t done = 0; done < n && rc == 0; done += most) {
        const size_t count = n - done < most ? n - done : most;
        rc = fill(batch, rows + done, count, error);
        if (rc == 0)
            rc = run(batch, ort, count, scores + done, error);
    }
    return rc;
}

void vmt_batch_close(VmtBatch **batch)
{
    if (!*batch)
        return;
    free((*batch)->features.data);
    free((*batch)->codec.data);
    free(*batch);
    *batch = NULL;
}
