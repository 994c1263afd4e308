#!/usr/bin/python3
"""faults.py [--kills N] [--failures N] [--resets 0] [--seed N]
Rounds with a parent in which predump is killed, or one of its calls fails.

After each: the victim goes on; and either the parent is now refused, by predump and by criu, or the next round on it and all
earlier rounds match the victim's memory page by page. Now and then, and at the end, this is checked by criu dump and criu
restore: the restored victim checks its memory itself and is the next victim. The faults are spread evenly over all calls of a
round (tests/victims/preload/faults.c); each write to clear_refs gets a signal and a failure (--resets 0: not)."""
import os, random, signal, sys
from guest import TALLY, Chain, Victim, Wrong, eventually, main, must, options, read, run

GIVEN = options(kills=100, failures=100, resets=1, seed=0)
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGHUP]
CGROUP = '/sys/fs/cgroup/faults'


def failures():
    """The errno and the calls of each line of failing-calls, which EveryCallTests reads, too."""
    lines = [line.split() for line in read(os.path.join(GIVEN.victims, 'failing-calls')).splitlines() if not line.startswith('#')]
    return [(int(number), calls) for number, _, calls in lines]


class Storm:
    def __init__(self):
        self.chain, self.more, self.refused, self.since_restore, self.failed = None, (), 0, 0, set()

    def take(self, victim, *arguments):
        self.chain = Chain(GIVEN.predump, GIVEN.criu, Victim(os.path.join(GIVEN.victims, victim), *arguments))

    @property
    def victim(self):
        return self.chain.victim

    def run(self, calls, **fault):
        """A round with faults.so preloaded; also returns its report, or nothing."""
        report = os.path.abspath('report')
        if os.path.exists(report):
            os.remove(report)
        environment = {'LD_PRELOAD': os.path.join(GIVEN.victims, 'faults.so'), 'FAULT_CALLS': calls, 'FAULT_REPORT': report,
                       **{'FAULT_' + name.upper(): str(int(value)) for name, value in fault.items()}}
        folder, result = self.chain.round(*self.more, environment=environment)
        must(result.code != 99, 'faults.so does not work here')
        return folder, result, read(report)

    def count(self, calls):
        folder, result, told = self.run(calls)
        self.chain.round_done((folder, result))
        return int(told.split()[0])

    def by_signal(self, number, calls, at, delay):
        folder, result, told = self.run(calls, at=at, signal=number, delay=delay)
        what = f'after signal {number} {delay} us after {told} (call {at} of {calls})'
        if told:
            TALLY['signals sent to predump in rounds with a parent'] += 1
        if number == signal.SIGKILL:
            must(result.code in (0, -number), f'{result} {what}')
        else:
            # (before it handles signals, and at its end, a signal has its default effect)
            must(result.code in (0, 128 + number, -number), f'{result} {what}')
            if result.code != 0 and not self.chain.inventory(folder):
                must(not os.listdir(folder), f'left over: {os.listdir(folder)} {what}')
        self.aftermath(folder, result, what)
        return told

    def by_failure(self, error, calls, at):
        folder, result, told = self.run(calls, at=at, errno=error)
        what = f'after {told or "nothing"} failed with {error} (call {at} of {calls}): {result}'
        if told:
            TALLY['calls failed in rounds with a parent'] += 1
            self.failed.add((error, told.split()[1]))
        if self.chain.inventory(folder):
            must(result.code == 0 or 'the images are complete' in result.errors, what)
        else:
            lines = [line for line in result.errors.splitlines()
                     if line.startswith('predump: ') and not line.startswith('predump: warning: ')]
            must(result.code == 1 and len(lines) == 1 and 'defect' not in result.errors, f'no clear line {what}')
            must(not os.listdir(folder), f'left over: {os.listdir(folder)} {what}')
        self.aftermath(folder, result, what)
        return told

    def aftermath(self, folder, result, what):
        """The victim goes on; the parent is refused, or rounds on it are correct."""
        chain, parent = self.chain, self.chain.last
        print(what.splitlines()[0][:150], flush=True)
        if self.more:
            eventually(lambda: 'frozen 0' in read(CGROUP + '/cgroup.events'), f'a cgroup that is not frozen {what}')
        self.victim.assert_goes_on(what)
        if "can't be marked as used" in result.errors:  # permission denied: predump leaves it to the user not to use it again
            must(any(why in result.errors for why in ('not permitted', 'Permission denied', 'Read-only')), f'{result} {what}')
            TALLY['parents that could not be marked, with a warning'] += 1
            chain.last = folder
            if not chain.inventory(folder):
                chain.begin_anew()
        elif chain.inventory(folder):
            TALLY['rounds that were whole in spite of a fault'] += 1
            must(not chain.inventory(parent) or os.path.exists(parent + '/predump-child'), f'the parent may be used again {what}')
            chain.last = folder
            if not chain.inventory(parent):  # the end came before the parent was marked as used
                self.assert_refused(parent, what)
                self.after_unmarked(what)
        elif not chain.inventory(parent):
            must(chain.inventory(parent, 'inventory.img.unfinished-round'), f'the parent lost its inventory {what}')
            self.assert_refused(parent, what)
            chain.begin_anew()
        else:
            TALLY['parents given back'] += 1
        try:
            chain.assert_exact(what)
        except Wrong as e:
            raise Wrong(f'{e} -- {what}') from None
        self.since_restore += 1
        if self.since_restore == 25:
            self.restore()

    def after_unmarked(self, what):
        """A complete round whose parent could not be marked as used is accepted as a parent, or refused with a clear error."""
        folder, result = self.chain.round()
        TALLY['whole rounds whose parent could not be marked as used'] += 1
        if result.code == 0:
            self.chain.last = folder
        else:
            must(result.code == 1 and 'unfinished-round' in result.errors and not os.listdir(folder), f'{result} {what}')
            self.chain.begin_anew()

    def assert_refused(self, parent, what):
        folder, result = self.chain.round(parent=parent)
        must(result.code == 1 and 'unfinished-round' in result.errors and not os.listdir(folder),
             f'an unfinished parent is not refused {what}: {result}')
        TALLY['parents refused by predump'] += 1
        if self.refused % 8 == 0:  # (it takes a second)
            folder, result = self.chain.criu_dump(parent)
            must(result.code != 0 and not self.chain.inventory(folder), f'criu takes an unfinished parent {what}: {result}')
            self.victim.assert_goes_on('after criu refused a parent')
            TALLY['parents refused by criu'] += 1
        self.refused += 1

    def restore(self):
        self.leave_cgroup()
        self.chain.dump_and_restore()
        self.since_restore = 0

    def enter_cgroup(self):
        os.makedirs(CGROUP, exist_ok=True)
        with open(CGROUP + '/cgroup.procs', 'w') as procs:
            procs.write(str(self.victim.pid))
        self.more = ('--freeze-cgroup', CGROUP)

    def leave_cgroup(self):
        if self.more:
            with open('/sys/fs/cgroup/cgroup.procs', 'w') as procs:
                procs.write(str(self.victim.pid))
            os.rmdir(CGROUP)
        self.more = ()


