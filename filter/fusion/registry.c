// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _XOPEN_SOURCE 700
#include "fusion/registry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fusion/file.h"
#include "fusion/folder.h"
#include "fusion/json.h"
#include "fusion/sha256.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

enum {
    VERSION_MAX = 1,
    ID_MAX = 64,
    PATH_LENGTH_MAX = 256
};

struct VmtRegistry {
    char *folder;
    VmtJson *json; /* owns the strings of the entries, but not their paths */
    VmtModelEntry *entries;
    char **paths;
    int count;
};

static bool consists_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static bool valid_id(const char *id)
{
    const size_t n = strlen(id);
    return n >= 1 && n <= ID_MAX && strspn(id, LOWER DIGITS) >= 1 &&
           consists_of(id, LOWER DIGITS "_-");
}

static bool valid_sha256(const char *text)
{
    return strlen(text) == 64 && consists_of(text, DIGITS "abcdef");
}

static bool valid_kind(const char *kind)
{
    return strcmp(kind, "fr") == 0 || strcmp(kind, "nr") == 0 || strcmp(kind, "filter") == 0;
}

/* A path that stays in the folder: no step up, nothing absolute, nothing odd. */
static bool valid_path(const char *path)
{
    const size_t n = strlen(path);
    return n > 5 && n <= PATH_LENGTH_MAX && strcmp(path + n - 5, ".onnx") == 0 &&
           strspn(path, LOWER DIGITS) >= 1 && consists_of(path, LOWER DIGITS "_./-") &&
           !strstr(path, "..");
}

/* A string member: the default if it is missing, NULL if it is something else. */
static const char *string_of(const VmtJsonValue *row, const char *name, const char *missing)
{
    const VmtJsonValue *value = vmt_json_find(row, name);
    if (!value)
        return missing;
    return value->type == VMT_JSON_STRING ? value->string : NULL;
}

/* What is wrong with a row, or NULL. */
static const char *read_row(const VmtJsonValue *row, VmtModelEntry *entry, const char **file)
{
    const VmtJsonValue *smoke = vmt_json_find(row, "smoke");
    *entry = (VmtModelEntry){
        .id = string_of(row, "id", NULL),
        .kind = string_of(row, "kind", NULL),
        .sha256 = string_of(row, "sha256", NULL),
        .description = string_of(row, "description", ""),
        .license = string_of(row, "license", ""),
        .teacher = string_of(row, "teacher", ""),
        .smoke = smoke && smoke->number != 0,
    };
    *file = string_of(row, "onnx", NULL);
    if (!entry->id || !valid_id(entry->id))
        return "has no valid id";
    if (!entry->kind || !valid_kind(entry->kind))
        return "has no valid kind";
    if (!*file || !valid_path(*file))
        return "has no valid onnx, a path inside the folder";
    if (!entry->sha256 || !valid_sha256(entry->sha256))
        return "has no valid sha256";
    if (!entry->description || !entry->license || !entry->teacher)
        return "has a description, license or teacher that is no string";
    return smoke && smoke->type != VMT_JSON_BOOL ? "has a smoke that is no bool" : NULL;
}

static int add_row(VmtRegistry *registry, const VmtJsonValue *row, const char *what,
                   VmtError *error)
{
    const int i = registry->count;
    VmtModelEntry entry;
    const char *file;
    const char *why = read_row(row, &entry, &file);
    if (!why && vmt_registry_by_id(registry, entry.id))
        why = "has the id of another";
    if (why)
        return vmt_fail(error, -EBADMSG, "%s: model %d (%s) %s: correct it or install again",
                        what, i + 1, entry.id ? entry.id : "without id", why);
    registry->paths[i] = vmt_file_join(registry->folder, file);
    if (!registry->paths[i])
        return vmt_fail(error, -ENOMEM, "out of memory");
    entry.path = registry->paths[i];
    registry->entries[i] = entry;
    registry->count++;
    return 0;
}

static int read_rows(VmtRegistry *registry, const char *what, VmtError *error)
{
    const VmtJsonValue *root = vmt_json_root(registry->json);
    const VmtJsonValue *version = vmt_json_find(root, "schema_version");
    const VmtJsonValue *models = vmt_json_get(root, "models", VMT_JSON_ARRAY);
    if (!models)
        return vmt_fail(error, -EBADMSG, "%s is no registry, it has no list of models: correct "
                        "it or install again", what);
    if (version && (version->type != VMT_JSON_NUMBER || version->number < 0 ||
                    version->number > VERSION_MAX))
        return vmt_fail(error, -EBADMSG, "%s has a schema_version other than 0 to %d: use the "
                        "library that it was made for", what, VERSION_MAX);
    registry->entries = calloc(models->count + 1, sizeof(*registry->entries));
    registry->paths = calloc(models->count + 1, sizeof(*registry->paths));
    if (!registry->entries || !registry->paths)
        return vmt_fail(error, -ENOMEM, "out of memory");
    int rc = 0;
    for (const VmtJsonValue *row = models->first; row && rc == 0; row = row->next)
        rc = add_row(registry, row, what, error);
    return rc;
}

