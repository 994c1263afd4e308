#!/usr/bin/python3
"""moves.py [--seeds N] [--first M] [--thp never|madvise|always|all] [--negative] [--blind]
Chains of a program that moves its memory (tests/victims/mover.c).

Each seed is a chain of 2 to 6 rounds, of the stopped or the running tree, by predump or mixed with CRIU's, and a final dump
with predump as criu's action script. A round of the stopped tree is compared with its memory; after the restore the program
checks every byte itself. `--negative` trusts the kernel's marks and has no action script: then at least half of the seeds must
fail, or the program would prove nothing. `--blind`: rounds can't see page frames (no CAP_SYS_ADMIN), and compare all pages that
look clean.

If criu misses a page in the parent (clean memory was moved to where the parent has no pages) it fails without harm, with an
error. The chain is void then, and the next one begins with a full round."""
import json, os, random, re, shutil, signal, tempfile
from guest import TALLY, Victim, Wrong, eventually, main, must, options, read, run, state, tree

GIVEN = options(seeds=10, first=1, thp='all', negative=False, blind=False)
THP = '/sys/kernel/mm/transparent_hugepage/enabled'
PREDUMP = os.path.abspath(GIVEN.predump) if '/' in GIVEN.predump else shutil.which(GIVEN.predump)
# (without this capability root sees no page frames; a round needs it for nothing else)
ROUND = ['setpriv', '--bounding-set=-sys_admin', PREDUMP] if GIVEN.blind else [PREDUMP]
TRUST = ('--trust-soft-dirty',) if GIVEN.negative and '--trust-soft-dirty' in run(PREDUMP, '--help').output else ()


class WrongMemory(Wrong):
    """The expected finding: wrong bytes in the program's memory."""


class Missing(Exception):
    """CRIU's own refusal: a clean page is missing in the parent."""


