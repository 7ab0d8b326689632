// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * Does with models what its arguments say and prints what comes of it, one KEY=VALUE per line.
 * Run by tests/python/test_fusion_*.py.
 *
 *   probe scan FILE...                what the scanner says of ONNX files, one line each
 *   probe open MODEL [KEY=VALUE...]   open, describe, score the rows on stdin (6 numbers each);
 *                                     keys as in VmtModelConfig
 *   probe registry [FOLDER]           rows of a registry
 *   probe devices [LIBRARY]           devices of an ONNX Runtime
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/file.h"
#include "fusion/onnx.h"
#include "vmaf_tiny.h"

enum { ROWS_MAX = 10000 };

/* A number that the system knows of this program, 0 where it does not say. */
static long status(const char *key)
{
    long result = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0)
            result = atol(line + strlen(key));
    if (file)
        fclose(file);
    return result;
}

static int report(int rc, const VmtError *error)
{
    printf("rc=%d\npeak=%ld\n", rc, status("VmHWM:")); /* most memory so far, in KiB */
    if (rc || error->text[0])
        printf("error=%s\n", error->text);
    return rc != 0;
}

static int scan(int count, char **paths)
{
    for (int i = 0; i < count; i++) {
        VmtFile file;
        VmtSignature signature;
        VmtError error = {""};
        int rc = vmt_file_read(&file, paths[i], VMT_MODEL_BYTES_MAX, "model", &error);
        if (rc == 0) {
            rc = vmt_onnx_check(&signature, file.data, file.size, "model", &error);
            vmt_file_free(&file);
        }
        if (rc)
            printf("%d %s\n", rc, error.text);
        else
            printf("0 %s %s\n", signature.input, signature.output);
    }
    return 0;
}

static void set(VmtModelConfig *config, const char *argument)
{
    const struct {
        const char *key, **text;
        int *number;
    } options[] = {
        {"model_dir", &config->model_dir, NULL}, {"device", &config->device, NULL},
        {"ort_library", &config->ort_library, NULL}, {"codec", &config->codec, NULL},
        {"preset", &config->preset, NULL}, {"crf", &config->crf, NULL},
        {"threads", NULL, &config->threads}, {"registered_only", NULL, &config->registered_only},
        {"disable_clip", NULL, &config->disable_clip},
    };
    const char *value = strchr(argument, '=') + 1;
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        const size_t n = strlen(options[i].key);
        if (strncmp(argument, options[i].key, n) != 0 || argument[n] != '=')
            continue;
        if (options[i].text)
            *options[i].text = value;
        else
            *options[i].number = atoi(value);
        return;
    }
    fprintf(stderr, "unknown: %s\n", argument);
    exit(2);
}

static void describe(const VmtModelInfo *info)
{
    printf("id=%s\npath=%s\nsha256=%s\nteacher=%s\nlicense=%s\nprovider=%s\n", info->id,
           info->path, info->sha256, info->teacher, info->license, info->provider);
    printf("ort_version=%s\nort_library=%s\nregistered=%d\nclipped=%d\n", info->ort_version,
           info->ort_library, info->registered, info->clipped);
    printf("codec=%s\npreset=%s\ncrf=%s\nvif_gain_limit=%g\nadm_gain_limit=%g\n", info->codec,
           info->preset, info->crf, info->vif_gain_limit, info->adm_gain_limit);
}

static size_t read_rows(VmtRow *rows)
{
    size_t n = 0;
    int got = VMT_FEATURES;
    while (n < ROWS_MAX && got == VMT_FEATURES) {
        double *v = rows[n].value;
        got = scanf("%lf %lf %lf %lf %lf %lf", v, v + 1, v + 2, v + 3, v + 4, v + 5);
        rows[n].index = (int64_t)n;
        n += got == VMT_FEATURES;
    }
    return n;
}

static int open_model(int count, char **arguments)
{
    VmtModelConfig config = {.model = arguments[0]};
    for (int i = 1; i < count; i++)
        set(&config, arguments[i]);
    VmtModel *model;
    VmtError error = {"not touched"};
    int rc = vmt_model_open(&model, &config, &error);
    if (rc) {
        if (model)
            printf("model=not NULL\n");
        return report(rc, &error);
    }
    describe(vmt_model_info(model));
    printf("threads=%ld\n", status("Threads:"));
    static VmtRow rows[ROWS_MAX];
    static double scores[ROWS_MAX];
    const size_t n = read_rows(rows);
    rc = vmt_model_score(model, rows, n, scores, &error);
    for (size_t i = 0; rc == 0 && i < n; i++)
        printf("score=%.17g\n", scores[i]);
    vmt_model_close(&model);
    return report(rc, &error);
}

static int list_registry(const char *folder)
{
    VmtRegistry *registry;
    VmtError error = {"not touched"};
    const int rc = vmt_registry_open(&registry, folder, &error);
    const VmtModelEntry *entry;
    for (int i = 0; rc == 0 && (entry = vmt_registry_entry(registry, i)); i++)
        printf("model=%s|%s|%s|%s|%s|%s|%s|%d|%d\n", entry->id, entry->kind, entry->path,
               entry->sha256, entry->description, entry->license, entry->teacher, entry->smoke,
               entry->intact);
    vmt_registry_close(&registry);
    return report(rc, &error);
}

static int list_devices(const char *library)
{
    char text[64], small[2];
    VmtError error = {"not touched"};
    const int rc = vmt_devices(library, text, sizeof(text), &error);
    if (rc == 0)
        printf("devices=%s\nsmall=%d\n", text, vmt_devices(library, small, sizeof(small), NULL));
    return report(rc, &error);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    if (argc > 2 && strcmp(argv[1], "scan") == 0)
        return scan(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "open") == 0)
        return open_model(argc - 2, argv + 2);
    if (argc > 1 && strcmp(argv[1], "registry") == 0)
        return list_registry(argv[2]);
    if (argc > 1 && strcmp(argv[1], "devices") == 0)
        return list_devices(argv[2]);
    return 2;
}
