"""The table of experiments: the victims, the tools, the number of runs, and the targets for their figures."""
import os, shutil
from dataclasses import dataclass
from typing import Callable

from wire import has_netem


@dataclass
class Experiment:
    name: str
    kinds: object  # that of the victim, or of several by their names (workload.c)
    tools: list  # that take turns: names, or (client, server)
    runs: int
    target: str = 'tmpfs'
    link: str = ''  # to the page server: its rate, for tc
    rounds: int = 1  # with two the second one counts
    dirty: bool = True  # every 8th page is dirty in it, or none
    pretend: bool = False  # also on a kernel that does not track changes, where no page looks changed
    how: str = 'experiment'  # the method of Bench that runs it; with `proofs` the tools are settings of predump as action script
    judge: Callable = lambda targets, row: None  # row: figures by the title of the tool


# ---- the targets ----

def a_gib_to(target, small):
    def judge(targets, row):
        to = f'1 GiB to {target}'
        criu, loop = lambda mode: row.get(f'criu {mode}'), row['C loop']
        targets.ratio(f'{to}: frozen, against criu read', row['predump'], criu('read'), 'frozen', 1 / (20 if small else 40))
        targets.ratio(f'{to}: total, against criu splice', row['predump'], criu('splice'), 'total', 0.9)
        targets.ratio(f'{to}: total, against criu read', row['predump'], criu('read'), 'total', 0.4)
        targets.ratio(f'{to}: rate of one thread, against the C loop', row['predump --threads 1'], loop, 'total', 1.0,
                      at_least=True)
        targets.ratio(f'{to}: rate, against the C loop', row['predump'], loop, 'total', 1.5, at_least=True)
        threads = row.get(f'C loop, {os.cpu_count()} threads')
        targets.ratio('(as many threads of the C loop, for comparison)', threads, loop, 'total', 1.5, at_least=True)
        peak_of(to)(targets, row)
    return judge


def eight_gib(what):
    def judge(targets, row):
        targets.ratio(f'{what}: total, against the C loop', row['predump'], row['C loop'], 'total', 1.0)
        targets.ratio(f'{what}: cpu, against the C loop', row['predump'], row['C loop'], 'cpu', 1.0)
        peak_of(what)(targets, row)
    return judge


def peaks(threads):
    def judge(targets, row):
        for count, figures in zip(threads, row.values()):
            targets.value(f'{count} threads: peak MB', figures['peak']['max'], 16 + 2 * count)
    return judge


def peak_of(what):
    return lambda targets, row: targets.value(f'{what}: peak MB', row['predump']['peak']['max'], 16 + 2 * min(os.cpu_count() or 1, 8))


def page_servers(targets, row):
    for client, server in SERVERS[:3]:
        targets.ratio(f'{client} to a page server of {server}: total, against criu to criu', row.get(f'{client} to {server}'),
                      row.get('criu splice to criu'), 'total', 1.0)


def many_tasks(targets, row):
    one, many = row.values()
    targets.ratio('128 tasks to a page server: total, against one task of the same size', many, one, 'total', 1.5)


def stripes(what, threads):
    def judge(targets, row):
        one, many = list(row.values())[:2]
        targets.ratio(f'{what}: total with {threads} stripes, against one', many, one, 'total', 1 / 3 if threads >= 8 else 1.1)
        targets.value(f'{what}: peak MB with {threads} threads', many['peak']['max'], 16 + 2 * threads)
    return judge


def wire(rate, plain, on):
    def judge(targets, row):
        for what in MEMORIES:
            of = lambda tool: row.get(f'{tool} to predump, {what}')
            targets.ratio(f'{what} at {rate}: total, against uncompressed', of('predump'), of(plain), 'total',
                          1.03 if what == 'noise' else 0.75)
            targets.ratio(f'{what} at {rate}: total, against criu splice', of('predump'), row.get(f'criu splice to criu, {what}'),
                          'total', 1.03 if what == 'noise' else 0.75)
            targets.ratio(f'{what} at {rate}: total, against always compressed', of('predump'), of(on), 'total', 1.1)
    return judge


