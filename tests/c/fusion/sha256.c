// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * SHA-256 gives the digests that its standard and an independent program give, by the CPU's
 * instructions for it, where there are such, and in plain C.
 */
#include "fusion/sha256.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"

static const struct {
    const char *text, *digest;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
     "klmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

/* Digests of n times 'a', where the padding changes its form: made by sha256sum. */
static const struct {
    size_t n;
    const char *digest;
} lengths[] = {
    {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
    {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
    {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
    {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
    {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
    {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
    {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
    {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
    {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
    {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
    {1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

/* Bytes of all values, at every offset: the digest does not depend on where they lie. */
static void check_agreement(void)
{
    static uint8_t data[4096 + 64];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 167 + (i >> 8) * 31);
    for (size_t offset = 0; offset < 64; offset++)
        for (size_t size = 0; size < 4096; size += 1 + size / 7) {
            char fast[65], plain[65];
            vmt_sha256(data + offset, size, fast);
            vmt_sha256_plain(data + offset, size, plain);
            CHECK(strcmp(fast, plain) == 0, "%zu bytes at %zu: %s, not %s", size, offset, fast,
                  plain);
        }
}

int main(void)
{
    char hex[65];
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        vmt_sha256((const uint8_t *)vectors[i].text, strlen(vectors[i].text), hex);
        CHECK(strcmp(hex, vectors[i].digest) == 0, "'%s' gives %s", vectors[i].text, hex);
        vmt_sha256_plain((const uint8_t *)vectors[i].text, strlen(vectors[i].text), hex);
        CHECK(strcmp(hex, vectors[i].digest) == 0, "plain, '%s' gives %s", vectors[i].text, hex);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        uint8_t *data = malloc(lengths[i].n);
        if (!data)
            return 2;
        memset(data, 'a', lengths[i].n);
        vmt_sha256(data, lengths[i].n, hex);
        CHECK(strcmp(hex, lengths[i].digest) == 0, "%zu bytes give %s", lengths[i].n, hex);
        vmt_sha256_plain(data, lengths[i].n, hex);
        CHECK(strcmp(hex, lengths[i].digest) == 0, "plain, %zu bytes give %s", lengths[i].n, hex);
        free(data);
    }
    check_agreement();
    return check_result("sha256");
}
