// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fusion/batch.h"
#include "fusion/codec.h"
#include "fusion/file.h"
#include "fusion/onnx.h"
#include "fusion/ort.h"
#include "fusion/pictures.h"
#include "fusion/registry.h"
#include "fusion/sha256.h"
#include "fusion/sidecar.h"

enum {
    WHAT_SIZE = 512
};

struct VmtModel {
    VmtModelInfo info;
    VmtOrt *ort;
    VmtRegistry *registry; /* NULL: there is none */
    VmtSidecar sidecar;
    VmtSignature signature;
    VmtCodec codec;
    VmtBatch *batch;       /* of a model that scores rows */
    VmtPictures pictures;  /* of a model that looks at pictures */
    char *path; /* as given or from the registry */
    char *id;
    char sha256[65];
    char what[WHAT_SIZE]; /* the model in messages */
};

static int no_memory(VmtError *error)
{
    return vmt_fail(error, -ENOMEM, "out of memory");
}

static int check_config(VmtModel **out, const VmtModelConfig *config, VmtError *error)
{
    if (!out || !config || !config->model || !*config->model)
        return vmt_fail(error, -EINVAL, "no model is named: give an id such as vmaf_tiny_v2 or "
                        "the path of an .onnx file");
    if (config->threads < 0 || config->threads > VMT_THREADS_MAX)
        return vmt_fail(error, -EINVAL, "%d threads cannot be: give 0 to %d", config->threads,
                        VMT_THREADS_MAX);
    return config->device ? vmt_ort_check_device(config->device, error) : 0;
}

/* A missing registry is an error only for who needs it. */
static int open_registry(VmtModel *model, const VmtModelConfig *config, VmtError *error)
{
    const int rc = vmt_registry_load(&model->registry, config->model_dir, error);
    if (rc != -ENOENT)
        return rc;
    if (config->registered_only)
        return rc;
    vmt_no_error(error);
    return 0;
}

/* "a b c", cut to what fits. */
static void list_ids(const VmtRegistry *registry, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; vmt_registry_entry(registry, i); i++) {
        const size_t n = strlen(text);
        snprintf(text + n, size - n, "%s%s", i ? " " : "", vmt_registry_entry(registry, i)->id);
    }
}

static int not_found(const VmtModel *model, const char *name, VmtError *error)
{
    char ids[400];
    if (!model->registry)
        return vmt_fail(error, -ENOENT, "there is no file '%.200s' and no registry of models "
                        "that could have it as an id: give the path of an .onnx file, or the "
                        "folder of the models in VMAF_TINY_MODEL_DIR", name);
    list_ids(model->registry, ids, sizeof(ids));
    return vmt_fail(error, -ENOENT, "there is no model '%.200s', neither in the registry in "
                    "'%.200s', which has: %s; nor as a file", name,
                    vmt_registry_folder(model->registry), ids);
}

/* The id of a file that has none: its name without folder and ending. */
static char *id_of(const char *path)
{
    char *id = strdup(vmt_file_name(path));
    char *dot = id ? strrchr(id, '.') : NULL;
    if (dot && dot > id)
        *dot = '\0';
    return id;
}

static int read_file(VmtModel *model, VmtFile *file, const VmtModelEntry *entry,
                     const char *name, VmtError *error)
{
    model->path = strdup(entry ? entry->path : name);
    if (!model->path)
        return no_memory(error);
    snprintf(model->what, sizeof(model->what), "model '%.480s'", entry ? entry->id : name);
    const int rc = vmt_file_read(file, model->path, VMT_MODEL_BYTES_MAX, "model", error);
    if (rc == -ENOENT && entry)
        return vmt_fail(error, rc, "model '%s' is registered, but there is no '%.400s': install "
                        "the models again", entry->id, model->path);
    return rc == -ENOENT ? not_found(model, name, error) : rc;
}

static int check_digest(VmtModel *model, const VmtFile *file, const VmtModelEntry *entry,
                        VmtError *error)
{
    vmt_sha256(file->data, file->size, model->sha256);
    if (entry && strcmp(entry->sha256, model->sha256) != 0)
        return vmt_fail(error, -EBADMSG, "model '%s' is not the one that was registered, its "
                        "sha256 is %.12s..., not %.12s... (%.400s): install it again", entry->id,
                        model->sha256, entry->sha256, model->path);
    return 0;
}

