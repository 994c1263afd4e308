"""Shared by the proofs of `predump rounds` and `predump checkpoint`: a directory of rounds of one victim, its restore, and
what a final dump costs here. Under emulation criu alone takes a second: hence limits that are made of its measured cost."""
import glob, json, mmap, os, shlex, shutil, tempfile, time
from guest import TALLY, Victim, eventually, must, read, run, state, tree

COST = '/var/lib/predump/dump-cost.json'


class Lines:
    """What one run has printed with --json."""

    def __init__(self, result, seconds):
        self.result, self.code, self.seconds = result, result.code, seconds
        lines = [json.loads(line) for line in result.output.splitlines() if line.startswith('{')]
        self.rounds = [line for line in lines if 'round' in line]
        self.end = next((line for line in lines if 'verdict' in line), None)
        self.dump = next((line['dump'] for line in lines if 'dump' in line), None)

    def bytes_written(self):
        """Of all rounds and the dump."""
        return [r['bytes_written'] for r in self.rounds] + ([self.dump['pages_written'] * mmap.PAGESIZE] if self.dump else [])

    def estimate(self):
        return self.rounds[-1]['estimate']['stop_us'] / 1000

    def stop(self):
        return self.dump['stop_us'] / 1000

    def factor(self):
        return max(self.estimate() / self.stop(), self.stop() / self.estimate())

    def __str__(self):
        text = ''
        if self.rounds:
            text += f'{len(self.rounds)} rounds, {self.end and self.end["verdict"]}, '
        if self.dump:
            text += f'estimate {self.estimate():.0f} ms, stop {self.stop():.0f} ms, factor {self.factor():.2f}, '
        return text + f'{self.seconds:.1f} s'


class Series:
    """A directory for rounds of a victim."""

    def __init__(self, given, victim, home=None, within=()):
        self.given, self.victim, self.within = given, victim, within
        self.home = home or tempfile.mkdtemp(prefix='series.', dir=os.getcwd())

    def command(self, name, *more, criu=()):
        words = [*self.within, self.given.predump, name, '-t', self.victim.pid, '-D', self.home, '--json', *more]
        return words + (['--', '-v4', *criu] if name == 'checkpoint' else [])

    def run(self, name, *more, criu=(), environment=None):
        begun = time.monotonic()
        result = run(*self.command(name, *more, criu=criu), environment=environment, timeout=400)
        return Lines(result, time.monotonic() - begun)

    def checkpoint(self, *more, criu=()):
        """One that succeeds."""
        lines = self.run('checkpoint', *more, criu=criu)
        must(lines.code == 0 and lines.dump, f'no checkpoint: {lines.result} {self.log()}')
        return lines

    def log(self):
        """The errors in criu's last log."""
        logs = sorted(glob.glob(self.home + '/*/dump.log'), key=os.path.getmtime)
        return ' | '.join(line for line in read(logs[-1]).splitlines() if 'Error' in line)[-1000:] if logs else ''

    def last(self):
        """The highest number in it."""
        return max((int(name) for name in os.listdir(self.home) if name.isdigit()), default=0)

    def restore(self, line, folder=None, more=()):
        """By the line that a checkpoint names; the tree must have gone."""
        folder = folder or os.path.join(self.home, str(self.last()))
        eventually(self.victim.has_gone, 'a tree that is gone')
        result = run(*shlex.split(line), *more, '-d', '-v4', '-o', 'restore.log')
        must(result.code == 0, f'criu restore: {result} {read(folder + "/restore.log")[-1000:]}')

    def restore_left(self, lines, before):
        """A dump that left the tree running, in its round `before` or later: the tree is ended some time after it, and goes on
        once more from where it was then, which is returned."""
        victim, pids = self.victim, tree(self.victim.pid)
        victim.assert_goes_on('after a dump that left it running')
        victim.end()
        eventually(lambda: victim.has_gone() and not any(map(state, pids)), 'a tree that is gone')
        ended = victim.round()
        os.truncate(victim.out, 0)
        self.restore(lines.dump['restore'], lines.dump['images_dir'])
        eventually(lambda: victim.heard('round '), 'a round after the restore')
        victim.first = int(victim.heard('round ')[0].split()[1])
        must(before < victim.first <= ended, f'left running in rounds {before} to {ended}, restored in {victim.first}')
        return victim.first

    def remove(self):
        shutil.rmtree(self.home)


class CriuSeries:
    """criu alone: pre-dumps and then a dump, in directories 1, 2, ... each upon the one before."""

    def __init__(self, given, victim, within=()):
        self.given, self.victim, self.within = given, victim, within
        self.home = tempfile.mkdtemp(prefix='criu.', dir=os.getcwd())
        self.count, self.written, self.stops = 0, [], []

    def step(self, command, *more):
        """Makes the next one; returns its directory."""
        self.count += 1
        folder = f'{self.home}/{self.count}'
        os.mkdir(folder)
        words = [*self.within, self.given.criu, command, '-t', self.victim.pid, '-D', folder, '--track-mem', '-o', 'criu.log', *more]
        if self.count > 1:
            words += ['--prev-images-dir', f'../{self.count - 1}']
        result = run(*words, timeout=300)
        must(result.code == 0, f'criu {command}: {result} {read(folder + "/criu.log")[-1000:]}')
        figures = dump_stats(folder)
        self.written.append(figures['written'] * mmap.PAGESIZE)
        self.stops.append(figures['stop'])
        return folder


def dump_stats(folder):
    """criu's stats-dump, read by the numbers of the fields of its one message: milliseconds, pages."""
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


def warm_up(given):
    """Lets predump measure what a dump costs, which is done once; milliseconds."""
    victim = Victim(given.victims + '/toucher', '1')
    series = Series(given, victim)
    for _ in range(4):
        lines = series.run('rounds', '--max-downtime', '1', '--max-rounds', '1')
        must(lines.code == 3, f'rounds: {lines.result}')
        if cost()['page_us'] > 0:
            break
        TALLY['costs of a dump that were measured anew, since a busy machine had hidden what a page costs'] += 1
        os.remove(COST)
    victim.assert_goes_on('after rounds')
    victim.end()
    print('what criu dump costs here, ms:', ', '.join(f'{name[:-3]} {value:.4g}' for name, value in cost().items()), flush=True)
    return cost()


def cost():
    """Milliseconds; each dump corrects it."""
    return {name: value / 1000 for name, value in json.loads(read(COST)).items() if name.endswith('_us')}


def goes_on_restored(victim, before, how='after the restore'):
    """An eighth of its memory is checked with each round; all of it at last."""
    eventually(lambda: victim.round() > before + 9 or victim.heard('BAD'), f'the victim to go on {how}', seconds=120)
    victim.assert_verdict()
