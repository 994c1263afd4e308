#!/usr/bin/python3
"""pressure.py [--times N]   Victims in a cgroup with a memory limit: one that is mostly swapped out, and one of which the kernel
kills a task, or all tasks, for lack of memory during a round (N times each)."""
import os, random, signal, time
from guest import TALLY, Chain, Victim, eventually, main, must, options, read, run

GIVEN = options(times=8)
CGROUPS = '/sys/fs/cgroup'


class Box:
    """A memory cgroup with a victim in it."""

    def __init__(self, name, limit, swap, victim, *arguments, group=False):
        self.path = f'{CGROUPS}/{name}'
        with open(CGROUPS + '/cgroup.subtree_control', 'w') as file:
            file.write('+memory')
        os.makedirs(self.path, exist_ok=True)
        for file, value in {'memory.max': limit, 'memory.swap.max': swap, 'memory.oom.group': int(group)}.items():
            self.set(file, value)
        self.victim = Victim('sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.path,
                             f'{GIVEN.victims}/{victim}', *arguments)

    def set(self, file, value):
        with open(f'{self.path}/{file}', 'w') as to:
            to.write(str(value))

    def number(self, file, name=''):
        return next(int(line.split()[-1]) for line in read(f'{self.path}/{file}').splitlines() if line.startswith(name))

    def end(self):
        self.victim.end()
        eventually(lambda: self.victim.has_gone() and not read(self.path + '/cgroup.procs').strip(), 'an empty cgroup')
        os.rmdir(self.path)


def squeezed():
    """24 MB of memory for a victim of 48 MB that reads all of it all the time; the rest is in swap."""
    box = Box('squeezed', 24 << 20, 'max', 'toucher', '48')
    eventually(lambda: box.number('memory.swap.current') > 16 << 20, 'a victim in swap')
    chain = Chain(GIVEN.predump, GIVEN.criu, box.victim)
    for _ in range(3):
        chain.round_done(chain.round())
        box.victim.assert_goes_on('after a round of a victim in swap')
        chain.assert_exact('of a victim in swap')
    must(box.number('memory.events', 'oom_kill') == 0, 'the victim was killed for want of memory')
    TALLY['MB of a victim in swap'] += box.number('memory.swap.current') >> 20
    chain.dump_and_restore()
    box.victim.assert_verdict()
    box.end()


def eaten(group):
    """A task, or the whole tree, is killed by the kernel while rounds are made."""
    luck = random.Random()
    died_in_a_round = 0
    for attempt in range(GIVEN.times):
        box = Box(f'eaten{attempt}', 32 << 20, 0, 'hungry', group=group)
        victim, chain = box.victim, Chain(GIVEN.predump, GIVEN.criu, box.victim)
        os.kill(victim.pid, signal.SIGUSR1)
        time.sleep(luck.random() * 0.5)
        while box.number('memory.events', 'oom_kill') == 0:
            parent = chain.last
            folder, result = chain.round()
            what = f'after a round while the kernel kills for want of memory: {result}'
            if box.number('memory.events', 'oom_kill') > 0:
                died_in_a_round += 1
            if result.code == 0:
                must(chain.inventory(folder), what)
                sound = run(GIVEN.predump, 'verify', folder)
                must(sound.code == 0, f'images that look whole are not {what}: {sound}')
                chain.last = folder
            else:
                lines = result.errors.splitlines()
                must(result.code == 1 and lines and lines[-1].startswith('predump: error: ') and 'defect' not in lines[-1], what)
                must(not os.listdir(folder), f'left over: {os.listdir(folder)} {what}')
                must(victim.has_gone() or not chain.inventory(parent), f'the round failed {what}')
                if not victim.has_gone() and not chain.inventory(parent):
                    chain.begin_anew()
        if not group:
            eventually(lambda: victim.heard('EATEN') or victim.has_gone(), 'the child to be gone')
            if victim.has_gone():  # the kernel, not predump, chose and killed this task
                must(victim.job.returncode == -signal.SIGKILL, f'the victim ended by itself: {read(victim.out)[-300:]}')
                print(run('dmesg').output[-1500:], flush=True)
                TALLY['trees of which the kernel killed the root for want of memory'] += 1
                box.end()
                continue
            victim.assert_goes_on('after its child was killed for want of memory')
            chain.assert_exact('after its child was killed for want of memory')
            victim.assert_verdict()
        box.end()
    must(died_in_a_round > 0, 'the kernel never killed while a round was under way')
    TALLY['victims killed for want of memory during a round'] += died_in_a_round


def prove():
    squeezed()
    eaten(group=False)
    eaten(group=True)


main('pressure', prove)
