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
    char **names; /* ids that are made here; NULL where the file has the id */
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

/* What a row says of one model: its file and that of its form with 8-bit weights. */
typedef struct Row {
    VmtModelEntry entry;
    const char *file;
    const char *int8_sha256; /* "" if there is no such form */
} Row;

/* What is wrong with a row, or NULL. */
static const char *read_row(const VmtJsonValue *row, Row *out)
{
    VmtModelEntry *entry = &out->entry;
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
    out->file = string_of(row, "onnx", NULL);
    out->int8_sha256 = string_of(row, "int8_sha256", "");
    if (!entry->id || !valid_id(entry->id))
        return "has no valid id";
    if (!entry->kind || !valid_kind(entry->kind))
        return "has no valid kind";
    if (!out->file || !valid_path(out->file))
        return "has no valid onnx, a path inside the folder";
    if (!entry->sha256 || !valid_sha256(entry->sha256))
        return "has no valid sha256";
    if (!out->int8_sha256 || (*out->int8_sha256 && !valid_sha256(out->int8_sha256)))
        return "has no valid int8_sha256";
    if (!entry->description || !entry->license || !entry->teacher)
        return "has a description, license or teacher that is no string";
    return smoke && smoke->type != VMT_JSON_BOOL ? "has a smoke that is no bool" : NULL;
}

/* A text with its last characters taken away and others put there; NULL without memory. */
static char *with_end(const char *text, size_t away, const char *end)
{
    const size_t kept = strlen(text) - away, n = strlen(end) + 1;
    char *made = malloc(kept + n);
    if (made) {
        memcpy(made, text, kept);
        memcpy(made + kept, end, n);
    }
    return made;
}

/* Add an entry whose path, and id if it is made here, the registry is to own. */
static int add_entry(VmtRegistry *registry, VmtModelEntry entry, char *path, char *name,
                     VmtError *error)
{
    if (!path) {
        free(name);
        return vmt_fail(error, -ENOMEM, "out of memory");
    }
    entry.path = path;
    registry->paths[registry->count] = path;
    registry->names[registry->count] = name;
    registry->entries[registry->count++] = entry;
    return 0;
}

/* "ID.int8" is the model with 8-bit weights, whose file lies beside the model's. */
static int add_int8(VmtRegistry *registry, const Row *row, const VmtModelEntry *base,
                    VmtError *error)
{
    VmtModelEntry entry = *base;
    char *name = with_end(base->id, 0, ".int8");
    if (!name)
        return vmt_fail(error, -ENOMEM, "out of memory");
    entry.id = name;
    entry.sha256 = row->int8_sha256;
    return add_entry(registry, entry, with_end(base->path, strlen(".onnx"), ".int8.onnx"), name,
                     error);
}

/* How many rows of the file have been read. */
static int rows_read(const VmtRegistry *registry)
{
    int n = 0;
    for (int i = 0; i < registry->count; i++)
        n += !registry->names[i];
    return n;
}

static int add_row(VmtRegistry *registry, const VmtJsonValue *value, const char *what,
                   VmtError *error)
{
    Row row;
    const char *why = read_row(value, &row);
    if (!why && vmt_registry_by_id(registry, row.entry.id))
        why = "has the id of another";
    if (why)
        return vmt_fail(error, -EBADMSG, "%s: model %d (%s) %s: correct it or install again",
                        what, rows_read(registry) + 1,
                        row.entry.id ? row.entry.id : "without id", why);
    const int rc = add_entry(registry, row.entry, vmt_file_join(registry->folder, row.file), NULL,
                             error);
    if (rc || !*row.int8_sha256)
        return rc;
    return add_int8(registry, &row, &registry->entries[registry->count - 1], error);
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
    const size_t most = 2 * models->count + 1; /* each may have a form with 8-bit weights */
    registry->entries = calloc(most, sizeof(*registry->entries));
    registry->paths = calloc(most, sizeof(*registry->paths));
    registry->names = calloc(most, sizeof(*registry->names));
    if (!registry->entries || !registry->paths || !registry->names)
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
    for (int i = 0; i < r->count; i++) {
        free(r->paths[i]);
        free(r->names[i]);
    }
    free(r->paths);
    free(r->names);
    free(r->entries);
    vmt_json_close(&r->json);
    free(r->folder);
    free(r);
    *registry = NULL;
}