class Journey:
    def __init__(self, seed):
        self.seed, self.dice, self.wrong, self.told = seed, random.Random(seed), [], []
        self.home, self.last, self.count = None, None, 0
        modes = ['never', 'madvise', 'always'] if GIVEN.thp == 'all' else [GIVEN.thp]
        self.thp = modes[seed % len(modes)]
        mixed = self.dice.random() < 1 / 3
        kinds = ['predump', 'predump', 'criu-read', 'criu-splice'] if mixed else ['predump']
        self.tools = [self.dice.choice(kinds) for _ in range(self.dice.randint(2, 6))]
        # (CRIU's read mode skips unreadable memory, and the next round misses it)
        self.words = ['readable'] if 'criu-read' in self.tools else []
        self.victim = None

    def note(self, line):
        self.told.append(line)

    def __str__(self):
        return f'seed {self.seed} ({self.thp}; {",".join(self.tools)})'

    # ---- the victim ----

    def ask(self, number, word, pids):
        """Sends a signal to tasks and waits until each has answered with a new line, or has ended."""
        def answers(pid):
            if word != 'STEP':
                return len(self.victim.heard(f'{word} {pid}'))
            return len(self.victim.heard(word if pid == self.victim.pid else f'CHILD {pid} STEP'))
        for pid in pids:
            before = answers(pid)
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
            eventually(lambda: answers(pid) > before or state(pid) in ([], ['Z']) or self.victim.heard('BAD'), f'{word} of {pid}')
        self.victim.assert_good('before any restore')

    def all(self, number, word):
        self.ask(number, word, [self.victim.pid])  # (after that a quiet root forks no more)
        self.ask(number, word, tree(self.victim.pid)[1:])

    def quiet(self):
        self.all(signal.SIGHUP, 'QUIET')

    def busy(self):
        self.all(signal.SIGWINCH, 'BUSY')

    def step(self, careful=False):
        self.note('a careful step' if careful else 'a step')
        self.all(signal.SIGUSR2 if careful else signal.SIGUSR1, 'STEP')
        TALLY['steps of the mover'] += 1

    # ---- rounds ----

    def anew(self):
        if self.home:
            shutil.rmtree(self.home)
        self.home, self.last, self.count = tempfile.mkdtemp(prefix='rounds.', dir='.'), None, 0

    def folder(self):
        self.count += 1
        folder = os.path.abspath(os.path.join(self.home, str(self.count)))
        os.makedirs(folder)
        return folder

    def criu(self, folder, action, *more):
        parent = ['--prev-images-dir', os.path.relpath(self.last, folder)] if self.last else []
        result = run(GIVEN.criu, action, '-t', self.victim.pid, '-D', folder, *parent, '--track-mem', '-v4',
                     '-o', action + '.log', *more)
        if result.code != 0 and 'in parent pagemap' in read(f'{folder}/{action}.log'):
            raise Missing(action)
        must(result.code == 0, f'criu {action}: {result} {read(f"{folder}/{action}.log")[-1000:]}')

    def round(self, tool):
        folder = self.folder()
        if tool == 'predump':
            parent = ['--prev-images-dir', os.path.relpath(self.last, folder)] if self.last else []
            result = run(*ROUND, '-t', self.victim.pid, '-D', folder, '-v4', '-o', 'pre-dump.log', *TRUST, *parent)
            must(result.code == 0, f'a round failed: {result}')
            must(os.path.exists(folder + '/predump-frames') != bool(GIVEN.blind or TRUST),
                 'page frames are noted though hidden, or not though seen')
            if moved := re.search(r', (\d+) looked clean but had been moved', result.output):
                TALLY['pages that looked clean and had been moved, found by rounds'] += int(moved[1])
        else:
            self.criu(folder, 'pre-dump', '--pre-dump-mode', tool.removeprefix('criu-'))
        self.last = folder
        TALLY['rounds of moving memory, by ' + tool.partition('-')[0]] += 1

    def stopped_round(self, tool):
        """A round of a tree that is stopped: its images match its memory, page by page."""
        self.quiet()
        self.victim.stop()
        self.note(f'round {self.count + 1} by {tool}, stopped')
        self.round(tool)
        if tool == 'predump':
            result = run(PREDUMP, 'verify', self.last, '--tree', self.victim.pid)
            found = re.findall(r'memory: ((\d+) pages equal, .*)', result.output)
            must(found, f'no comparison: {result}')
            TALLY['pages of moving memory compared in the VM'] += int(found[0][1])
            if result.code != 0:
                self.found_wrong(f'round {self.count}: {found[0][0]}', result.output)
        self.victim.go()

    def running_round(self, tool):
        self.busy()
        self.note(f'round {self.count + 1} by {tool}, running')
        self.round(tool)
        self.quiet()

    def found_wrong(self, what, details=''):
        self.note(f'{what}\n{details[-1500:]}')
        self.wrong.append(what)
        if not GIVEN.negative:
            self.victim.go()
            raise WrongMemory(what)

    def rounds(self):
        self.anew()
        for tool in self.tools:
            stopped = tool == 'predump' and self.dice.random() < 2 / 3
            try:
                self.stopped_round(tool) if stopped else self.running_round(tool)
            except Missing:
                TALLY['pre-dumps of CRIU that missed moved memory in the parent, loudly'] += 1
                self.note('CRIU misses a page in the parent: anew')
                self.anew()
                self.running_round('predump')
            if self.dice.random() < 0.8:
                self.step()

    # ---- the end ----

    def dump(self):
        folder = self.folder()
        self.note(f'dump {self.count}')
        try:
            self.criu(folder, 'dump', *([] if GIVEN.negative else ['--action-script', PREDUMP]))
        finally:
            log = read(folder + '/predump-post-dump.log')
            if log:
                self.note(log[-1500:])
        mended = re.search(r'pages_mended\W*(\d+)', log)
        TALLY['pages mended in final images'] += int(mended[1]) if mended else 0
        self.last = folder

    def dump_with_moves(self):
        """Moves between the last round and the dump: none, some to where the parent has pages, or any."""
        kind = self.dice.choice(['none', 'careful', 'careful', 'any'])
        for attempt in range(4):
            try:
                if kind == 'careful':
                    self.stopped_round('predump')  # (now the pages of the parent are known)
                    self.step(careful=True)
                elif kind == 'any':
                    self.step()
                self.quiet()
                self.dump()
                TALLY[f'final dumps after {kind} moves'] += 1
                return
            except Missing:
                self.victim.assert_goes_on('after a dump that failed')
                TALLY['final dumps of CRIU that missed moved memory in the parent, loudly'] += 1
                self.note('CRIU misses a page in the parent: anew')
                self.anew()
                kind = ['careful', 'careful', 'none'][attempt] if attempt < 3 else kind
                if kind == 'none':
                    self.stopped_round('predump')
        raise Wrong('no final dump, even of memory that was not moved')

    def restore(self):
        before = self.victim.round()
        result = run(GIVEN.criu, 'restore', '-D', self.last, '-d', '-v4', '-o', 'restore.log')
        must(result.code == 0, f'criu restore: {result} {read(self.last + "/restore.log")[-1000:]}')
        pid, heard = self.victim.pid, self.victim.heard
        eventually(lambda: self.victim.round() > before + 2 or heard('BAD') or state(pid) == [],
                   'the victim to go on after the restore')
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        eventually(lambda: heard('VERDICT') or state(pid) == [], 'a verdict')
        if heard('BAD') or not heard('VERDICT'):
            self.found_wrong('the restored victim: ' + (heard('BAD') or ['has crashed'])[0])
        else:
            self.victim.assert_verdict_given()

    def travel(self):
        with open(THP, 'w') as file:
            file.write(self.thp)
        self.victim = Victim(os.path.join(GIVEN.victims, 'mover'), str(self.seed), *self.words)
        self.rounds()
        self.dump_with_moves()
        eventually(self.victim.has_gone, 'a tree that is gone')
        self.restore()
        TALLY['chains of moving memory restored'] += 1

    def tell(self, error):
        """Saves the files that show the cause."""
        victim = self.victim
        try:
            if victim and not victim.has_gone() and not victim.heard('BAD'):
                victim.go()
                self.all(signal.SIGQUIT, 'OPS')
        except Wrong as e:
            self.note(str(e))
        print(f'---- FAIL {self}: {error}')
        for line in self.told:
            print('-- ' + line)
        if victim:
            print('\n'.join(victim.heard('BAD')[:8]))
        if GIVEN.logs:
            to = os.path.join(GIVEN.logs, f'moves-{self.seed}-{os.uname().release}')
            shutil.copytree(self.home, to, ignore=shutil.ignore_patterns('pages-*.img'), symlinks=True, dirs_exist_ok=True)
            if victim:
                shutil.copy(victim.out, to + '/out')
            print(f'logs: {to}')