static int load(VmtRegistry *registry, const char *model_dir, VmtError *error)
{
    registry->folder = vmt_model_folder(model_dir);
    char *path = registry->folder ? vmt_file_join(registry->folder, "registry.json") : NULL;
    if (!path)
        return vmt_fail(error, -ENOMEM, "out of memory");
    VmtFile file;
    int rc = vmt_file_read(&file, path, VMT_JSON_BYTES_MAX, "registry", error);
    if (rc == -ENOENT)
        rc = vmt_fail(error, -ENOENT, "there is no registry of models at '%s': name the folder "
                      "of the models, e.g. in VMAF_TINY_MODEL_DIR", path);
    else if (rc == -ENOTDIR || rc == -ELOOP)
        rc = vmt_fail(error, -EACCES, "'%s' is no folder: name the folder of the models",
                      registry->folder);
    free(path);
    if (rc)
        return rc;
    rc = vmt_json_open(&registry->json, (const char *)file.data, file.size, file.path, error);
    if (rc == 0)
        rc = read_rows(registry, file.path, error);
    vmt_file_free(&file);
    return rc;
}

int vmt_registry_load(VmtRegistry **out, const char *model_dir, VmtError *error)
{
    *out = NULL;
    VmtRegistry *registry = calloc(1, sizeof(*registry));
    if (!registry)
        return vmt_fail(error, -ENOMEM, "out of memory");
    const int rc = load(registry, model_dir, error);
    if (rc)
        vmt_registry_close(&registry);
    *out = registry;
    return rc;
}

/* Whatever is wrong with a file, it is not intact; only lack of memory says nothing of it. */
static int check_intact(VmtModelEntry *entry, VmtError *error)
{
    VmtFile file;
    const int rc = vmt_file_read(&file, entry->path, VMT_MODEL_BYTES_MAX, "model", error);
    if (rc == -ENOMEM)
        return rc;
    vmt_no_error(error);
    if (rc)
        return 0;
    char sha256[65];
    vmt_sha256(file.data, file.size, sha256);
    vmt_file_free(&file);
    entry->intact = strcmp(sha256, entry->sha256) == 0;
    return 0;
}

int vmt_registry_open(VmtRegistry **out, const char *model_dir, VmtError *error)
{
    vmt_no_error(error);
    if (!out)
        return vmt_fail(error, -EINVAL, "there is no place for the registry");
    int rc = vmt_registry_load(out, model_dir, error);
    for (int i = 0; rc == 0 && i < (*out)->count; i++)
        rc = check_intact(&(*out)->entries[i], error);
    if (rc)
        vmt_registry_close(out);
    return rc;
}

const char *vmt_registry_folder(const VmtRegistry *registry)
{
    return registry->folder;
}

const VmtModelEntry *vmt_registry_entry(const VmtRegistry *registry, int i)
{
    return registry && i >= 0 && i < registry->count ? &registry->entries[i] : NULL;
}

const VmtModelEntry *vmt_registry_by_id(const VmtRegistry *registry, const char *id)
{
    for (int i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].id, id) == 0)
            return &registry->entries[i];
    return NULL;
}

int vmt_registry_by_path(const VmtRegistry *registry, const char *path,
                         const VmtModelEntry **entry, VmtError *error)
{
    *entry = NULL;
    for (int i = 0; i < registry->count && !*entry; i++) {
        char *real = realpath(registry->entries[i].path, NULL);
        if (!real && errno == ENOMEM)
            return vmt_fail(error, -ENOMEM, "out of memory");
        if (real && strcmp(real, path) == 0)
            *entry = &registry->entries[i];
        free(real);
    }
    return 0;
}

const VmtModelEntry *vmt_registry_by_sha256(const VmtRegistry *registry, const char *sha256)
{
    for (int i = 0; i < registry->count; i++)
        if (strcmp(registry->entries[i].sha256, sha256) == 0)
            return &registry->entries[i];
    return NULL;
}

void vmt_registry_close(VmtRegistry **registry)
{
    if (!registry || !*registry)
        return;
    VmtRegistry *r = *registry;
    for (int i = 0; r->paths && i < r->count; i++)
        free(r->paths[i]);
    free(r->paths);
    free(r->entries);
    vmt_json_close(&r->json);
    free(r->folder);
    free(r);
    *registry = NULL;
}