/* What the sidecar says must be true of the model, or it belongs to another. */
static int check_sidecar(VmtModel *model, const VmtModelEntry *entry, VmtError *error)
{
    const VmtSidecar *s = &model->sidecar;
    const VmtSignature *signature = &model->signature;
    if (!s->json && entry && !entry->smoke)
        return vmt_fail(error, -EBADMSG, "%s has no sidecar, the .json file beside it that says "
                        "how to feed it: install the models again", model->what);
    if ((s->sha256 && strcmp(s->sha256, model->sha256) != 0) ||
        (s->input && strcmp(s->input, signature->input) != 0) ||
        (s->second && strcmp(s->second, signature->second) != 0) ||
        (s->output && strcmp(s->output, signature->output) != 0))
        return vmt_fail(error, -EBADMSG, "%s and its sidecar, the .json file beside it, do not "
                        "belong together: the %s differs; take both from one place", model->what,
                        s->sha256 && strcmp(s->sha256, model->sha256) != 0 ? "sha256"
                                                                           : "input or output");
    return 0;
}

/*
 * Check the bytes. Registered ones are compared first, so that nothing else is made of bytes
 * that are not the right ones; of others the digest is taken last, as it is slow for large files.
 */
static int check_bytes(VmtModel *model, const VmtFile *file, const VmtModelEntry **entry,
                       VmtError *error)
{
    int rc = *entry ? check_digest(model, file, *entry, error) : 0;
    if (rc == 0)
        rc = vmt_onnx_check(&model->signature, file->data, file->size, model->what, error);
    if (rc == 0 && !*entry) {
        rc = check_digest(model, file, NULL, error);
        if (model->registry)
            *entry = vmt_registry_by_sha256(model->registry, model->sha256);
    }
    return rc;
}

static int check_model(VmtModel *model, const VmtModelConfig *config, const VmtFile *file,
                       const VmtModelEntry **entry, VmtError *error)
{
    int rc = 0;
    if (!*entry && model->registry)
        rc = vmt_registry_by_path(model->registry, file->path, entry, error);
    if (rc == 0)
        rc = check_bytes(model, file, entry, error);
    if (rc)
        return rc;
    if (!*entry && config->registered_only)
        return vmt_fail(error, -EACCES, "%s is not in the registry, and only registered models "
                        "are allowed: choose one of them or allow others", model->what);
    /* A copy of a registered model needs no copy of its sidecar, and none is believed. */
    rc = vmt_sidecar_read(&model->sidecar, *entry ? (*entry)->path : model->path, error);
    if (rc == 0)
        rc = check_sidecar(model, *entry, error);
    if (rc)
        return rc;
    const VmtJson *json = model->sidecar.json;
    return vmt_codec_encode(&model->codec, json ? vmt_json_root(json) : NULL,
                            model->signature.codec_width, config, model->what, error);
}

static int start(VmtModel *model, const VmtModelConfig *config, const VmtFile *file,
                 VmtError *error)
{
    const bool looks = model->signature.pictures > 0;
    int rc = 0;
    model->pictures.signature = &model->signature;
    if (!looks)
        rc = vmt_batch_open(&model->batch, &model->signature, &model->sidecar, &model->codec,
                            error);
    if (rc == 0)
        rc = vmt_ort_open(&model->ort, config->ort_library, error);
    if (rc)
        return rc;
    const VmtOrtModel bytes = {model->what, file->data, file->size, model->signature};
    return vmt_ort_start(model->ort, &bytes, config->device ? config->device : "auto",
                         config->threads ? config->threads : 1,
                         looks ? vmt_pictures_try : vmt_batch_try,
                         looks ? (void *)&model->pictures : model->batch, error);
}

/* Name of what a model answers. */
static const char *feature_of(const VmtModel *model)
{
    if (!model->signature.pictures)
        return "vmaf";
    return model->sidecar.feature ? model->sidecar.feature : model->signature.output;
}