def prove():
    before = re.search(r'\[(\w+)\]', read(THP))[1]
    findings = json.loads(run(PREDUMP, 'check', '--json').output)['findings']
    must({'mremap', 'merged mappings'} <= findings.keys(), 'check does not say what this kernel loses')
    print('; '.join(findings[name]['meaning'] for name in ('mremap', 'merged mappings')), flush=True)
    failed, wrong = [], 0
    for seed in range(GIVEN.first, GIVEN.first + GIVEN.seeds):
        journey = Journey(seed)
        try:
            journey.travel()
        except (Wrong, Missing) as e:
            failed.append(journey)
            journey.tell(e)
        finally:
            if journey.victim:
                for line in journey.victim.heard('DID'):
                    TALLY['operations of the mover'] += int(line.split()[1])
                    TALLY['pages moved into the frames that their new addresses had before'] += int(line.split()[5])
                journey.victim.end()
            if journey.home:
                shutil.rmtree(journey.home)
        wrong += bool(journey.wrong)
        print(f'{journey}: {"; ".join(journey.wrong) or "right"}', flush=True)
    with open(THP, 'w') as file:
        file.write(before)
    must(not failed, f'{len(failed)} of {GIVEN.seeds} seeds failed: {", ".join(map(str, failed))}')
    if GIVEN.negative:
        TALLY['seeds that come out wrong where soft-dirty is trusted'] += wrong
        must(wrong * 2 >= GIVEN.seeds, f'only {wrong} of {GIVEN.seeds} seeds came out wrong: the mover proves nothing')


main(f'moves ({GIVEN.seeds} seeds from {GIVEN.first}, THP {GIVEN.thp}{", trusting soft-dirty" if GIVEN.negative else ""})', prove)