def resets(storm):
    """At which of the writes of a round clear_refs is written, one for each task."""
    found = []
    for at in range(1, storm.count('write') + 1):
        told = storm.by_failure(5, 'write', at)
        if 'clear_refs' in told:
            found.append(at)
    must(found, 'no write to clear_refs was seen')
    return found


def prove():
    storm = Storm()
    seed = GIVEN.seed or random.SystemRandom().randrange(1, 1 << 31)
    luck = random.Random(seed)
    print(f'--seed {seed}')

    # A tree of seven tasks: the reset of each fails, so that some are reset and some are not; and signals come there.
    if GIVEN.resets:
        storm.take('family')
        where = resets(storm)
        TALLY['resets of one task that failed'] += len(where)
        for number, at in enumerate(where):
            storm.by_signal(SIGNALS[number % len(SIGNALS)], 'write', at, luck.choice([0, 50, 500]))
        storm.restore()
        storm.victim.assert_verdict()

    # One task that writes all the time: signals and failures evenly over all calls.
    storm.take('toucher', '4')  # MB
    calls = storm.count('*')
    for i in range(GIVEN.kills):
        if i == GIVEN.kills // 2:
            storm.enter_cgroup()
        storm.by_signal(SIGNALS[i % len(SIGNALS)], '*', 1 + i * calls // GIVEN.kills, luck.randrange(0, 4000))
    storm.leave_cgroup()
    kinds = failures()
    for error, names in kinds:
        share = max(1, GIVEN.failures // len(kinds))
        calls = storm.count(names)
        for i in range(share):
            storm.by_failure(error, names, 1 + (i * calls + luck.randrange(calls)) // share)
    TALLY['pairs of an error and a call that failed in rounds with a parent'] += len(storm.failed)
    storm.restore()
    storm.victim.assert_verdict()


main(f'faults ({GIVEN.kills} kills, {GIVEN.failures} failures)', prove)
