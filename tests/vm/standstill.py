#!/usr/bin/python3
"""standstill.py   No proof but figures: where the tree has a freezer cgroup of its own, is the stop shorter if the last
round is made with the tree standing still in it, and criu is told of the same cgroup, so that nothing is written in
between? The stop is what a watcher sees: the longest time without a line from the victim."""
import os, statistics, tempfile, threading, time
from guest import Victim, eventually, main, must, options, read, run

GIVEN = options(times=5, victim='toucher')
CGROUP = '/sys/fs/cgroup/standstill'


class Watcher(threading.Thread):
    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.longest, self.ends = path, 0, False

    def run(self):
        size, since = os.path.getsize(self.path), time.monotonic()
        while not self.ends:
            time.sleep(0.004)
            now, length = time.monotonic(), os.path.getsize(self.path)
            if length != size:
                self.longest, size, since = max(self.longest, now - since), length, now


class Trial:
    def __init__(self, words):
        self.victim, self.home = Victim(*words), tempfile.mkdtemp(prefix='still.', dir=os.getcwd())
        self.count = 0
        os.makedirs(CGROUP, exist_ok=True)
        with open(CGROUP + '/cgroup.procs', 'w') as procs:
            procs.write(str(self.victim.pid))

    def step(self, *words):
        """A round, or the dump."""
        self.count += 1
        folder = f'{self.home}/{self.count}'
        os.mkdir(folder)
        before = ['--prev-images-dir', f'../{self.count - 1}'] if self.count > 1 else []
        result = run(*words, '-t', self.victim.pid, '-D', folder, '--track-mem', *before, '--freeze-cgroup', CGROUP,
                     '-o', 'step.log')
        must(result.code == 0, f'{words}: {result} {read(folder + "/step.log")[-800:]}')

    def round(self):
        self.step(GIVEN.predump)

    def dump(self):
        self.step(GIVEN.criu, 'dump', '--leave-running', '--action-script', GIVEN.predump)

    def freeze(self, on):
        with open(CGROUP + '/cgroup.freeze', 'w') as file:
            file.write('1' if on else '0')
        eventually(lambda: f'frozen {int(on)}' in read(CGROUP + '/cgroup.events'), 'a cgroup that is frozen, or not')

    def measured(self, way):
        self.round()
        self.round()
        watcher = Watcher(self.victim.out)
        watcher.start()
        time.sleep(0.5)
        way(self)
        time.sleep(0.5)
        watcher.ends = True
        watcher.join()
        self.victim.assert_goes_on('after it stood still')
        self.victim.assert_verdict()
        return watcher.longest * 1000


def usual(trial):
    trial.round()
    trial.dump()


def standing(trial):
    trial.freeze(True)
    trial.round()
    trial.dump()
    trial.freeze(False)


def measure():
    for words in [GIVEN.victims + '/toucher', '32'], [GIVEN.victims + '/flood', '16']:
        for name, way in ('the usual way', usual), ('standing still', standing):
            stops = [Trial(words).measured(way) for _ in range(GIVEN.times)]
            print(f'{os.path.basename(words[0])} {words[1]} MiB, {name}: stops {", ".join(f"{s:.0f}" for s in stops)} ms; '
                  f'median {statistics.median(stops):.0f} ms', flush=True)


main('standstill', measure)
