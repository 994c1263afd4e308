"""A container with one of tests/victims in it, whatever the engine is: rounds, final dump, restore, and what each took."""
import os, shutil, signal, tempfile, time
from guest import Victim, eventually, must, read, run
from stats import dump_statistics


class Container(Victim):
    """Each engine says how it starts one, and how it makes the rounds 1, 2, ... in directories of those names. A round that
    succeeded is the parent of the next."""
    engine = None  # its name
    log = 'dump.log'  # criu's, of a round
    chooses_directories = True  # of rounds, and so their parents

    def __init__(self, given, *victim, name='c1'):
        # (Victim's own __init__ starts a program)
        self.given, self.name, self.pid, self.steps, self.last, self.count = given, name, 0, 0, None, 0
        self.home = tempfile.mkdtemp(prefix=self.engine + '.', dir='/tmp')
        self.root = self.home + '/root'
        self.victim = ['/victims/' + victim[0], *victim[1:]]
        Victim.ALL.append(self)
        self.create()
        self.run()
        eventually(lambda: self.heard('READY'), 'a victim that is READY')
        if victim[0] == 'ticker':
            self.let_it_tick()
        eventually(lambda: self.round() > 2, 'a victim at work')
        self.step()

    # ---- what each engine does its own way ----
    def create(self):
        raise NotImplementedError

    def start(self):
        raise NotImplementedError

    def pre_dump(self, folder, parent, *more):
        raise NotImplementedError

    def dump(self, folder, parent, *more):
        raise NotImplementedError

    def restore(self, folder):
        raise NotImplementedError

    def host_pid(self):
        raise NotImplementedError

    def remove(self):
        raise NotImplementedError

    # ---- what is the same for all ----
    @property
    def out(self):
        return self.root + '/out'

    @property
    def shell(self):
        """What the container runs: criu wants no terminal, and a file that is inside."""
        return ['/bin/sh', '-c', 'exec ' + ' '.join(self.victim) + ' </dev/null >>/out 2>&1']

    def run(self):
        result = self.start()
        must(result.code == 0, f'{self.engine} starts no container: {result}')
        self.pid = self.host_pid()

    def folder(self):
        self.count += 1
        return f'{self.home}/{self.count}'

    def work(self, folder):
        """Where criu's log and statistics of a round are."""
        return folder

    def next_round(self, *more, parent=None):
        """The directory, and the engine's answer."""
        folder = self.folder()
        return folder, self.pre_dump(folder, parent or self.last, *more)

    def round_done(self, *more):
        folder, result = self.next_round(*more)
        must(result.code == 0, f'{self.engine}: a round failed: {result} {self.logged(folder)}')
        self.last = folder
        return folder

    def dump_done(self, *more):
        folder = self.folder()
        result = self.dump(folder, self.last, *more)
        must(result.code == 0, f'{self.engine}: the final dump failed: {result} {self.logged(folder)}')
        eventually(self.has_gone, 'a container that is gone')
        self.last = folder
        return folder

    def restore_done(self):
        self.before = self.round()
        result = self.restore(self.last)
        log = read(self.work(self.last) + '/restore.log')[-1500:]
        must(result.code == 0, f'{self.engine}: the restore failed: {result} {log}')
        self.pid = self.host_pid()

    def assert_restored(self):
        """It goes on where it was, and checks every byte of its memory twice."""
        eventually(lambda: self.round() > self.before + 9 or self.heard('BAD'), 'the container to go on after the restore')
        self.assert_good('after the restore')
        self.assert_verdict()

    def begin_anew(self):
        """The next round is a first one."""
        self.last = None

    def logged(self, folder):
        return read(f'{self.work(folder)}/{self.log}')[-1500:]

    def step(self):
        """Lets it do what it does between rounds; returns for how long it was held up at most since then, in ms, or None."""
        self.steps += 1
        os.kill(self.pid, signal.SIGUSR1)
        eventually(lambda: self.heard(f'STEP {self.steps}'), f'STEP {self.steps}')
        gaps = self.heard('GAP')
        return int(gaps[-1].split()[1]) / 1000 if gaps else None

    def let_it_tick(self):
        """Its second thread reads the clock: what else the only processor has to do must not keep it from that."""
        threads = sorted(map(int, os.listdir(f'/proc/{self.pid}/task')))
        os.sched_setscheduler(threads[1], os.SCHED_FIFO, os.sched_param(1))

    def has_gone(self):
        return not os.path.exists(f'/proc/{self.pid}')

    def end(self):
        self.remove()
        shutil.rmtree(self.home, ignore_errors=True)

    def timed(self, what, action, *words):
        """Does it, and prints what it took: all of it, and the parts that criu's statistics have."""
        start = time.monotonic()
        done = action(*words)
        total = time.monotonic() - start
        told = dump_statistics(self.work(done)) if done else None
        frozen = '; freezing %.1f ms, frozen %.1f ms, %d pages written, %d in parent' % (
            told['freezing'] / 1000, told['frozen'] / 1000, told['written'], told['in parent']) if told else ''
        print(f'  {self.label()} {what}: {total:.2f} s{frozen}', flush=True)
        return done

    def label(self):
        return f'{self.engine} {"criu" if self.given.stock else "predump"}'

    def quietly(self, *command):
        """For commands that leave processes behind, which must not hold our pipes."""
        with open(self.home + '/said', 'w') as said:
            result = run('setsid', *command, stdout=said, stderr=said)
        result.errors = read(self.home + '/said')
        return result
