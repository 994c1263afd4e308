"""The benchmark itself: see `run`. Each experiment is a victim, a target, and tools that take turns on it."""
import argparse, contextlib, json, math, mmap, os, random, re, shutil, signal, socket, statistics, struct, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, '../vm')]  # in the VM all is in one directory
from images import PARENT, Pagemap


class Failure(Exception):
    """A tool that failed: CRIU may, for a victim that is too much for it."""


class Victim:
    """A victim at rest, and its board (see victim.c)."""

    def __init__(self, programs, work, kind):
        own = tempfile.mkdtemp(prefix='victim.', dir=work)
        self.board_file, self.out = os.path.join(own, 'board'), os.path.join(own, 'out')
        with open(self.board_file, 'wb') as board:
            board.truncate(4096)
        command = ['sleep', '100000'] if kind == ['sleep'] else [f'{programs}/workload', self.board_file, *kind]
        with open(self.out, 'w') as out:  # (not a pipe to us: criu would not dump that)
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        with open(self.board_file, 'r+b') as board:
            self.board = mmap.mmap(board.fileno(), 4096)
        self.pid = self.process.pid
        while kind != ['sleep'] and 'READY' not in open(self.out).read():
            if self.process.poll() is not None:
                sys.exit(f'the victim {" ".join(kind)} ended: {open(self.out).read()}')
            time.sleep(0.02)
        time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read(self):
        gap, writes, dirtied = struct.unpack_from('QQQ', self.board)
        return gap, writes, dirtied

    def forget_gap(self):
        struct.pack_into('Q', self.board, 0, 0)

    def dirty(self):
        before = self.read()[2]
        self.process.send_signal(signal.SIGUSR1)
        while self.read()[2] == before:
            time.sleep(0.005)


