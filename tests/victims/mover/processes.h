// How a mover forks, waits for its children, and becomes another program.
#pragma once
#include "memory.h"

static void life(long loops, int exec_at);

static void block(int how)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(how, &all, 0);
}

static int op_fork(void)
{
    int n = 0;
    while (n < CHILDREN && child[n])
        n++;
    if (is_child || n == CHILDREN)
        return 0;
    long loops = 10 + below(150);
    int exec_at = one_in(3) ? (int)below(20) : -1, active = one_in(2);
    note("fork, for %ld loops, %s, exec %d", loops, active ? "active" : "calm", exec_at);
    uint32_t number = ++forks;
    block(SIG_BLOCK); // a signal is handled by exactly one of the two
    pthread_mutex_lock(&crowd_lock[0]);
    pthread_mutex_lock(&crowd_lock[1]);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    pthread_mutex_unlock(&crowd_lock[1]);
    pthread_mutex_unlock(&crowd_lock[0]);
    if (pid) {
        child[n] = pid;
        block(SIG_UNBLOCK);
        return 1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    is_child = 1 + active;
    branch = number;
    before_fork = now;
    same_frames = 0;
    luck += number * 0x9E3779B97F4A7C15ull;
    victim_stop = victim_steps = victim_steps_done = to_tell = careful_asked = careful = in_step = 0;
    memset(child, 0, sizeof child);
    block(SIG_UNBLOCK);
    life(loops, exec_at);
    _exit(victim_bad);
}

static void gone(int n, int status)
{
    if (status) {
        say("BAD child %d ended with status %x", child[n], status);
        victim_bad = 1;
    }
    child[n] = 0;
}

static void reap_some(void)
{
    for (int n = 0, status; n < CHILDREN; n++)
        if (child[n] && waitpid(child[n], &status, WNOHANG) == child[n])
            gone(n, status);
}

static void become_another(void)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%u", (unsigned)below(1000000000));
    block(SIG_BLOCK); // our successor has no handlers yet, and would die of them
    execl(self, self, seed, "child", with_none ? "any" : "readable", busy ? "busy" : "quiet", (char *)0);
    die("exec");
}
