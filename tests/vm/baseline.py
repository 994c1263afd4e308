#!/usr/bin/python3
"""baseline.py [--mib N]   No proof but figures: a loop of `criu pre-dump` as phaul makes it (until a round writes hardly
less than the one before, or eight rounds) and then criu dump, beside predump checkpoint, on victims of the same kind. Both
are restored."""
import os, tempfile, time
from guest import Victim, eventually, main, must, options, read, run
from series import Series, goes_on_restored, warm_up

GIVEN = options(mib=128, keys=40000)
MOST, SHRINKS = 8, 0.9


def stats(folder):
    """criu's stats-dump: the fields of its one message, by number."""
    with open(folder + '/stats-dump', 'rb') as file:
        data = file.read()
    entry, at, fields = data[12:], 0, {}

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = entry[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    varint(), varint()  # the message inside
    while at < len(entry):
        key = varint()
        fields[key >> 3] = varint()
    return {'stop': (fields[1] + fields[2]) / 1000, 'written': fields[7]}


class Phaul:
    def __init__(self, victim):
        self.home, self.victim = tempfile.mkdtemp(prefix='phaul.', dir=os.getcwd()), victim
        self.count, self.written, self.stops = 0, [], []

    def criu(self, command, *more):
        self.count += 1
        folder = f'{self.home}/{self.count}'
        os.mkdir(folder)
        words = [GIVEN.criu, command, '-t', self.victim.pid, '-D', folder, '--track-mem', '-v1', '-o', 'criu.log', *more]
        if self.count > 1:
            words += ['--prev-images-dir', f'../{self.count - 1}']
        result = run(*words, timeout=300)
        must(result.code == 0, f'criu {command}: {result} {read(folder + "/criu.log")[-1000:]}')
        figures = stats(folder)
        self.written.append(figures['written'] * 4096)
        self.stops.append(figures['stop'])
        return folder

    def checkpoint(self):
        begun = time.monotonic()
        while self.count < MOST:
            self.criu('pre-dump')
            if len(self.written) > 1 and self.written[-1] > self.written[-2] * SHRINKS:
                break
        self.folder = self.criu('dump')
        self.seconds = time.monotonic() - begun


def line(name, how, rounds, stops, seconds, written):
    print(f'| {name} | {how} | {rounds} | {stops[-1]:.0f} | {max(stops):.0f} | {sum(stops):.0f} | {seconds:.1f} | '
          f'{sum(written) / 1048576:.0f} | {written[-1] / 1048576:.1f} |', flush=True)


def compare(name, *words):
    victim = Victim(*words)
    phaul = Phaul(victim)
    phaul.checkpoint()
    line(name, 'criu pre-dump, looped', phaul.count - 1, phaul.stops, phaul.seconds, phaul.written)
    after(victim, phaul.folder)
    victim = Victim(*words)
    series = Series(GIVEN, victim)
    lines = series.checkpoint('--max-downtime', '1', '--max-rounds', str(phaul.count - 1))
    stops = [(r['freezing_us'] + r['frozen_us']) / 1000 for r in lines.rounds] + [lines.stop()]
    line(name, 'predump checkpoint', len(lines.rounds), stops, lines.seconds, lines.bytes_written())
    after(victim, lines.dump['images_dir'])


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
