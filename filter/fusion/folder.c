// SPDX-License-Identifier: BSD-2-Clause-Patent
#define _GNU_SOURCE /* dladdr() */
#include "fusion/folder.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusion/file.h"

#ifndef VMT_MODEL_DIR
#define VMT_MODEL_DIR "/usr/local/share/vmaf_tiny"
#endif

/* Something of this library that has an address. */
static const char here = 0;

static int has_registry(const char *folder)
{
    char *path = vmt_file_join(folder, "registry.json");
    const int found = path && access(path, F_OK) == 0;
    free(path);
    return found;
}

/* Beside the file that this code was loaded from: lib/../share, or lib/<machine>/../../share. */
static char *beside_library(void)
{
    static const char *const steps[] = {"../share/vmaf_tiny", "../../share/vmaf_tiny"};
    Dl_info info;
    if (!dladdr(&here, &info) || !info.dli_fname)
        return NULL;
    /* A program that was found on PATH is named as it was called. */
    char *file = realpath(strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", NULL);
    char *slash = file ? strrchr(file, '/') : NULL;
    char *found = NULL;
    for (size_t i = 0; slash && !found && i < sizeof(steps) / sizeof(*steps); i++) {
        *slash = '\0';
        char *folder = vmt_file_join(file, steps[i]);
        if (folder && has_registry(folder))
            found = realpath(folder, NULL);
        free(folder);
    }
    free(file);
    return found;
}

char *vmt_model_folder(const char *given)
{
    if (!given || !*given)
        given = vmt_file_env("VMAF_TINY_MODEL_DIR");
    if (given)
        return strdup(given);
    char *folder = beside_library();
    return folder ? folder : strdup(VMT_MODEL_DIR);
}
