// The floor of Weft's firewall: the same ruleset, as Weft left it beforehand, in the words of nftables.
//
// All of it is one transaction of libnftables; what is read back is one list of it. See docs/benchmarks.md.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

const char *firewall_directory = NULL;

static struct nft_ctx *context = NULL;

// The context is of the namespace that the thread is in at the first call.
static void firewall_open(void) {
    if (context) return;
    context = nft_ctx_new(NFT_CTX_DEFAULT);
    if (!context) fail("make a context of libnftables");
    if (nft_ctx_buffer_output(context) || nft_ctx_buffer_error(context)) fail("buffer the output of libnftables");
}

static void refuse_failure(int status, const char *step) {
    if (status) fail_verification("cannot %s: %s", step, nft_ctx_get_error_buffer(context));
}

static void firewall_path(char path[PATH_MAX], const char *name) {
    if (!firewall_directory) fail_verification("a network needs a firewall: --firewall");
    snprintf(path, PATH_MAX, "%s/%s", firewall_directory, name);
}

void load_firewall(const char *name) {
    char path[PATH_MAX];
    firewall_path(path, name);
    firewall_open();
    refuse_failure(nft_run_cmd_from_filename(context, path), "load the firewall");
}

// MARK: - Reading

// A line of a listing without what depends on its place among others: the kernel lists elements in an order of its own.
static uint64_t line_digest(const char *line, size_t length) {
    static const char opening[] = "elements = {";
    while (length && (*line == ' ' || *line == '\t')) line++, length--;
    if (length >= strlen(opening) && memcmp(line, opening, strlen(opening)) == 0) {
        line += strlen(opening);
        length -= strlen(opening);
        while (length && *line == ' ') line++, length--;
    }
    while (length && (line[length - 1] == ',' || line[length - 1] == ' ' || line[length - 1] == '}')) length--;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t byte = 0; byte < length; byte++) hash = (hash ^ (uint8_t)line[byte]) * 0x100000001b3u;
    return length ? hash : 0;
}

// The same for listings of the same lines in whatever order.
static uint64_t listing_digest(const char *text) {
    uint64_t sum = 0;
    while (*text) {
        const char *end = strchrnul(text, '\n');
        sum += line_digest(text, (size_t)(end - text));
        text = *end ? end + 1 : end;
    }
    return sum;
}

static char *file_contents(const char *path) {
    FILE *file = fopen(path, "re");
    if (!file) fail("open '%s'", path);
    char *text = NULL;
    size_t capacity = 0;
    // There is no NUL in it.
    if (getdelim(&text, &capacity, 0, file) < 0) fail("read '%s'", path);
    fclose(file);
    return text;
}

void verify_firewall(const char *name) {
    char path[PATH_MAX];
    firewall_path(path, name);
    firewall_open();
    refuse_failure(nft_run_cmd_from_buffer(context, "list ruleset"), "list the firewall");
    char *expected = file_contents(path);
    bool same = listing_digest(nft_ctx_get_output_buffer(context)) == listing_digest(expected);
    free(expected);
    if (!same) fail_verification("the firewall is not that of '%s'", path);
}

// MARK: - Destruction

void destroy_firewall(void) {
    if (!firewall_directory) return;
    namespace_enter(node_name);
    firewall_open();
    refuse_failure(nft_run_cmd_from_buffer(context, "delete table inet weft; delete table bridge weft"),
                   "delete the firewall");
    refuse_failure(nft_run_cmd_from_buffer(context, "list tables"), "list tables");
    if (*nft_ctx_get_output_buffer(context)) fail_verification("tables are left");
}
