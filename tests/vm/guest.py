"""Shared by the proofs in Python (NAME.py here): a victim, a chain of rounds of it, and counts. Runs
in the VM or as root on any kernel with soft-dirty."""
import argparse, collections, glob, os, re, shutil, signal, subprocess, sys, tempfile, time, traceback

TALLY = collections.Counter()


class Wrong(Exception):
    """A check that failed."""


def must(condition, message):
    if not condition:
        raise Wrong(message)


def read(path):
    """The text of a file; empty if the file or its task does not exist."""
    try:
        with open(path, errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def eventually(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        must(time.monotonic() < end, f'waited in vain for {what}')
        time.sleep(0.01)


def options(**more):
    parser = argparse.ArgumentParser()
    for name, default in dict(victims=None, predump='predump', criu='criu', logs=None, **more).items():
        if default is False:
            parser.add_argument('--' + name.replace('_', '-'), action='store_true')
        else:
            parser.add_argument('--' + name.replace('_', '-'), type=str if default is None else type(default), default=default)
    return parser.parse_args()


def main(name, prove, good='PROOF-OK'):
    """Runs a proof in a directory of its own; the last line is PROOF-OK (or another that chains counts) or FAIL."""
    start, verdict, here = time.monotonic(), None, tempfile.mkdtemp(prefix='proof.')
    os.chdir(here)
    try:
        prove()
    except Wrong as e:
        verdict = f'FAIL {name}: ' + str(e).replace('\n', ' | ')
    except subprocess.TimeoutExpired as e:
        verdict = f'FAIL {name}: {" ".join(e.cmd)} did not end'
    except Exception:  # a defect of the proof itself
        traceback.print_exc(file=sys.stdout)
        verdict = f'FAIL {name}: the script itself'
    finally:
        for victim in Victim.ALL:
            victim.end()
        os.chdir('/')
        shutil.rmtree(here, ignore_errors=True)
        for what, count in sorted(TALLY.items()):
            print(f'tally: {count} {what}')
    print(verdict or f'{good} {name} on {os.uname().release}; {time.monotonic() - start:.0f} s', flush=True)
    sys.exit(verdict is not None)


class Result:
    """A program that has ended: its exit code (-N: by signal N) and its output."""

    def __init__(self, done):
        self.code, self.output, self.errors = done.returncode, done.stdout or '', done.stderr or ''

    def __str__(self):
        return f'exit code {self.code}: {self.output.strip()[-500:]} {self.errors.strip()[-1000:]}'


def run(*command, environment=None, timeout=120, **more):
    return Result(subprocess.run([str(word) for word in command], text=True, errors='replace', timeout=timeout,
                                 env={**os.environ, **(environment or {})},
                                 **{'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **more}))


def children(pid):
    return [int(child) for task in glob.glob(f'/proc/{pid}/task/*/children') for child in read(task).split()]


def tree(pid):
    return [pid] + [below for child in children(pid) for below in tree(child)]


def state(pid):
    return read(f'/proc/{pid}/stat').rpartition(')')[2].split()[:1]


class Victim:
    """One of tests/victims, or another program that prints READY PID; its output goes to its own file `out`."""
    ALL = []
    first = 0  # its first round in `out`

    def __init__(self, *command, ready=True, **more):
        self.out = tempfile.mkstemp(prefix='out.', dir='.')[1]
        os.chmod(self.out, 0o666)
        with open(self.out, 'a') as out:
            self.job = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **more)
        self.pid = self.job.pid
        Victim.ALL.append(self)
        if ready:
            eventually(lambda: self.heard('READY'), 'a victim that is READY')
            self.pid = int(self.heard('READY')[0].split()[1])

    def heard(self, word):
        return [line for line in read(self.out).splitlines() if line.startswith(word)]

    def round(self):
        told = self.heard('round ')
        return int(told[-1].split()[1]) if told else -1

    def assert_good(self, what):
        must(not self.heard('BAD'), f'the victim found wrong memory {what}: {self.heard("BAD")}')

    def assert_goes_on(self, what):
        """It is not stopped or traced, and its own check of its memory goes on."""
        def free():
            return all('\nTracerPid:\t0\n' in status for pid in tree(self.pid)
                       for status in map(read, glob.glob(f'/proc/{pid}/task/*/status')) if status)
        eventually(free, f'a tree that is not traced {what}')
        before = self.round()
        eventually(lambda: self.round() > before + 1 or self.heard('BAD'), f'the victim to go on {what}')
        must(not any(state(pid) in (['t'], ['T']) for pid in tree(self.pid)), f'the victim is stopped {what}')
        self.assert_good(what)

    def signal_all(self, number):
        """Sends a signal to all tasks except those that are just ending; returns their pids."""
        pids = tree(self.pid)
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        return pids

    def stop(self):
        pids = self.signal_all(signal.SIGSTOP)
        eventually(lambda: all(state(pid) in (['T'], ['Z'], []) for pid in pids), 'a stopped tree')

    def go(self):
        self.signal_all(signal.SIGCONT)

    def has_gone(self):
        self.job.poll()  # (reaps it)
        return not os.path.exists(f'/proc/{self.pid}')

    def assert_verdict(self):
        """Asks for its verdict: every byte was right. It ends then."""
        os.kill(self.pid, signal.SIGTERM)
        eventually(lambda: self.heard('VERDICT') or self.heard('BAD'), 'a verdict')
        self.assert_good('at its end')
        self.assert_verdict_given()

    def assert_verdict_given(self):
        must(self.heard('VERDICT ok'), f'no good verdict: {self.heard("VERDICT")}')
        rounds = [int(line.split()[1]) for line in self.heard('round ')]
        must(rounds == list(range(self.first, self.first + len(rounds))), 'round numbers jump')

    def end(self):
        for pid in tree(self.pid) + tree(self.job.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass


class Chain:
    """Rounds of one victim, in directories 1, 2, ... of a directory of its own."""

    def __init__(self, predump, criu, victim):
        self.predump, self.criu, self.victim = predump, criu, victim
        self.home, self.last, self.count = None, None, 0
        self.begin_anew()

    def begin_anew(self):
        """A full first round, of the running tree."""
        if self.home:
            shutil.rmtree(self.home)
        self.home, self.last, self.count = tempfile.mkdtemp(prefix='rounds.', dir='.'), None, 0
        self.round_done(self.round())

    def folder(self):
        self.count += 1
        folder = os.path.join(self.home, str(self.count))
        os.makedirs(folder)
        return folder

    def inventory(self, folder, name='inventory.img'):
        return os.path.exists(os.path.join(folder, name))

    def round(self, *more, environment=None, parent=None, words=()):
        """One run of predump on the last round (or another parent); the directory it was given, and its result."""
        folder, parent = self.folder(), parent or self.last
        command = [*words, self.predump, '-t', self.victim.pid, '-D', folder, *more]
        if parent:
            command += ['--prev-images-dir', os.path.relpath(parent, folder)]
        return folder, run(*command, environment=environment)

    def round_done(self, done):
        folder, result = done
        must(result.code == 0 and self.inventory(folder), f'a round failed: {result}')
        self.last = folder

    def assert_exact(self, what):
        """The next round, of the stopped tree: it and all earlier rounds match the tree's memory, page by page."""
        self.victim.stop()
        self.round_done(self.round())
        result = run(self.predump, 'verify', self.last, '--tree', self.victim.pid)
        must(result.code == 0, f'the images are not the memory {what}: {result}')
        TALLY['comparisons of a whole chain with memory in the VM'] += 1
        equal = re.search(r'(\d+) pages equal, 0 different, 0 missing', result.output.splitlines()[-1])
        TALLY['pages compared in the VM'] += int(equal.group(1))
        self.victim.go()

    def criu_dump(self, parent):
        """Dumps with the real criu on a parent and leaves the tree running."""
        folder = self.folder()
        return folder, run(self.criu, 'dump', '-t', self.victim.pid, '-D', folder,
                           '--prev-images-dir', os.path.relpath(parent, folder),
                           '--track-mem', '--leave-running', '-v4', '-o', 'dump.log')

    def dump_and_restore(self):
        """criu dump on the last round, criu restore, and the victim goes on."""
        folder, before = self.folder(), None
        result = run(self.criu, 'dump', '-t', self.victim.pid, '-D', folder,
                     '--prev-images-dir', os.path.relpath(self.last, folder), '--track-mem', '-v4', '-o', 'dump.log')
        must(result.code == 0, f'criu dump: {result} {read(folder + "/dump.log")[-1000:]}')
        eventually(self.victim.has_gone, 'a tree that is gone')
        before = self.victim.round()
        result = run(self.criu, 'restore', '-D', folder, '-d', '-v4', '-o', 'restore.log')
        must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')
        # an eighth of its memory is checked with each round
        eventually(lambda: self.victim.round() > before + 9 or self.victim.heard('BAD'), 'the victim to go on after the restore')
        self.victim.assert_good('after the restore')
        TALLY['chains restored after faults'] += 1
        self.begin_anew()