def long_link(one, eight, retried):
    def judge(targets, row):
        for tool, other in (eight, f'{one} to predump'), (retried, f'{one} to predump'), (eight, 'criu splice to criu'):
            targets.ratio(f'a long link: total of {tool.removeprefix("predump ")}, against {other}', row[f'{tool} to predump'],
                          row.get(other), 'total', 1 / 3)
    return judge


def loopback(plain):
    def judge(targets, row):
        for what in MEMORIES:
            targets.ratio(f'{what} over loopback: total, against uncompressed', row.get(f'predump to predump, {what}'),
                          row.get(f'{plain} to predump, {what}'), 'total', 1.05)
    return judge


def frames(what, trusting):
    return lambda targets, row: targets.value(f'{what}: ms that looking at page frames takes',
                                              row['predump']['total']['median'] - row[trusting]['total']['median'], 20)


def proof_of(size):
    return lambda targets, row: targets.value(f'a final dump of {size}: ms that its proof takes',
                                              row['prove changed']['total']['median'], 15)


def many_threads(count):
    def judge(targets, row):
        frozen = row['predump']['frozen']
        targets.ratio(f'{count} threads: frozen, against criu read', row['predump'], row.get('criu read'), 'frozen', 1 / 20)
        targets.value(f'{count} threads: frozen, p99 against the median', frozen['p99'] / frozen['median'], 3)
    return judge


def idle(small):
    def judge(targets, row):
        if not small:  # (a VM without KVM takes many times as long)
            targets.value('an idle sleep: total ms', row['predump']['total']['median'], 8)
        for mode in 'read', 'splice':
            targets.ratio(f'an idle sleep: total, against criu {mode}', row['predump'], row.get(f'criu {mode}'), 'total',
                          1.0 if small else 0.5)
    return judge


def way(targets, row):
    of = lambda tool: row[tool]['total']['median']
    targets.value('predump as criu: ms until the real criu has taken over', of('predump as criu') - of('criu'), 10)


def first_freeze(sizes):
    def judge(targets, row):
        of = lambda tool, size: row.get(f'{tool}, {size}')
        targets.ratio('first freeze of 1 GiB: frozen, against criu read', of('predump', '1024 MiB'), of('criu read', '1024 MiB'),
                      'frozen', 1 / 100)
        for size in sizes:
            targets.ratio(f'first freeze of {size}: frozen, against that of {sizes[0]}', of('predump', size),
                          of('predump', sizes[0]), 'frozen', 1.5)
            targets.ratio(f'first freeze of {size}: the longest gap, against criu read', of('predump', size),
                          of('criu read', size), 'gap', 0.5)
    return judge


def later_freeze(when, sizes):
    """What grows with memory in the freeze of a later round: milliseconds for each GiB more."""
    def judge(targets, row):
        for tool, what in ('predump', 'frozen'), (RESET, "the kernel's reset alone"):
            less, more = (row.get(f'{tool}, {mib} MiB') for mib in sizes)
            if less and more:
                targets.known(f'a later freeze, {when}: {what}, ms for each GiB',
                              *((more['frozen'][which] - less['frozen'][which]) / (sizes[1] - sizes[0]) * 1024
                                for which in ('median', 'least')))
    return judge


def migrated(links):
    def judge(targets, row):
        for link in links:
            for key, what in ('downtime', 'downtime'), ('carried', 'bytes over the link'), ('total', 'total'):
                ours, theirs = (row.get(f'{way}, {link}') for way in ('predump', 'criu'))
                targets.ratio(f'a migration at {link}: {what}, against criu', ours, theirs, key, 1.0)
    return judge


def unchanged_growth(targets, row):
    figures = list(row.values())
    for before, after in zip(figures, figures[1:]):
        targets.ratio('twice as many MiB, round 2, unchanged: total', after, before, 'total', 2.2)


def growth(what, counts):
    def judge(targets, row):
        figures = list(row.values())
        for before, after, n in zip(figures, figures[1:], counts[1:]):
            for key in 'total', 'frozen':
                targets.ratio(f'twice as many {what} ({n}): {key}', after, before, key, 2.2)
    return judge


