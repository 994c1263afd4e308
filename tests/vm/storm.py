#!/usr/bin/python3
"""storm.py [--kills N] [--seed N]   predump checkpoint is killed at random moments (SIGKILL, SIGTERM and SIGINT by turns),
again and again in one directory. Each time the victim runs on, with no tracer and right memory, or there is a whole
checkpoint, which criu restores; and the next call in the same directory works."""
import glob, random, shlex, signal, subprocess, time
from guest import TALLY, Victim, eventually, main, must, options, read, run
from series import Series, warm_up

GIVEN = options(kills=15, seed=1)
SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
ANEW = 20  # kills in one directory


def criu_at_work(home):
    return any(f'{home}/' in read(path) for path in glob.glob('/proc/[0-9]*/cmdline'))


class Storm:
    def __init__(self):
        self.chance = random.Random(GIVEN.seed)
        self.cost = warm_up(GIVEN)
        self.victim = Victim(GIVEN.victims + '/toucher', '8')
        self.series = Series(GIVEN, self.victim)
        self.limits = ['--max-downtime', str(int(300 + 2 * self.cost['base_us'])), '--max-rounds', '3']
        self.seconds = max(self.undisturbed() for _ in range(2))
        print(f'an undisturbed one takes {self.seconds:.1f} s', flush=True)

    def undisturbed(self):
        lines = self.series.checkpoint(*self.limits, '--leave-running')
        self.victim.assert_goes_on('after a checkpoint that left it running')
        TALLY['undisturbed checkpoints in a directory where others were killed'] += 1
        return lines.seconds

    def kill(self, number):
        """One of them is killed; what is left of it?"""
        leave = ['--leave-running'] if self.chance.random() < 0.25 else []
        # half of them while criu is at work
        moment = self.chance.uniform(self.seconds * 0.4 * (number % 2), self.seconds * 1.1)
        with open('killed.out', 'w') as out:
            job = subprocess.Popen([str(word) for word in self.series.command('checkpoint', *self.limits, *leave)],
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        time.sleep(moment)
        kind = SIGNALS[number % len(SIGNALS)]
        was_over = job.poll() is not None
        job.send_signal(kind)
        job.wait(timeout=120)
        eventually(lambda: not criu_at_work(self.series.home), 'the end of criu')
        when = f'after {kind.name} {moment:.3f} s after its start (kill {number})'
        dumped = bool(glob.glob(f'{self.series.home}/{self.series.last()}/dump.log'))
        if not self.victim.has_gone():
            self.victim.assert_goes_on(when)
            TALLY['kills: the victim runs on' + (', criu had begun' if dumped else '')] += 1
        else:
            self.restore(when)
            TALLY['kills: ' + ('too late, ' if was_over else '') + 'a whole checkpoint, restored'] += 1

    def restore(self, when):
        folder = f'{self.series.home}/{self.series.last()}'
        before = self.victim.round()
        result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')
        must(result.code == 0, f'neither a victim nor a checkpoint {when}: {result} {read(folder + "/restore.log")[-1000:]}')
        eventually(lambda: self.victim.round() > before + 9 or self.victim.heard('BAD'), f'the restored victim to go on {when}')
        self.victim.assert_good(when)

    def run(self):
        for number in range(GIVEN.kills):
            self.kill(number)
            if number % 5 == 4:
                self.undisturbed()
            if number % ANEW == ANEW - 1:
                self.series.remove()
                self.series = Series(GIVEN, self.victim)
            if number % 10 == 9:
                print(f'{number + 1} kills', flush=True)
        lines = self.series.checkpoint(*self.limits)
        eventually(self.victim.has_gone, 'a tree that is gone')
        self.restore(f'at the end, by {shlex.quote(lines.dump["restore"])}')
        self.victim.assert_verdict()


main('storm', lambda: Storm().run())
