/* Runs a target over the files of a folder: replay_<target> FOLDER, once for each build without
 * libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

#define LARGEST 1048576

static bool replay(const char *folder, const char *name)
{
    char path[4096];
    struct mh_buf input;
    struct mh_err err;
    mh_buf_init(&input, LARGEST);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name); /* cut, it is not found */
    (void)fprintf(stderr, "%s\n", path);                      /* the last one shown broke it */
    int r = mh_file_read(path, &input, &err);
    if (r == 0) {
        /* Memory of its own and of the exact size, so that a read past its end is seen. */
        size_t size = input.len;
        uint8_t *data = malloc(size > 0 ? size : 1);
        require(data != NULL);
        (void)memcpy(data, mh_buf_text(&input), size);
        (void)LLVMFuzzerTestOneInput(data, size); /* always 0 */
        free(data);
    } else {
        (void)fprintf(stderr, "replay: %s\n", err.text);
    }
    mh_buf_release(&input);
    return r == 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int failed = 0, count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        count++;
        failed += !replay(argv[1], entry->d_name);
    }
    (void)closedir(folder); /* was only read */
    (void)fprintf(stderr, "%d inputs, %d unreadable\n", count, failed);
    return count > 0 && failed == 0 ? 0 : 1;
}
