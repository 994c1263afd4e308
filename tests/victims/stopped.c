// stopped: one child is stopped before the first round and stays so through dump and restore; another is stopped and
// continued by turns with each step.
#include "chain.h"

static char state(pid_t pid)
{
    char path[64], c = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %c", &c) != 1)
        die(path);
    fclose(f);
    return c;
}

static void stop_or_go(pid_t pid, int stop)
{
    kill(pid, stop ? SIGSTOP : SIGCONT);
    while ((state(pid) == 'T') != stop)
        nap(5);
}

int main(void)
{
    pid_t sleeper = spawn(area_life, 0), turner = spawn(area_life, 1), awake = spawn(area_life, 2);
    nap(300);
    stop_or_go(sleeper, 1);
    victim_ready();
    do {
        if (victim_step()) {
            stop_or_go(turner, (victim_steps_done + 1) % 2);
            victim_stepped();
        }
    } while (victim_round(60));
    if (state(sleeper) != 'T') {
        say("BAD the stopped task is in state %c", state(sleeper));
        victim_bad = 1;
    }
    finish(sleeper);
    finish(turner);
    finish(awake);
    return victim_verdict();
}
