#!/usr/bin/python3
"""storm.py [--kills N] [--seed N]   predump checkpoint is killed at random moments (SIGKILL, SIGTERM and SIGINT by turns),
again and again in one directory. Each time the victim runs on, with no tracer and right memory, or there is a whole
checkpoint, which criu restores; and the next call in the same directory works.

Every other kill is aimed at criu's dump: it comes at a random moment after criu has begun. Only a kill of a checkpoint that
is under way counts: one that ended before is restored, too, and its time says when the next kill has to come."""
import collections, glob, os, random, shlex, signal, statistics, subprocess, time
from guest import TALLY, Victim, eventually, main, must, options, read, run
from series import Series, warm_up

GIVEN = options(kills=15, seed=1)
SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
ANEW = 20  # kills in one directory


def crius():
    """The criu processes of this machine."""
    return {path for path in glob.glob('/proc/[0-9]*') if read(path + '/comm') == 'criu\n'}


class Storm:
    def __init__(self):
        self.chance = random.Random(GIVEN.seed)
        self.cost = warm_up(GIVEN)
        self.victim = Victim(GIVEN.victims + '/toucher', '8')
        self.series = Series(GIVEN, self.victim)
        self.limits = ['--max-downtime', str(int(300 + 2 * self.cost['base_us'])), '--max-rounds', '3']
        self.kills = 0
        # seconds: what whole calls took lately, the part before criu's dump and the dump; and what this proof spends its time on
        self.before, self.dumps = collections.deque(maxlen=5), collections.deque(maxlen=5)
        self.spent = collections.Counter()

    def timed(self, what, call, *given):
        begun = time.monotonic()
        try:
            return call(*given)
        finally:
            self.spent[what] += time.monotonic() - begun

    def undisturbed(self):
        self.series.checkpoint(*self.limits, '--leave-running')
        self.victim.assert_goes_on('after a checkpoint that left it running')
        TALLY['undisturbed checkpoints in a directory where others were killed'] += 1

    def attempt(self):
        """One of them is killed, if it isn't over before that; what is left of it?"""
        kind, leave = SIGNALS[self.kills % len(SIGNALS)], ['--leave-running'] * (self.chance.random() < 0.25)
        others = crius()
        job = self.begin(leave)
        moment = self.wait_for_its_moment(job)
        was_over = job.poll() is not None
        job.send_signal(kind)
        self.timed('its end', job.wait, 120)
        self.timed('its end', eventually, lambda: crius() <= others, 'the end of criu')
        self.kills += not was_over
        when = f'after {kind.name} {moment} (kill {self.kills}): exit code {job.returncode}, {read("killed.out")[-300:]}'
        what = 'checkpoints that ended before the kill came: ' if was_over else 'kills: '
        if 'criu' in moment:
            what = what.replace('kills', 'kills while criu dumped')
        if not self.victim.has_gone():
            self.timed('the victim goes on', self.victim.assert_goes_on, when)
            TALLY[what + 'the victim runs on'] += 1
        else:
            self.timed('the restore', self.restore, when)
            TALLY[what + 'a whole checkpoint, restored'] += 1

    def begin(self, leave):
        self.begun, self.dumping, self.number = time.monotonic(), None, self.series.last()
        with open('killed.out', 'w') as out:
            return subprocess.Popen([str(word) for word in self.series.command('checkpoint', *self.limits, *leave)],
                                    stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)

    def wait_for_its_moment(self, job):
        """Until a random moment, or until the job has ended; says in words which it was."""
        aimed = self.kills % 2 == 1 and len(self.dumps) > 0
        until = self.chance.uniform(0, sum(map(statistics.median, (self.before, self.dumps)))) if self.dumps else 60
        after = self.chance.uniform(0, statistics.median(self.dumps)) if aimed else None
        while job.poll() is None:
            now = time.monotonic()
            if self.dumping is None and self.criu_has_begun():
                self.dumping = now
            if now > (self.dumping or now) + after if aimed else now > self.begun + until:
                break
            time.sleep(0.01)
        else:
            must(job.returncode == 0, f'not killed, but failed: {read("killed.out")[-1000:]} {self.series.log()}')
            if self.dumping:
                self.before.append(self.dumping - self.begun)
                self.dumps.append(time.monotonic() - self.dumping)
        self.spent['rounds and dumps'] += time.monotonic() - self.begun
        text = f'{time.monotonic() - self.begun:.3f} s after its start'
        return text + (f', {time.monotonic() - self.dumping:.3f} s after the start of criu' if self.dumping else '')

    def criu_has_begun(self):
        return any(os.path.exists(f'{self.series.home}/{number}/dump.log') for number in range(self.number + 1, self.number + 9))

    def restore(self, when):
        folder = f'{self.series.home}/{self.series.last()}'
        before = self.victim.round()
        result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')
        must(result.code == 0, f'neither a victim nor a checkpoint {when}: {result} {read(folder + "/restore.log")[-1000:]}')
        eventually(lambda: self.victim.round() > before + 9 or self.victim.heard('BAD'), f'the restored victim to go on {when}')
        self.victim.assert_good(when)

    def run(self):
        attempts, told = 0, 0
        while self.kills < GIVEN.kills:
            must(attempts < 50 + 2 * GIVEN.kills, f'of {attempts} checkpoints only {self.kills} could be killed')
            self.attempt()
            attempts += 1
            if attempts % 8 == 7:
                self.timed('undisturbed ones', self.undisturbed)
            if attempts % ANEW == ANEW - 1:
                self.series.remove()
                self.series = Series(GIVEN, self.victim)
            if self.kills // 10 > told:
                told = self.kills // 10
                spent = ', '.join(f'{what} {seconds:.0f}' for what, seconds in self.spent.most_common())
                print(f'{self.kills} kills; seconds: {spent}', flush=True)
        lines = self.series.checkpoint(*self.limits)
        eventually(self.victim.has_gone, 'a tree that is gone')
        self.restore(f'at the end, by {shlex.quote(lines.dump["restore"])}')
        self.victim.assert_verdict()


main('storm', lambda: Storm().run())
