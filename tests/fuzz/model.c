// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * A model with its sidecar and a registry that may or may not name it, opened and run by the
 * library that $FUZZ_ORT names; an ONNX Runtime that is real checks more than ours.
 *
 * Input: the lengths of model and sidecar, two bytes each; a byte of which the lowest bits say
 * whether there are codec, preset and crf, then those, each after its length; then model, sidecar
 * and registry.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static FuzzBytes part(FuzzBytes *from, size_t size)
{
    const FuzzBytes result = { from->data, size < from->size ? size : from->size };
    from->data += result.size;
    from->size -= result.size;
    return result;
}

static void score(VmtModel *model)
{
    const VmtRow rows[2] = { { .index = 0, .value = { 1, 1, 1, 1, 1, 0 } },
                             { .index = 1, .value = { .5, .1, .2, .3, .4, 5 } } };
    VmtError error = { "" };
    double scores[2] = { NAN, NAN };

    const int rc = vmt_model_score(model, rows, 2, scores, &error);
    FUZZ_MUST((rc < 0) == (error.text[0] != '\0'));
    for (int i = 0; i < 2 && rc == 0; i++)
        FUZZ_MUST(isfinite(scores[i]));
    FUZZ_MUST(vmt_model_look(model, NULL, NULL, NULL, NULL) < 0);
}

enum { WIDTH = 7, HEIGHT = 5 };

static void look(VmtModel *model)
{
    static const uint8_t plane[WIDTH * HEIGHT];
    const VmtImage image = { .data = { plane, plane, plane }, .stride = { WIDTH, WIDTH, WIDTH },
                             .width = WIDTH, .height = HEIGHT, .bits = 8 };
    const VmtImage images[2] = { image, image };
    VmtError error = { "" };
    double value = NAN;
    float map[WIDTH * HEIGHT];

    for (int with_map = 0; with_map < 2; with_map++) {
        const int rc = vmt_model_look(model, images, &value, with_map ? map : NULL, &error);
        FUZZ_MUST((rc < 0) == (error.text[0] != '\0'));
        FUZZ_MUST(rc < 0 || isfinite(value));
    }
    FUZZ_MUST(vmt_model_score(model, &(VmtRow){ 0 }, 1, &value, NULL) < 0);
}

static void run(VmtModel *model, const VmtModelConfig *config)
{
    const VmtModelInfo *info = vmt_model_info(model);

    FUZZ_MUST(info->id[0] && info->path[0] && strlen(info->sha256) == 64 && info->teacher &&
              info->license && info->provider[0] && info->ort_version[0]);
    /* A model is told of the encoder, or refuses to be. */
    FUZZ_MUST(!info->codec[0] == !config->codec);
    FUZZ_MUST(!info->preset[0] || !strcmp(info->preset, config->preset));
    FUZZ_MUST(!info->crf[0] || !strcmp(info->crf, config->crf));
    if (info->pictures)
        look(model);
    else
        score(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };
    const size_t onnx_size = fuzz_number(&from, 2), json_size = fuzz_number(&from, 2);
    const uint32_t given = fuzz_number(&from, 1);
    char *told[3] = { NULL };
    VmtError error = { "" };
    VmtModel *model;
    char path[128];

    for (int i = 0; i < 3; i++)
        if (given >> i & 1)
            told[i] = fuzz_text(&from);
    const FuzzBytes onnx = part(&from, onnx_size), sidecar = part(&from, json_size);
    fuzz_write("m.onnx", onnx.data, onnx.size);
    fuzz_write("m.json", sidecar.data, sidecar.size);
    fuzz_write("registry.json", from.data, from.size);
    snprintf(path, sizeof(path), "%s/m.onnx", fuzz_folder());
    const VmtModelConfig config = { .model = path, .model_dir = fuzz_folder(),
                                    .ort_library = getenv("FUZZ_ORT"), .codec = told[0],
                                    .preset = told[1], .crf = told[2] };
    const int rc = vmt_model_open(&model, &config, &error);
    FUZZ_MUST((rc == 0) == (model != NULL));
    if (rc == 0)
        run(model, &config);
    vmt_model_close(&model);
    for (int i = 0; i < 3; i++)
        free(told[i]);
    fuzz_judge(rc, &error);
    return 0;
}
