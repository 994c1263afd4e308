#!/usr/bin/python3
"""baseline.py [--mib N] [--times N]   No proof but figures: a loop of `criu pre-dump` as phaul makes it (until a round
writes hardly less than the one before, or eight rounds) and then criu dump, beside predump checkpoint, on victims of the same
kind. Both are restored. Of several times, by turns, the one with the middle last stop counts."""
import shutil, time
from guest import Victim, eventually, main, must, options, read, run
from series import CriuSeries, Series, goes_on_restored, warm_up

GIVEN = options(mib=128, keys=40000, times=5)
MOST, SHRINKS = 8, 0.9


class Phaul(CriuSeries):
    def checkpoint(self):
        begun = time.monotonic()
        while self.count < MOST:
            self.step('pre-dump', '-v1')
            if len(self.written) > 1 and self.written[-1] > self.written[-2] * SHRINKS:
                break
        self.folder = self.step('dump', '-v1')
        self.seconds = time.monotonic() - begun


class Figures:
    def __init__(self, rounds, stops, seconds, written):
        self.rounds, self.stops, self.seconds, self.written = rounds, stops, seconds, written

    def line(self, name, how):
        print(f'| {name} | {how} | {self.rounds} | {self.stops[-1]:.0f} | {max(self.stops):.0f} | {sum(self.stops):.0f} | '
              f'{self.seconds:.1f} | {sum(self.written) / 1048576:.0f} | {self.written[-1] / 1048576:.1f} |', flush=True)


def by_phaul(words):
    victim = Victim(*words)
    phaul = Phaul(GIVEN, victim)
    phaul.checkpoint()
    after(victim, phaul.folder)
    shutil.rmtree(phaul.home)  # (the VM's files are in its memory)
    return Figures(phaul.count - 1, phaul.stops, phaul.seconds, phaul.written)


def by_predump(words, rounds):
    victim = Victim(*words)
    series = Series(GIVEN, victim)
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', str(rounds))
    stops = [(r['freezing_us'] + r['frozen_us']) / 1000 for r in lines.rounds] + [lines.stop()]
    after(victim, lines.dump['images_dir'])
    series.remove()
    return Figures(len(lines.rounds), stops, lines.seconds, lines.bytes_written())


def compare(name, *words):
    phaul, predump = [], []
    for _ in range(GIVEN.times):
        phaul.append(by_phaul(words))
        predump.append(by_predump(words, phaul[-1].rounds))
    for how, figures in ('criu pre-dump, looped', phaul), ('predump checkpoint', predump):
        sorted(figures, key=lambda one: one.stops[-1])[len(figures) // 2].line(name, how)
        print(f'(last stops, ms: {", ".join(f"{one.stops[-1]:.0f}" for one in figures)})', flush=True)


def after(victim, folder):
    eventually(victim.has_gone, 'a tree that is gone')
    before = victim.round()
    result = run(GIVEN.criu, 'restore', '-D', folder, '-d', '-v1', '-o', 'restore.log')
    must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')
    goes_on_restored(victim, before)
    victim.end()


def measure():
    warm_up(GIVEN)
    print('| victim | how | rounds | last stop, ms | longest, ms | all, ms | total, s | written, MiB | in the dump, MiB |\n'
          '|---|---|---|---|---|---|---|---|---|')
    compare(f'toucher, {GIVEN.mib} MiB', GIVEN.victims + '/toucher', str(GIVEN.mib))
    compare(f'redis, {GIVEN.keys} keys, full load', GIVEN.victims + '/redis', str(GIVEN.keys), '0', '4')


main('baseline', measure)