class QuietMemory:
    """A VM may give its free memory back to its host (free page reporting); what then needs it waits for the host, at up to ten times the
    cost. While we measure it keeps it, and all of it has been touched once."""

    REPORTING = '/sys/module/page_reporting/parameters/page_reporting_order'

    def __enter__(self):
        self.order = None
        if os.access(self.REPORTING, os.W_OK):
            with open(self.REPORTING) as file:
                self.order = file.read()
            self.report(str(len(open('/proc/buddyinfo').readline().split()) - 4))  # one above the largest order: none is given back
            free = int(re.search(r'MemFree: *(\d+)', open('/proc/meminfo').read()).group(1)) * 1024 - (512 << 20)
            mmap.mmap(-1, max(free, 4096), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()

    def __exit__(self, *_):
        if self.order:
            self.report(self.order)

    def report(self, order):
        with contextlib.suppress(OSError):  # a kernel that does not take this order
            with open(self.REPORTING, 'w') as file:
                file.write(order)


class Bench:
    def __init__(self, args):
        self.args, self.programs = args, args.programs
        self.work = tempfile.mkdtemp(prefix='predump-bench.')
        self.targets = {'disk': args.disk, 'tmpfs': args.tmpfs}
        self.rows = []
        self.pretending = None  # the environment in which predump believes that this kernel tracks changed memory
        common = ['--track-mem', '--display-stats', '-v0', '-o', 'log']
        self.common = [args.predump, 'pre-dump', *common, '--json']
        loop = f'{args.programs}/yardstick'
        self.tools = {'predump': self.common, **self.variant('--threads 1'), 'C loop': [loop]}
        if os.cpu_count() > 1:
            self.tools[f'C loop, {os.cpu_count()} threads'] = [loop]
        if args.criu and self.can(args.criu):
            for mode in 'splice', 'read':
                self.tools[f'criu {mode}'] = [args.criu, 'pre-dump', *common, f'--pre-dump-mode={mode}']

    def variant(self, options):
        """The tool with more options."""
        return {f'predump {options}': [*self.common, *options.split()]}

    def can(self, criu):
        """Whether this criu can make a pre-dump here (it wants soft-dirty); it fills its cache of the kernel's features, too."""
        with Victim(self.programs, self.work, ['sleep']) as victim:
            directory = tempfile.mkdtemp(dir=self.work)
            done = subprocess.run([criu, 'pre-dump', '-t', str(victim.pid), '-D', directory, '--track-mem'], capture_output=True)
        return done.returncode == 0

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def measured(self, command, **popen):
        """Starts a command; a function that waits for it and tells its figures."""
        ours, theirs = os.pipe()
        environment = {**os.environ, **(self.pretending or {}), **popen.pop('env', {})}
        process = subprocess.Popen([f'{self.programs}/measure', str(theirs), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, pass_fds=(theirs, *popen.pop('pass_fds', ())), env=environment, **popen)
        os.close(theirs)

        def wait():
            text = process.communicate()[0]
            with os.fdopen(ours) as pipe:
                line = pipe.read().split()
            if process.returncode != 0:
                raise Failure(f'{" ".join(command)}: exit code {process.returncode}\n{text}')
            total, user, system, peak = (int(number) for number in line)
            return text, {'total': total / 1000, 'cpu': (user + system) / 1000, 'peak': peak / 1024}
        return wait

    def serve(self, server, directory):
        """Starts a page server; its port, and what waits for it."""
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        ready, status = os.pipe()
        command = [self.args.predump if server == 'predump' else self.args.criu, 'page-server', '-D', directory, '--address', '127.0.0.1',
                   '--port', str(port), '--status-fd', str(status), '-v0', '-o', 'server.log']
        wait = self.measured(command, pass_fds=(status,))
        os.close(status)
        if os.read(ready, 1) != b'\0':
            wait()
        os.close(ready)
        return port, wait

    def sample(self, tool, server, victim, directory, parent=None):
        """One round of one tool."""
        os.makedirs(directory)
        victim.forget_gap()
        _, writes, _ = victim.read()
        since = time.monotonic()
        loop = tool.startswith('C loop')
        if loop:
            _, figures = self.measured([*self.tools[tool], str(victim.pid), directory, '1' if tool == 'C loop' else str(os.cpu_count())])()
        else:
            command = [*self.tools[tool], '-t', str(victim.pid), '-D', directory, *(['--prev-images-dir', parent] if parent else [])]
            served = None
            if server:
                os.makedirs(f'{directory}/server')
                port, served = self.serve(server, f'{directory}/server')
                command += ['--page-server', '--address', '127.0.0.1', '--port', str(port)]
                since = time.monotonic()
                victim.forget_gap()
            text, figures = self.measured(command)()
        figures['writes'] = (victim.read()[1] - writes) / (time.monotonic() - since)
        figures['gap'] = victim.read()[0] / 1e6
        if not loop:
            figure = lambda name: int(re.search(rf'^{name}: (\d+)', text, re.M).group(1))
            figures['frozen'] = (figure('Freezing time') + figure('Frozen time')) / 1000
            figures['pages'] = figure('Memory pages written')
            if json_line := re.search(r'^\{.*\}$', text, re.M):
                ours = json.loads(json_line.group())
                figures['suspect'] = ours['pages_suspect']
                if 'pages_unchanged' in ours:
                    figures['unchanged'], figures['comparing'] = ours['pages_unchanged'], ours['comparing_us'] / 1000
            if server:
                for name, value in served()[1].items():
                    figures[f'server {name}'] = value
        return figures

    @contextlib.contextmanager
    def tracking(self, really):
        """Second rounds of a victim that rests can be measured on kernels that track nothing: there nothing looks changed anyway."""
        self.pretending = None if really else {'LD_PRELOAD': f'{self.programs}/softdirty.so'}
        yield
        self.pretending = None

    def proofs(self, name, kind, settings, runs):
        """predump as criu's action script, on a final dump that leaves all its pages to the round before (made by hand: what counts is the time
        that a frozen tree waits)."""
        samples = {setting: [] for setting in settings}
        base = os.path.join(self.args.tmpfs, f'predump-bench.{os.getpid()}')
        with Victim(self.programs, self.work, kind) as victim:
            try:
                self.sample('predump', None, victim, f'{base}/1')
                os.kill(victim.pid, signal.SIGSTOP)
                for run in range(-1, runs):
                    for setting in random.Random(run).sample(settings, len(settings)):
                        final = self.final_dump(base)
                        _, figures = self.measured([self.args.predump], cwd=final, env={
                            'CRTOOLS_SCRIPT_ACTION': 'post-dump', 'CRTOOLS_IMAGE_DIR': final, 'CRTOOLS_INIT_PID': str(victim.pid), 'PREDUMP_PROVE': setting})()
                        log = open(f'{final}/predump-post-dump.log').read()
                        figures['compared'] = int(re.search(r'pages_compared=(\d+)', log).group(1))
                        if run >= 0:
                            samples[setting].append(figures)
            finally:
                shutil.rmtree(base, ignore_errors=True)
        row = {'name': name, 'target': 'tmpfs', 'runs': runs, 'failed': {},
               'tools': {f'prove {setting}': {key: summary([run[key] for run in all_runs]) for key in all_runs[0]} for setting, all_runs in samples.items()}}
        self.rows.append(row)
        show(row)
        return row['tools']

    @staticmethod
    def final_dump(base):
        """A dump on round 1 whose pages are all in the parent."""
        final = f'{base}/2'
        shutil.rmtree(final, ignore_errors=True)
        os.makedirs(final)
        os.symlink('../1', f'{final}/parent')
        shutil.copy(f'{base}/1/inventory.img', final)
        with contextlib.suppress(FileNotFoundError):
            os.remove(f'{base}/1/predump-child')
        for name in os.listdir(f'{base}/1'):
            if name.startswith('pagemap-'):
                pagemap = Pagemap(f'{base}/1/{name}')
                pagemap.path, pagemap.runs = f'{final}/{name}', [(address, pages, PARENT) for address, pages, _ in pagemap.runs]
                pagemap.save()
                open(f'{final}/pages-{pagemap.pages_id}.img', 'w').close()
        return final

    def experiment(self, name, kinds, target, tools, runs, rounds=1, dirty=True):
        """kinds: that of the victim, or of several that take turns, by their names. tools: names, or (client, server) where the target is a
        page server. With two rounds the second one counts: every 8th page is dirty in it, or none."""
        kinds = kinds if isinstance(kinds, dict) else {'': kinds}
        pairs = [tool if isinstance(tool, tuple) else (tool, None) for tool in tools]
        turns = [(tool, server, which) for tool, server in pairs for which in kinds
                 if tool in self.tools and (server != 'criu' or 'criu read' in self.tools)]
        samples, failed = {turn: [] for turn in turns}, {}
        base = os.path.join(self.targets.get(target, self.args.tmpfs), f'predump-bench.{os.getpid()}')
        with contextlib.ExitStack() as stack:
            victims = {which: stack.enter_context(Victim(self.programs, self.work, kind)) for which, kind in kinds.items()}
            quiet = self.throughput(victims['']) if kinds.get('', [''])[0] == 'busy' else None
            for run in range(-1, runs):  # the first is to warm all up
                # by chance: what ran before leaves memory behind that is quick or slow to be had
                for turn in random.Random(run).sample(turns, len(turns)):
                    if turn in failed:
                        continue
                    tool, server, which = turn
                    try:
                        os.makedirs(base)
                        if rounds == 2:
                            self.sample(tool, server, victims[which], f'{base}/1')
                            if dirty:
                                victims[which].dirty()
                        figures = self.sample(tool, server, victims[which], f'{base}/{rounds}', '../1' if rounds == 2 else None)
                    except Failure as failure:
                        if not tool.startswith('criu'):
                            raise
                        failed[turn] = str(failure)
                        continue
                    finally:
                        shutil.rmtree(base, ignore_errors=True)
                    if quiet:
                        figures['throughput'] = figures.pop('writes') / quiet
                    else:
                        figures.pop('writes')
                    if run >= 0:
                        samples[turn].append(figures)
        title = lambda tool, server, which: (f'{tool} to {server}' if server else tool) + (f', {which}' if which else '')
        row = {'name': name, 'target': target, 'runs': runs,
               'tools': {title(*turn): {key: summary([run[key] for run in all_runs]) for key in all_runs[0]}
                         for turn, all_runs in samples.items() if turn not in failed},
               'failed': {title(*turn): why for turn, why in failed.items()}}
        self.rows.append(row)
        show(row)
        return row['tools']

    @staticmethod
    def throughput(victim):
        _, before, _ = victim.read()
        time.sleep(1)
        return victim.read()[1] - before


def summary(values):
    ordered = sorted(values)
    return {'median': statistics.median(ordered), 'p99': ordered[math.ceil(0.99 * len(ordered)) - 1], 'max': ordered[-1], 'all': values}


def show(row):
    print(f'\n{row["name"]}, to {row["target"]}, {row["runs"]} runs')
    first = next(iter(row['tools'].values()))
    columns = [('frozen ms', 'frozen', 'median'), ('p99', 'frozen', 'p99'), ('max', 'frozen', 'max'), ('gap ms', 'gap', 'median'), ('total ms', 'total', 'median'),
               ('cpu ms', 'cpu', 'median'), ('peak MB', 'peak', 'max'), ('pages', 'pages', 'median'),
               ('suspect', 'suspect', 'median'), ('compared', 'compared', 'median'), ('unchanged', 'unchanged', 'median'), ('compare ms', 'comparing', 'median'), ('throughput', 'throughput', 'median'),
               ('server: cpu', 'server cpu', 'median'), ('peak MB', 'server peak', 'max')]
    columns = [column for column in columns if column[1] in first and (column[1] not in ('unchanged', 'comparing', 'suspect') or ', round 2' in row['name'])]
    print(f'  {"":28}' + ''.join(f'{title:>12}' for title, _, _ in columns))
    for tool, figures in row['tools'].items():
        cells = []
        for _, key, which in columns:
            value = figures.get(key, {}).get(which)
            cells.append(f'{"-":>12}' if value is None else f'{value:12.0f}' if key in ('pages', 'unchanged', 'suspect', 'compared') else f'{value:12.2f}' if value < 100 else f'{value:12.0f}')
        print(f'  {tool:28}' + ''.join(cells))
    for tool, why in row['failed'].items():
        print(f'  {tool} fails: {why.splitlines()[0]}')
    sys.stdout.flush()


class Targets:
    """What has to be reached, and what was."""

    def __init__(self):
        self.lines = []

    def ratio(self, what, ours, theirs, key, limit, at_least=False, which='median'):
        if not ours or not theirs:
            self.lines.append({'target': what, 'limit': limit, 'met': None})
            return
        value = ours[key][which] / theirs[key][which] if not at_least else theirs[key][which] / ours[key][which]
        self.lines.append({'target': what, 'value': value, 'limit': limit, 'met': value >= limit if at_least else value <= limit})

    def value(self, what, value, limit):
        self.lines.append({'target': what, 'value': value, 'limit': limit, 'met': value <= limit})

    def show(self):
        print('\nTargets')
        for line in self.lines:
            state = {True: 'met', False: 'NOT MET', None: 'not measured'}[line['met']]
            value = f'{line["value"]:10.4g}' if 'value' in line else f'{"-":>10}'
            print(f'  {line["target"]:76}{value}   limit {line["limit"]:<8.4g}{state}')


def main():
    parser = argparse.ArgumentParser()
    for name in 'predump', 'programs', 'criu', 'disk', 'json':
        parser.add_argument(f'--{name}')
    parser.add_argument('--tmpfs', default='/dev/shm')
    parser.add_argument('--runs', type=int, default=21)
    parser.add_argument('--only', default='')
    parser.add_argument('--small', action='store_true')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was changed is changed back
    bench = Bench(args)
    try:
        with QuietMemory():
            whole(bench, args)
    finally:
        bench.close()


def whole(bench, args):
    tracks_dirty = json.loads(subprocess.run([args.predump, 'check', '--json'], capture_output=True, text=True).stdout)['rounds']
    tools, targets, runs = list(bench.tools), Targets(), args.runs
    few = max(3, runs // 4)
    wanted = lambda name: re.search(args.only or '', name)
    gib = 256 if args.small else 1024  # MiB of the victims but the first, whose targets are those of a GiB
    size = f'{gib} MiB' if args.small else '1 GiB'
    get = lambda row, tool: row.get(tool)
    criu = [tool for tool in tools if tool.startswith('criu')]

    def do(name, *rest, **more):
        return bench.experiment(name, *rest, **more) if wanted(name) else None

    def variants(*options):
        for each in options:
            bench.tools.update(bench.variant(each))
        return [f'predump {each}' for each in options]

    direct = variants('--image-io-mode direct')
    on_disk = ['disk'] if args.disk else []
    memory = {target: do(f'memory {target}: 1 GiB in one task', ['memory', '1024'], target, [*tools, *(direct if target == 'disk' else [])], runs)
              for target in [*on_disk, 'tmpfs']}
    for target, row in memory.items():
        if row:
            targets.ratio(f'1 GiB to {target}: frozen, against criu read', row['predump'], get(row, 'criu read'), 'frozen', 1 / (20 if args.small else 40))
            targets.ratio(f'1 GiB to {target}: total, against criu splice', row['predump'], get(row, 'criu splice'), 'total', 0.9)
            targets.ratio(f'1 GiB to {target}: total, against criu read', row['predump'], get(row, 'criu read'), 'total', 0.4)
            targets.ratio(f'1 GiB to {target}: rate of one thread, against the C loop', row['predump --threads 1'], row['C loop'], 'total', 1.0, at_least=True)
            targets.ratio(f'1 GiB to {target}: rate, against the C loop', row['predump'], row['C loop'], 'total', 1.5, at_least=True)
            targets.ratio('(as many threads of the C loop, for comparison)', row.get(f'C loop, {os.cpu_count()} threads'), row['C loop'], 'total', 1.5, at_least=True)
            targets.value(f'1 GiB to {target}: peak MB', row['predump']['peak']['max'], 16)
    if not args.small:
        for target in [*on_disk, 'tmpfs']:
            if row := do(f'big {target}: 8 GiB in one task', ['memory', '8192'], target, ['predump', 'C loop'], 3):
                targets.value(f'8 GiB to {target}: peak MB', row['predump']['peak']['max'], 16)

    servers = [('predump', 'predump'), ('predump', 'criu'), ('criu splice', 'predump'), ('criu splice', 'criu')]
    if row := do(f'server: {size} in one task', ['memory', str(gib)], 'a page server', servers, few if args.small else runs // 2 + 1):
        for client, server in servers[:3]:
            targets.ratio(f'{client} to a page server of {server}: total, against criu to criu', get(row, f'{client} to {server}'),
                          get(row, 'criu splice to criu'), 'total', 1.0)
    # (128 processes have 12 MiB of their own besides)
    if row := do('server, 128 tasks', {'1 task of 140 MiB': ['memory', '140'], '128 of 1 MiB': ['tasks', '128', '1']}, 'a page server',
                 [('predump', 'predump')], runs):
        one, many = row.values()
        targets.ratio('128 tasks to a page server: total, against one task of the same size', many, one, 'total', 1.5)

    do(f'scattered: every 8th page of {size}', ['scattered', str(gib)], 'tmpfs', tools[:1] + criu, few)
    do(f'thp: {size} of huge pages', ['thp', str(gib)], 'tmpfs', tools, few)
    if tracks_dirty:
        compared = [*tools[:1], *variants('--no-compare'), *criu]
        do(f'scattered, round 2: every 8th page of {size} is dirty', ['memory', str(gib)], 'tmpfs', compared, few, rounds=2)
        do(f'huge, round 2: a byte in each huge page of {size} is dirty', ['thp', str(gib)], 'tmpfs', compared, few, rounds=2)
    with bench.tracking(tracks_dirty):
        trusting = variants('--trust-soft-dirty')[0]
        for what, kind in ('unchanged', 'memory'), ('unchanged huge pages', 'thp'), ('unchanged, scattered', 'scattered'):
            if row := do(f'{what}, round 2: nothing of {size} has changed', [kind, str(gib)], 'tmpfs', [tools[0], trusting], runs, rounds=2, dirty=False):
                targets.value(f'{what}, {size}: ms that looking at page frames takes', row['predump']['total']['median'] - row[trusting]['total']['median'], 20)
        if row := do('growth: MiB, round 2, unchanged', {f'{n} MiB': ['memory', str(n)] for n in (gib // 2, gib, 2 * gib)}, 'tmpfs', ['predump'], runs, rounds=2,
                     dirty=False):
            figures = list(row.values())
            for before, after in zip(figures, figures[1:]):
                targets.ratio('twice as many MiB, round 2, unchanged: total', after, before, 'total', 2.2)
        if wanted(f'proof: a final dump of {size}') and (row := bench.proofs(f'proof: a final dump of {size} of which nothing has changed', ['memory', str(gib)],
                                                                             ['changed', 'whole'], runs)):
            targets.value(f'a final dump of {size}: ms that its proof takes', row['prove changed']['total']['median'], 15)
    do(f'busy: {size}, written to all the while', ['busy', str(gib)], 'tmpfs', [*tools, *variants('--nice 19', '--max-rate 500M', '--threads 1 --max-rate 500M')], few)

    threads = ('200', '10') if args.small else ('1000', '50')
    if row := do(f'threads: {threads[0]}, of which {threads[1]} spin', ['threads', *threads], 'tmpfs', tools[:1] + criu, runs):
        targets.ratio(f'{threads[0]} threads: frozen, against criu read', row['predump'], get(row, 'criu read'), 'frozen', 1 / 20)
        targets.value(f'{threads[0]} threads: frozen, p99 against the median', row['predump']['frozen']['p99'] / row['predump']['frozen']['median'], 3)
    if row := do('vmas: 60,000', ['vmas', '60000'], 'tmpfs', tools[:1] + criu, few):
        targets.value('60,000 VMAs: peak MB', row['predump']['peak']['max'], 16)
    do('tasks: 500 of 2 MiB', ['tasks', '500', '2'], 'tmpfs', tools[:1] + criu, few)
    do('sparse: 100 MiB in 64 TiB', ['sparse', '64', '100'], 'tmpfs', tools[:1] + criu, few)
    if row := do('sleep', ['sleep'], 'tmpfs', tools[:1] + criu, runs):
        for mode in 'read', 'splice':
            targets.ratio(f'an idle sleep: total, against criu {mode}', row['predump'], get(row, f'criu {mode}'), 'total', 0.5)

    for what, kind, counts in (('MiB', lambda n: ['memory', str(n)], [gib // 2, gib, 2 * gib]), ('VMAs', lambda n: ['vmas', str(n)], [15000, 30000, 60000]),
                               ('threads', lambda n: ['threads', str(n), '0'], [250, 500, 1000]), ('tasks', lambda n: ['tasks', str(n), '1'], [125, 250, 500])):
        if row := do(f'growth: {what}', {f'{n} {what}': kind(n) for n in counts}, 'tmpfs', ['predump'], few if args.small else runs):
            figures = list(row.values())
            for before, after, n in zip(figures, figures[1:], counts[1:]):
                for key in 'total', 'frozen':
                    targets.ratio(f'twice as many {what} ({n}): {key}', after, before, key, 2.2)
    targets.show()
    if args.json:
        with open(args.json, 'w') as out:
            json.dump({'kernel': os.uname().release, 'rows': bench.rows, 'targets': targets.lines}, out, indent=1)


main()