# ---- the experiments ----

MEMORIES = {'redis': ['redis'], 'JVM': ['sessions'], 'floats': ['floats'], 'noise': ['memory']}
RESET = 'clear_refs alone'  # no tool, but the kernel's part of a freeze
SERVERS = [('predump', 'predump'), ('predump', 'criu'), ('criu splice', 'predump'), ('criu splice', 'criu')]


def table(tools, variants, disk, small, runs, tracks_dirty, has_criu):
    """tools: their names. variants(OPTIONS...): the names of predumps with more options. small: in a VM, where most victims are
    smaller."""
    few = max(3, runs // 4)
    gib = 256 if small else 1024  # MiB of the victims but the first, whose targets are those of a GiB
    size = f'{gib} MiB' if small else '1 GiB'
    targets = [*(['disk'] if disk else []), 'tmpfs']
    criu = [tool for tool in tools if tool.startswith('criu')]
    main = [*tools[:1], *criu]

    for target in targets:
        direct = variants('--image-io-mode direct') if target == 'disk' else []
        yield Experiment(f'memory {target}: 1 GiB in one task', ['memory', '1024'], [*tools, *direct], runs,
                         target, judge=a_gib_to(target, small))
    if not small:
        for target in targets:
            yield Experiment(f'big {target}: 8 GiB in one task', ['memory', '8192'], ['predump', 'C loop'], 3, target,
                             judge=eight_gib(f'8 GiB to {target}'))

    counts = [1, 2, 4, 8, 16]
    yield Experiment(f'peak: {size} in one task, by threads', ['memory', str(gib)], variants(*(f'--threads {n}' for n in counts)),
                     3, judge=peaks(counts))

    threads = min(max(os.cpu_count() or 1, 2), 16)
    striped = variants(f'--threads {threads} --stripes 1', f'--threads {threads} --stripes {threads}')
    large, many = (8 * gib, 512) if threads >= 8 else (gib, 32)
    for target in targets:
        for what, kind in ((f'{large} MiB in one task', ['memory', str(large)]),
                           (f'16 tasks of {many} MiB', ['tasks', '16', str(many)])):
            yield Experiment(f'stripes {target}: {what}', kind, striped, few, target,
                             judge=stripes(f'{what} to {target}', threads))

    largest = 4096 if os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') > 7 << 30 else 2048  # MiB
    sizes = {f'{n} MiB': ['memory', str(n)] for n in (256, 1024, largest)}
    yield Experiment('first freeze: it does not grow with memory', sizes, [tools[0], 'criu read'], few,
                     targets[0], judge=first_freeze(list(sizes)))
    if tracks_dirty:
        sizes = {f'{n} MiB': ['memory', str(n)] for n in (256, 1024)}
        for when, dirty in ('nothing has changed', False), ('every 8th page is dirty', True):
            yield Experiment(f'later freeze, round 2: {when}', sizes, ['predump', *([] if dirty else [RESET])], few, targets[0],
                             rounds=2, dirty=dirty, judge=later_freeze(when, (256, 1024)))

    yield Experiment(f'server: {size} in one task', ['memory', str(gib)], SERVERS, few if small else runs // 2 + 1,
                     'a page server', judge=page_servers)
    # (128 processes have 12 MiB of their own besides)
    yield Experiment('server, 128 tasks', {'1 task of 140 MiB': ['memory', '140'], '128 of 1 MiB': ['tasks', '128', '1']},
                     [('predump', 'predump')], runs, 'a page server', judge=many_tasks)

    plain, always = variants('--compress off', '--compress on')
    takers = [(tool, 'predump') for tool in ('predump', plain, always)] + [('criu splice', 'criu')]
    memories = lambda mib: {what: [*kind, mib] for what, kind in MEMORIES.items() if what != 'JVM' or shutil.which('javac')}
    for rate, mib in ('1gbit', '256'), ('100mbit', '128'):
        yield Experiment(f'wire: {mib} MiB at {rate}', memories(mib), takers, 3, 'a page server', link=rate,
                         judge=wire(rate, plain, always))
    if has_netem():
        one, eight, retried = variants(*(f'--compress off --streams {more}' for more in ('1', '8', '8 --retry 30')))
        yield Experiment('wire: 8 MiB over 100 Mbit/s, 50 ms there and back, of 200 packets one is lost', ['memory', '8'],
                         [(tool, 'predump') for tool in (one, eight, retried)] + [('criu splice', 'criu')], 3, 'a page server',
                         link='delay 25ms loss 0.5% rate 100mbit', judge=long_link(one, eight, retried))
    yield Experiment('wire: 256 MiB over loopback', memories('256'), takers, runs, 'a page server', judge=loopback(plain))

    yield Experiment(f'scattered: every 8th page of {size}', ['scattered', str(gib)], main, few)
    yield Experiment(f'thp: {size} of huge pages', ['thp', str(gib)], tools, few)
    if tracks_dirty:
        compared = [*tools[:1], *variants('--no-compare'), *criu]
        yield Experiment(f'scattered, round 2: every 8th page of {size} is dirty', ['memory', str(gib)], compared, few, rounds=2)
        yield Experiment(f'huge, round 2: a byte in each huge page of {size} is dirty', ['thp', str(gib)], compared, few,
                         rounds=2)
    trusting = variants('--trust-soft-dirty')
    for what, kind in ('unchanged', 'memory'), ('unchanged huge pages', 'thp'), ('unchanged, scattered', 'scattered'):
        yield Experiment(f'{what}, round 2: nothing of {size} has changed', [kind, str(gib)], [*tools[:1], *trusting], runs,
                         rounds=2, dirty=False, pretend=True, judge=frames(f'{what}, {size}', trusting[0]))
    yield Experiment('growth: MiB, round 2, unchanged', {f'{n} MiB': ['memory', str(n)] for n in (gib // 2, gib, 2 * gib)},
                     ['predump'], runs, rounds=2, dirty=False, pretend=True, judge=unchanged_growth)
    yield Experiment(f'proof: a final dump of {size} of which nothing has changed', ['memory', str(gib)], ['changed', 'whole'],
                     runs, pretend=True, how='proofs', judge=proof_of(size))
    limited = variants('--nice 19', '--max-rate 500M', '--threads 1 --max-rate 500M')
    yield Experiment(f'busy: {size}, written to all the while', ['busy', str(gib)], [*tools, *limited], few)

    threads = ('200', '10') if small else ('1000', '50')
    yield Experiment(f'threads: {threads[0]}, of which {threads[1]} spin', ['threads', *threads], main, runs,
                     judge=many_threads(threads[0]))
    yield Experiment('vmas: 60,000', ['vmas', '60000'], main, few, judge=peak_of('60,000 VMAs'))
    yield Experiment('tasks: 500 of 2 MiB', ['tasks', '500', '2'], main, few)
    yield Experiment('sparse: 100 MiB in 64 TiB', ['sparse', '64', '100'], main, few)
    yield Experiment('sleep', ['sleep'], main, runs, judge=idle(small))
    if has_criu:
        yield Experiment('way: criu --version', [], [], runs, 'nowhere', how='ways', judge=way)

    for what, counts, kind in (('MiB', [gib // 2, gib, 2 * gib], lambda n: ['memory', str(n)]),
                               ('VMAs', [15000, 30000, 60000], lambda n: ['vmas', str(n)]),
                               ('threads', [250, 500, 1000], lambda n: ['threads', str(n), '0']),
                               ('tasks', [125, 250, 500], lambda n: ['tasks', str(n), '1'])):
        yield Experiment(f'growth: {what}', {f'{n} {what}': kind(n) for n in counts}, ['predump'], few if small else runs,
                         judge=growth(what, counts))

    if tracks_dirty and criu:
        links = ['100mbit', '1gbit']
        yield Experiment('migration: redis under load, 128 MiB', links, [], 3, 'another network namespace', how='migrations',
                         judge=migrated(links))
