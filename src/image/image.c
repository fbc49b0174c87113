/* SPDX-License-Identifier: MIT */

/*
 * An image at rest
 */

#include "image/image.h"

#include <stdlib.h>

#include "util/alloc.h"

void image_progress_tell(const struct image_progress *progress, const char *what,
                         uint64_t done_bytes, uint64_t total_bytes)
{
    if (progress->tell)
        progress->tell(progress->context, what, done_bytes, total_bytes);
}

void image_config_done(struct image_config *config)
{
    strings_done(&config->env);
    strings_done(&config->entrypoint);
    strings_done(&config->cmd);
    free(config->user);
    free(config->working_dir);
    free(config->stop_signal);
    strings_done(&config->volumes);
    strings_done(&config->exposed);
    strings_map_done(&config->labels);
    strings_done(&config->health_test);
    strings_done(&config->shell);
    strings_done(&config->on_build);
    *config = (struct image_config){ 0 };
}

void image_config_copy(struct image_config *to, const struct image_config *from)
{
    struct image_config copy = *from;

    copy.env = copy.entrypoint = copy.cmd = (struct strings){ 0 };
    copy.volumes = copy.exposed = copy.health_test = (struct strings){ 0 };
    copy.shell = copy.on_build = (struct strings){ 0 };
    copy.labels = (struct strings_map){ 0 };
    strings_copy(&copy.env, &from->env);
    strings_copy(&copy.entrypoint, &from->entrypoint);
    strings_copy(&copy.cmd, &from->cmd);
    strings_copy(&copy.volumes, &from->volumes);
    strings_copy(&copy.exposed, &from->exposed);
    strings_map_copy(&copy.labels, &from->labels);
    strings_copy(&copy.health_test, &from->health_test);
    strings_copy(&copy.shell, &from->shell);
    strings_copy(&copy.on_build, &from->on_build);
    copy.user = alloc_text(from->user);
    copy.working_dir = alloc_text(from->working_dir);
    copy.stop_signal = alloc_text(from->stop_signal);
    image_config_done(to);
    *to = copy;
}

void image_free(struct image *image)
{
    if (!image)
        return;
    free(image->id);
    free(image->digest);
    free(image->created);
    strings_done(&image->names);
    image_config_done(&image->config);
    strings_done(&image->layers);
    strings_done(&image->diff_ids);
    free(image);
}
