#!/usr/bin/python3
"""migration.py [--mib N] [--rate N] [--rounds N] [--times N] [--links RATE,RATE] [--only WAY,WAY] [--quick]
             [--json FILE]
A redis-server at work moves to another network namespace over a shaped link: rounds and a final dump to a page server there, the
rest of the images by tar, criu restore, and its address. By turns criu alone and predump; the figures are what one of its clients
saw, and what went over the link. Afterwards another client, which has rewritten values all the while (--rate: how many a second),
reads all of them."""
import json, os, shutil, signal, statistics, subprocess, tempfile, time
from guest import TALLY, Victim, eventually, main, must, options, read, run
from series import CriuSeries, Series
from wire import FAR, SERVER, Wire

GIVEN = options(mib=128, rate=600, rounds=3, times=3, links='100mbit,1gbit', only=None, quick=False, json=None)
PORT, PAGES = '7000', '9000'
SIZE, SETTLE = 2000, 3  # bytes, seconds
DUMP = ['-v2', '--tcp-established', '--skip-in-flight']
RESTORE = ['-v2', '--tcp-close']  # (clients connect anew)


class ByCriu:
    """A page server for each step, as criu's serve one."""

    def __init__(self, name):
        self.name = name

    def checkpoint(self, trip):
        series = CriuSeries(GIVEN, trip.redis, trip.wire.within('near'))
        for number in range(1, GIVEN.rounds + 2):
            folder = f'{trip.far}/{number}'
            os.mkdir(folder)
            parent = ['--prev-images-dir', f'../{number - 1}'] if number > 1 else []
            trip.serve(GIVEN.criu, 'page-server', '-D', folder, *parent, '-v2', '-o', 'server.log')
            command, more = ('pre-dump', ['-v2']) if number <= GIVEN.rounds else ('dump', DUMP)
            last = series.step(command, '--page-server', '--address', FAR, '--port', PAGES, *more)
        trip.rounds, trip.stop = GIVEN.rounds, series.stops[-1]
        trip.made(series.home, last, f'{trip.far}/{series.count}')


class ByPredump:
    """One page server for all rounds. Another variant: more options of both sides."""

    def __init__(self, name, client=(), server=()):
        self.name, self.client, self.server = name, client, server

    def checkpoint(self, trip):
        series = Series(GIVEN, trip.redis, within=trip.wire.within('near'))
        pidfile = trip.far + '/server.pid'
        trip.serve(GIVEN.predump, 'page-server', '-D', trip.far, '--forever', '--pidfile', pidfile, '-o', 'server.log', *self.server)
        lines = series.checkpoint('--max-downtime', '1', '--max-rounds', str(GIVEN.rounds), '--page-server', '--address', FAR,
                                  '--port', PAGES, *self.client, criu=DUMP)
        trip.rounds, trip.stop = len(lines.rounds), lines.stop()
        trip.made(series.home, lines.dump['images_dir'], f'{trip.far}/{series.last()}')
        trip.server = int(read(pidfile))


WAYS = [ByCriu('criu'), ByPredump('predump')]


