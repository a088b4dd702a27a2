/* Preloaded, it makes each fsync and fdatasync take SLOWSYNC_US microseconds longer: a disk as clinics have them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_first(void)
{
    static int microseconds = -1;
    if (microseconds < 0) {
        const char *said = getenv("SLOWSYNC_US");
        microseconds = said ? atoi(said) : 0;
    }
    if (microseconds > 0)
        usleep(microseconds);
}

int fsync(int file)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_first();
    return real(file);
}

int fdatasync(int file)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_first();
    return real(file);
}
