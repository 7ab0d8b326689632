// SPDX-License-Identifier: BSD-2-Clause-Patent
/* The registry of a folder; what is taken is what the schema says. */
#include <errno.h>
#include <string.h>

#include "fusion/registry.h"
#include "fuzz.h"

static void look(const VmtRegistry *registry)
{
    const VmtModelEntry *entry;

    for (int i = 0; (entry = vmt_registry_entry(registry, i)); i++) {
        FUZZ_MUST(entry->id[0] && strlen(entry->id) <= 64 && !strchr(entry->id, '/'));
        FUZZ_MUST(strlen(entry->sha256) == 64);
        FUZZ_MUST(!strstr(entry->path, "/../"));
        FUZZ_MUST(strncmp(entry->path, fuzz_folder(), strlen(fuzz_folder())) == 0);
        FUZZ_MUST(entry->kind[0] && entry->description && entry->license && entry->teacher);
        FUZZ_MUST(vmt_registry_by_id(registry, entry->id) == entry);
        FUZZ_MUST(vmt_registry_by_sha256(registry, entry->sha256));
        FUZZ_MUST(!entry->intact);
    }
    FUZZ_MUST(!vmt_registry_entry(registry, -1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VmtRegistry *registry;
    VmtError error = { "" };

    fuzz_write("registry.json", data, size);
    const int rc = vmt_registry_open(&registry, fuzz_folder(), &error);
    FUZZ_MUST(rc == 0 || rc == -EBADMSG || rc == -EFBIG);
    if (rc == 0)
        look(registry);
    vmt_registry_close(&registry);
    fuzz_judge(rc, &error);
    return 0;
}
