// SPDX-License-Identifier: Apache-2.0
//
// Says what the kernel says to an exec of what cannot be read.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char** environ;

static void* volatile nowhere = (void*)8;

static void say(const char* what) {
    printf("%s: %s\n", what, strerror(errno));
}

int main(void) {
    char* arguments[] = {"program", NULL};
    char* bad_string[] = {nowhere, NULL};
    execve(nowhere, arguments, environ);
    say("path");
    execv(nowhere, arguments);
    say("path of execv");
    execve("/bin/true", arguments, nowhere);
    say("environment");
    execve("/bin/true", arguments, bad_string);
    say("variable");
    execve("", arguments, environ);
    say("empty path");
    execvp("no-such-program", arguments);
    say("name");
    execve("/", arguments, environ);
    say("folder");
    return 0;
}