static void describe(VmtModel *model, const VmtModelConfig *config, const VmtModelEntry *entry)
{
    const char *teacher = model->sidecar.teacher ? model->sidecar.teacher : "";
    model->info = (VmtModelInfo){
        .id = entry ? entry->id : model->id,
        .path = model->path,
        .sha256 = model->sha256,
        .teacher = entry ? entry->teacher : teacher,
        .license = entry ? entry->license : "",
        .provider = vmt_ort_device(model->ort),
        .ort_version = vmt_ort_version(model->ort),
        .ort_library = vmt_ort_library(model->ort),
        .registered = entry != NULL,
        .clipped = !config->disable_clip && !model->sidecar.unbounded,
        .codec = model->codec.encoder,
        .preset = model->codec.preset,
        .crf = model->codec.crf,
        .vif_gain_limit = model->sidecar.vif_gain_limit,
        .adm_gain_limit = model->sidecar.adm_gain_limit,
        .pictures = model->signature.pictures,
        .map = model->signature.map,
        .feature = feature_of(model),
    };
}

static int load(VmtModel *model, const VmtModelConfig *config, VmtError *error)
{
    int rc = open_registry(model, config, error);
    if (rc)
        return rc;
    const VmtModelEntry *entry =
        model->registry ? vmt_registry_by_id(model->registry, config->model) : NULL;
    VmtFile file;
    rc = read_file(model, &file, entry, config->model, error);
    if (rc)
        return rc;
    rc = check_model(model, config, &file, &entry, error);
    if (rc == 0)
        rc = start(model, config, &file, error);
    vmt_file_free(&file);
    if (rc)
        return rc;
    model->id = id_of(model->path);
    if (!model->id)
        return no_memory(error);
    describe(model, config, entry);
    return 0;
}

int vmt_model_open(VmtModel **out, const VmtModelConfig *config, VmtError *error)
{
    vmt_no_error(error);
    if (out)
        *out = NULL;
    int rc = check_config(out, config, error);
    if (rc)
        return rc;
    VmtModel *model = calloc(1, sizeof(*model));
    if (!model)
        return no_memory(error);
    rc = load(model, config, error);
    if (rc)
        vmt_model_close(&model);
    *out = model;
    return rc;
}

const VmtModelInfo *vmt_model_info(const VmtModel *model)
{
    return model ? &model->info : NULL;
}

int vmt_model_score(VmtModel *model, const VmtRow *rows, size_t n, double *scores,
                    VmtError *error)
{
    vmt_no_error(error);
    if (!model || (n && (!rows || !scores)))
        return vmt_fail(error, -EINVAL, "there is no model, no rows or no place for scores");
    if (!model->batch)
        return vmt_fail(error, -EINVAL, "%s looks at pictures, it does not score features: choose "
                        "another, such as vmaf_tiny_v2", model->what);
    const int rc = vmt_batch_score(model->batch, model->ort, rows, n, scores, error);
    const VmtSidecar *s = &model->sidecar;
    for (size_t i = 0; rc == 0 && model->info.clipped && i < n; i++)
        scores[i] = scores[i] < s->low ? s->low : scores[i] > s->high ? s->high : scores[i];
    return rc;
}

int vmt_model_look(VmtModel *model, const VmtImage *images, double *value, float *map,
                   VmtError *error)
{
    vmt_no_error(error);
    if (!model || !images || !value)
        return vmt_fail(error, -EINVAL, "there is no model, no picture or no place for its value");
    if (!model->signature.pictures)
        return vmt_fail(error, -EINVAL, "%s scores features, it does not look at pictures",
                        model->what);
    return vmt_pictures_run(&model->pictures, model->ort, images, value, map, error);
}

void vmt_model_close(VmtModel **model)
{
    if (!model || !*model)
        return;
    VmtModel *m = *model;
    vmt_ort_close(&m->ort);
    vmt_registry_close(&m->registry);
    vmt_batch_close(&m->batch);
    vmt_pictures_free(&m->pictures);
    vmt_sidecar_free(&m->sidecar);
    free(m->path);
    free(m->id);
    free(m);
    *model = NULL;
}

int vmt_devices(const char *ort_library, char *text, size_t size, VmtError *error)
{
    vmt_no_error(error);
    if (!text || !size)
        return vmt_fail(error, -EINVAL, "there is no place for the list of devices");
    text[0] = '\0';
    VmtOrt *ort;
    const int rc = vmt_ort_open(&ort, ort_library, error);
    if (rc)
        return rc;
    const size_t length = vmt_ort_devices(ort, text, size);
    vmt_ort_close(&ort);
    if (length >= size)
        return vmt_fail(error, -EINVAL, "the list of devices takes %zu bytes", length + 1);
    return 0;
}
