// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * The strings that the filter and the command hand on: names of things, and what a model of the
 * folder that $FUZZ_MODELS names is opened with. ONNX Runtime is the library that $FUZZ_ORT names.
 *
 * Input: a byte of which the bits say which texts are given, then those, each after its length.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum { MODEL, DEVICE, CODEC, PRESET, CRF, NAME, TEXTS };

/* A name stands in its list once, where its number says. */
static void look_up(const char *name, const char *(*name_of)(int), int count)
{
    int found = 0;

    for (int i = -1; i <= count; i++) {
        const char *known = name_of(i);
        FUZZ_MUST(!known == (i < 0 || i == count) || name_of == vmt_cpu_name);
        found += known && !strcmp(known, name);
    }
    FUZZ_MUST(found <= 1);
    fuzz_taken += found;
}

static void judge(const VmtModel *model, const VmtModelConfig *config)
{
    const VmtModelInfo *info = vmt_model_info(model);

    FUZZ_MUST(!info->codec[0] == !config->codec);
    FUZZ_MUST(!info->preset[0] || !strcmp(info->preset, config->preset));
    FUZZ_MUST(!info->crf[0] || !strcmp(info->crf, config->crf));
    FUZZ_MUST(!config->device || !strcmp(config->device, "auto") ||
              !strcmp(config->device, info->provider));
}

static void open_model(const VmtModelConfig *config)
{
    VmtError error = { "" };
    VmtModel *model;
    const int rc = vmt_model_open(&model, config, &error);

    FUZZ_MUST((rc == 0) == (model != NULL));
    if (rc == 0)
        judge(model, config);
    vmt_model_close(&model);
    fuzz_judge(rc, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzBytes from = { data, size };
    const uint32_t given = fuzz_number(&from, 1);
    char *texts[TEXTS] = { NULL };

    for (int i = 0; i < TEXTS; i++)
        if (given >> i & 1)
            texts[i] = fuzz_text(&from);
    if (texts[NAME]) {
        look_up(texts[NAME], vmt_pool_name, VMT_POOLS);
        look_up(texts[NAME], vmt_log_name, VMT_LOGS);
        look_up(texts[NAME], vmt_cpu_name, VMT_CPU_LEVELS);
        look_up(texts[NAME], vmt_mode_name, VMT_MODES);
    }
    open_model(&(VmtModelConfig){ .model = texts[MODEL], .model_dir = getenv("FUZZ_MODELS"),
                                  .ort_library = getenv("FUZZ_ORT"), .device = texts[DEVICE],
                                  .codec = texts[CODEC], .preset = texts[PRESET],
                                  .crf = texts[CRF] });
    for (int i = 0; i < TEXTS; i++)
        free(texts[i]);
    return 0;
}