class Trip:
    """One migration of a new redis, and its figures: milliseconds, bytes, seconds."""

    def __init__(self, rate, keys):
        self.wire, self.home = Wire(rate), tempfile.mkdtemp(prefix='trip.', dir=os.getcwd())
        self.far, self.server = self.home + '/far', None
        os.mkdir(self.far)
        self.redis = Victim(*self.wire.within('near'), 'redis-server', '--bind', SERVER, '--port', PORT, '--save', '', '--appendonly',
                            'no', '--protected-mode', 'no', ready=False)
        self.keeper = self.client('keeper', str(keys), str(SIZE), str(GIVEN.rate))
        self.asker = self.client('asker', ready=False)

    def client(self, name, *words, ready=True):
        return Victim(*self.wire.within('user'), f'{GIVEN.victims}/{name}', SERVER, PORT, *words, ready=ready)

    def serve(self, *words):
        """A page server at the far end, in the background once it listens."""
        result = run(*self.wire.within('far'), *words, '--address', FAR, '--port', PAGES, '-d',
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        must(result.code == 0, f'no page server: {result} {read(self.far + "/server.log")}')

    def made(self, series, near, far):
        self.series, self.near, self.last = series, near, far

    def answers(self):
        return [float(line.split()[1]) for line in self.asker.heard('answered ')]

    def go(self, way):
        time.sleep(SETTLE)
        carried, begun = self.wire.carried(), time.time()
        way.checkpoint(self)
        dumped = time.time()
        eventually(self.redis.has_gone, 'a tree that is gone')
        self.rest = self.wire.copy(self.near, self.last) * 1000
        self.wire.clients_go_to('far')
        moved = time.time()
        result = run(*self.wire.within('far'), GIVEN.criu, 'restore', '-D', self.last, '-d', *RESTORE, '-o', 'restore.log')
        must(result.code == 0, f'criu restore: {result} {read(self.last + "/restore.log")[-1000:]}')
        self.restore = (time.time() - moved) * 1000
        eventually(lambda: self.answers()[-1] > moved, 'an answer after the restore')
        self.carried = self.wire.carried() - carried
        self.measure(begun, dumped)
        time.sleep(1)
        self.keeper.assert_verdict()
        self.asker.assert_good('when redis had moved')
        TALLY['servers at work that moved, all values right'] += 1

    def measure(self, begun, dumped):
        """What the client saw: the gap in which redis was away, and others before it."""
        answers = self.answers()
        gaps = [(end, end - start) for start, end in zip(answers, answers[1:]) if start < dumped]
        back, self.downtime = gaps[-1][0], gaps[-1][1] * 1000
        self.before = 1000 * max(gap for end, gap in gaps if begun - SETTLE < end < begun)
        self.longest = 1000 * max(gap for end, gap in gaps[:-1] if end > begun)
        self.total = back - begun

    def remove(self):
        if self.server:
            os.kill(self.server, signal.SIGTERM)
        for victim in self.asker, self.keeper, self.redis:
            victim.end()
        eventually(self.redis.has_gone, 'the end of redis')
        self.wire.remove()
        shutil.rmtree(self.home)
        shutil.rmtree(self.series)


def travel(way, rate, keys):
    trip = Trip(rate, keys)
    trip.go(way)
    trip.remove()
    return trip


def row(rate, name, trips):
    def middle(figure):
        return statistics.median(getattr(trip, figure) for trip in trips)
    print(f'| {rate} | {name} | {middle("rounds"):.0f} | {middle("before"):.0f} | {middle("longest"):.0f} | '
          f'**{middle("downtime"):.0f}** | {middle("stop"):.0f} | {middle("rest"):.0f} | {middle("restore"):.0f} | '
          f'{middle("carried") / 1048576:.0f} | {middle("total"):.1f} |', flush=True)
    print(f'(downtimes, ms: {", ".join(f"{trip.downtime:.0f}" for trip in trips)}; '
          f'totals, s: {", ".join(f"{trip.total:.1f}" for trip in trips)})', flush=True)


FIGURES = 'rounds', 'before', 'longest', 'downtime', 'stop', 'rest', 'restore', 'carried', 'total'


def prove():
    figures = {}
    links, times, keys = GIVEN.links.split(','), GIVEN.times, (GIVEN.mib << 20) // SIZE
    if GIVEN.quick:
        links, times, keys = links[-1:], 1, 4000
    ways = [way for way in WAYS if not GIVEN.only or way.name in GIVEN.only.split(',')]
    if not GIVEN.quick:
        for way in ways:  # what is done once on a machine: modules are loaded, costs are measured
            travel(way, links[-1], 1000)
    print('| link | by | rounds | longest gap before, ms | in the rounds | downtime | of that: criu stops it for | the rest is copied | '
          'criu restore | on the wire, MiB | total, s |\n|' + '---|' * 11, flush=True)
    for rate in links:
        trips = {way.name: [] for way in ways}
        for _ in range(times):
            for way in ways:
                trips[way.name].append(travel(way, rate, keys))
        for name, made in trips.items():
            row(rate, name, made)
            figures[f'{name}, {rate}'] = {figure: [getattr(trip, figure) for trip in made] for figure in FIGURES}
    if GIVEN.json:
        with open(GIVEN.json, 'w') as file:
            json.dump(figures, file)


main('migration', prove)
