/* SPDX-License-Identifier: MIT */

/*
 * The user's terminal, connected to that of a process
 */

#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/signal_fd.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"

enum { FROM_USER, FROM_PROCESS, RESIZED, ENDED, FD_COUNT };

bool terminal_is_interactive(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void copy_size(int master_fd)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        ioctl(master_fd, TIOCSWINSZ, &size);
}

/* Move what is there; false at the end of `from`. */
static bool move(int from, int to)
{
    struct error ignored = { 0 };
    char buffer[16384];
    ssize_t length = read(from, buffer, sizeof(buffer));

    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    /* A master without a slave reads as EIO: the process has closed its terminal. */
    if (length <= 0)
        return false;
    return file_write_all(to, buffer, (size_t)length, &ignored) == 0;
}

/* A terminal has no end of its own: who reads from it hears of ours as of a Ctrl-D. */
static void tell_end(int master_fd)
{
    struct error ignored = { 0 };
    struct termios mode;

    if (tcgetattr(master_fd, &mode) == 0 &&
        file_write_all(master_fd, &mode.c_cc[VEOF], 1, &ignored) < 0)
        error_clear(&ignored);
}

static int open_resizes(int *out, struct error *err)
{
    static const int resize = SIGWINCH;

    return signal_fd_open(&resize, 1, out, err);
}

static void take_resize(int signal_fd, int master_fd)
{
    while (signal_fd_take(signal_fd) != 0)
        copy_size(master_fd);
}

static void relay(int master_fd, int pidfd, int signal_fd)
{
    struct pollfd fds[FD_COUNT] = {
        [FROM_USER] = { STDIN_FILENO, POLLIN, 0 },
        [FROM_PROCESS] = { master_fd, POLLIN, 0 },
        [RESIZED] = { signal_fd, POLLIN, 0 },
        [ENDED] = { pidfd, POLLIN, 0 },
    };

    for (;;) {
        /* Once the process has ended, only what it wrote before is still moved. */
        int count = poll(fds, FD_COUNT, fds[ENDED].fd < 0 ? 0 : -1);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return;
        if (fds[RESIZED].revents)
            take_resize(signal_fd, master_fd);
        if (fds[FROM_USER].revents && !move(STDIN_FILENO, master_fd)) {
            fds[FROM_USER].fd = -1;
            tell_end(master_fd);
        }
        if (fds[FROM_PROCESS].revents && !move(master_fd, STDOUT_FILENO))
            return;
        if (fds[ENDED].fd >= 0 && fds[ENDED].revents) {
            fds[ENDED].fd = -1;
            fds[FROM_USER].fd = -1;
        }
    }
}

int terminal_set_raw(struct termios *before, struct error *err)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, before) < 0)
        return error_set_errno(err, errno, "read the mode of the terminal");
    raw = *before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
        return error_set_errno(err, errno, "set the mode of the terminal");
    return 0;
}

void terminal_put_back(const struct termios *before)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, before);
}

int terminal_relay(int master_fd, int pidfd, struct error *err)
{
    AUTO_CLOSE int signal_fd = -1;
    struct termios before;

    if (open_resizes(&signal_fd, err) < 0)
        return -1;
    copy_size(master_fd);
    if (!isatty(STDIN_FILENO)) {
        relay(master_fd, pidfd, signal_fd);
        return 0;
    }
    if (terminal_set_raw(&before, err) < 0)
        return -1;
    relay(master_fd, pidfd, signal_fd);
    terminal_put_back(&before);
    return 0;
}
