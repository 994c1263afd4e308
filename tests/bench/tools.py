"""The tools that are measured: one round of one tool, and experiments in which several take turns."""
import contextlib, json, os, random, re, shutil, signal, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [HERE, os.path.join(HERE, '../vm')]  # in the VM all is in one directory
from images import PARENT, Pagemap
from experiments import RESET
from report import show, summary
from wire import Java, Link, Redis
from workload import Victim


class Failure(Exception):
    """A tool that failed: CRIU may, for a victim that is too much for it."""


class Bench:
    def __init__(self, args):
        self.args, self.programs = args, args.programs
        self.work = tempfile.mkdtemp(prefix='predump-bench.')
        self.targets = {'disk': args.disk, 'tmpfs': args.tmpfs}
        self.rows = []
        self.link = None  # to the page server; none: loopback
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

    def variants(self, *options):
        """Adds such tools; returns their names."""
        for each in options:
            self.tools.update(self.variant(each))
        return [f'predump {each}' for each in options]

    def can(self, criu):
        """Whether this criu can make a pre-dump here (it needs soft-dirty); also fills its cache of the kernel's features."""
        with Victim(self.programs, self.work, ['sleep']) as victim:
            directory = tempfile.mkdtemp(dir=self.work)
            done = subprocess.run([criu, 'pre-dump', '-t', str(victim.pid), '-D', directory, '--track-mem'], capture_output=True)
        return done.returncode == 0

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def measured(self, command, **popen):
        """Starts a command; returns a function that waits for it and returns its figures."""
        ours, theirs = os.pipe()
        environment = {**os.environ, **(self.pretending or {}), **popen.pop('env', {})}
        process = subprocess.Popen([f'{self.programs}/measure', str(theirs), *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   pass_fds=(theirs, *popen.pop('pass_fds', ())), env=environment, **popen)
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
        """Starts a page server; returns its port and a function that waits for it."""
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        ready, status = os.pipe()
        command = [*(self.link.far if self.link else []), self.args.predump if server == 'predump' else self.args.criu,
                   'page-server', '-D', directory, '--address', self.address(), '--port', str(port), '--status-fd', str(status), '-v0', '-o', 'server.log']
        wait = self.measured(command, pass_fds=(status,))
        os.close(status)
        if os.read(ready, 1) != b'\0':
            wait()
        os.close(ready)
        return port, wait

    def address(self):
        return self.link.ADDRESS if self.link else '127.0.0.1'

    def sample(self, tool, server, victim, directory, parent=None):
        """One round of one tool."""
        os.makedirs(directory)
        victim.forget_gap()
        _, writes, _ = victim.read()
        since = time.monotonic()
        loop = tool.startswith('C loop')
        if tool == RESET:
            with open(f'/proc/{victim.pid}/clear_refs', 'w') as file:
                file.write('4')
                begun = time.monotonic()
                file.flush()
            figures = {'frozen': (time.monotonic() - begun) * 1000}
        elif loop:
            threads = '1' if tool == 'C loop' else str(os.cpu_count())
            _, figures = self.measured([*self.tools[tool], str(victim.pid), directory, threads])()
        else:
            command = [*(self.link.near if server and self.link else []), *self.tools[tool], '-t', str(victim.pid), '-D', directory]
            if parent:
                command += ['--prev-images-dir', parent]
            served = None
            if server:
                os.makedirs(f'{directory}/server')
                port, served = self.serve(server, f'{directory}/server')
                command += ['--page-server', '--address', self.address(), '--port', str(port)]
                since = time.monotonic()
                victim.forget_gap()
            text, figures = self.measured(command)()
        figures['writes'] = (victim.read()[1] - writes) / (time.monotonic() - since)
        figures['gap'] = victim.read()[0] / 1e6
        if not loop and tool != RESET:
            figure = lambda name: int(re.search(rf'^{name}: (\d+)', text, re.M).group(1))
            figures['frozen'] = (figure('Freezing time') + figure('Frozen time')) / 1000
            figures['pages'] = figure('Memory pages written')
            if json_line := re.search(r'^\{.*\}$', text, re.M):
                ours = json.loads(json_line.group())
                figures['suspect'] = ours['pages_suspect']
                if 'bytes_sent' in ours:
                    figures['sent'] = ours['bytes_sent'] / 1e6
                if 'pages_unchanged' in ours:
                    figures['unchanged'], figures['comparing'] = ours['pages_unchanged'], ours['comparing_us'] / 1000
            if server:
                for name, value in served()[1].items():
                    figures[f'server {name}'] = value
        return figures

    @contextlib.contextmanager
    def tracking(self, really):
        """Allows to measure second rounds of a victim at rest on kernels that track no changes: no page looks changed there."""
        self.pretending = None if really else {'LD_PRELOAD': f'{self.programs}/softdirty.so'}
        yield
        self.pretending = None

    def proofs(self, experiment):
        """predump as criu's action script, on a final dump that leaves all its pages to the previous round. The dump is made by
        hand: only the time that a frozen tree waits is measured."""
        settings, runs = experiment.tools, experiment.runs
        samples = {setting: [] for setting in settings}
        base = os.path.join(self.args.tmpfs, f'predump-bench.{os.getpid()}')
        with Victim(self.programs, self.work, experiment.kinds) as victim:
            try:
                self.sample('predump', None, victim, f'{base}/1')
                os.kill(victim.pid, signal.SIGSTOP)
                for run in range(-1, runs):
                    for setting in random.Random(run).sample(settings, len(settings)):
                        final = self.final_dump(base)
                        _, figures = self.measured([self.args.predump], cwd=final, env={
                            'CRTOOLS_SCRIPT_ACTION': 'post-dump', 'CRTOOLS_IMAGE_DIR': final,
                            'CRTOOLS_INIT_PID': str(victim.pid), 'PREDUMP_PROVE': setting})()
                        log = open(f'{final}/predump-post-dump.log').read()
                        figures['compared'] = int(re.search(r'pages_compared=(\d+)', log).group(1))
                        if run >= 0:
                            samples[setting].append(figures)
            finally:
                shutil.rmtree(base, ignore_errors=True)
        return self.row(experiment, {f'prove {setting}': all_runs for setting, all_runs in samples.items()})

    def ways(self, experiment):
        """criu --version, by criu, and by predump under the name of criu: what an engine pays for each call that is not ours."""
        folder = tempfile.mkdtemp(dir=self.work)
        os.symlink(self.args.predump, f'{folder}/criu')
        path = f'{folder}:{os.path.dirname(self.args.criu)}:/usr/bin'
        samples = {self.args.criu: [], f'{folder}/criu': []}
        for run in range(-1, experiment.runs):
            for program in random.Random(run).sample(list(samples), len(samples)):
                _, figures = self.measured([program, '--version'], env={'PATH': path})()
                if run >= 0:
                    samples[program].append(figures)
        return self.row(experiment, dict(zip(('criu', 'predump as criu'), samples.values())))

    def migrations(self, experiment):
        """tests/vm/migration.py, which prints a table of its own. Its figures by `WAY, RATE`."""
        where, told = next(path for path in (f'{HERE}/vm', f'{HERE}/../vm') if os.path.isdir(path)), f'{self.work}/migration'
        print(f'\n{experiment.name}, {experiment.runs} runs', flush=True)
        done = subprocess.run([sys.executable, f'{where}/migration.py', '--victims', self.programs, '--json', told,
                               '--predump', self.args.predump, '--criu', self.args.criu,
                               '--times', str(experiment.runs), '--links', ','.join(experiment.kinds)])
        if done.returncode != 0:  # it has said why
            return {}
        with open(told) as file:
            figures = json.load(file)
        row = {'name': experiment.name, 'target': experiment.target, 'runs': experiment.runs, 'failed': {},
               'tools': {tool: {key: summary(values) for key, values in of.items()} for tool, of in figures.items()}}
        self.rows.append(row)
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

    def experiment(self, experiment):
        """All its tools, on all its victims, in random order; figures by the titles of the tools."""
        runs, rounds = experiment.runs, experiment.rounds
        kinds = experiment.kinds if isinstance(experiment.kinds, dict) else {'': experiment.kinds}
        pairs = [tool if isinstance(tool, tuple) else (tool, None) for tool in experiment.tools]
        turns = [(tool, server, which) for tool, server in pairs for which in kinds
                 if (tool in self.tools or tool == RESET) and (server != 'criu' or 'criu read' in self.tools)]
        samples, failed = {turn: [] for turn in turns}, {}
        base = os.path.join(self.targets.get(experiment.target, self.args.tmpfs), f'predump-bench.{os.getpid()}')
        with contextlib.ExitStack() as stack:
            self.link = stack.enter_context(Link(experiment.link)) if experiment.link else None
            victims = {which: stack.enter_context(self.victim(kind)) for which, kind in kinds.items()}
            quiet = self.throughput(victims['']) if kinds.get('', [''])[0] == 'busy' else None
            for run in range(-1, runs):  # the first one is a warm-up
                # in random order: the previous run leaves memory that is fast or slow to allocate
                for turn in random.Random(run).sample(turns, len(turns)):
                    if turn in failed:
                        continue
                    tool, server, which = turn
                    try:
                        os.makedirs(base)
                        if rounds == 2:
                            self.sample(tool, server, victims[which], f'{base}/1')
                            if experiment.dirty:
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
        return self.row(experiment, {title(*turn): all_runs for turn, all_runs in samples.items() if turn not in failed},
                        {title(*turn): why for turn, why in failed.items()})

    def row(self, experiment, samples, failed=None):
        """Notes and shows what was measured; returns it, summed up, by title. samples: the figures of each run by title. failed: why,
        by title."""
        row = {'name': experiment.name, 'target': experiment.target, 'runs': experiment.runs, 'failed': failed or {},
               'tools': {title: {key: summary([run[key] for run in runs]) for key in runs[0]} for title, runs in samples.items()}}
        self.rows.append(row)
        show(row)
        return row['tools']

    def victim(self, kind):
        return {'redis': Redis, 'sessions': Java}.get(kind[0], Victim)(self.programs, self.work, kind)

    @staticmethod
    def throughput(victim):
        _, before, _ = victim.read()
        time.sleep(1)
        return victim.read()[1] - before
