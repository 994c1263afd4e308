#!/usr/bin/python3
"""checkpoint.py [--quick] [--only NAME]   predump rounds and predump checkpoint of many kinds of victims: is the verdict
right, is the checkpoint whole (with the tree left running, and without), and how far is the estimated stop from criu's own
figure? A line for each victim says that. How many estimates are within a factor of 2 is told, and fails nothing: on a busy host
the same dump takes two to four times as long."""
import glob, os, re, signal, time
from guest import TALLY, Victim, eventually, main, must, options, read
from series import Series, cost, goes_on_restored, warm_up

GIVEN = options(quick=False, only=None)
COST = {}
ESTIMATES = []
CONVERGES, DOES_NOT = 'converged', 'not-converging'


def downtime(tasks=1, mib=4):
    """A stop that a tree needs which writes little."""
    return str(int(300 + 2 * (COST['base_us'] + COST['task_us'] * (tasks - 1) + COST['page_us'] * 256 * mib)))


def told(name, lines):
    ESTIMATES.append(lines.factor())
    print(f'  {name:16} {lines}', flush=True)
    estimate, dump = lines.rounds[-1]['estimate'], lines.dump
    spent = ', '.join(f'{name} {dump[name + "_us"] / 1000:.0f}' for name in ('freezing', 'memdump', 'memwrite', 'proof'))
    proof = re.findall(r'pages_compared=\d+', read(dump['images_dir'] + '/predump-post-dump.log'))
    print(f'    estimated: {estimate["base_us"] / 1000:.0f} ms + {estimate["pages_dirty"]} pages; the dump: '
          f'{dump["pages_written"]} pages, ms: {spent}; {" ".join(proof)}', flush=True)


def whole_life(name, victim, limits, expected, criu=(), check=goes_on_restored, least=1):
    """Rounds alone, at least so many; a checkpoint of the tree that runs on, which is the next one's parent; a checkpoint; the
    restore."""
    series = Series(GIVEN, victim)
    lines = series.run('rounds', *limits)
    must(lines.end and lines.end['verdict'] == expected, f'{name}: the verdict is not {expected}: {lines.result}')
    must(lines.code == (0 if expected == CONVERGES else 3), f'{name}: {lines.result}')
    print(f'  {name:16} {lines}: {lines.end["reason"]}', flush=True)
    left = [r['estimate']['pages_dirty'] for r in lines.rounds]
    must(len(left) >= least, f'{name}: {len(left)} rounds, which left {left} pages')
    must(least == 1 or all(after < before for before, after in zip(left, left[1:])), f'{name}: the rounds left {left} pages')
    TALLY[f'right verdicts ({expected})'] += 1
    lines = series.checkpoint('--leave-running', *limits, criu=criu)
    told(name + ' left', lines)
    lines = series.checkpoint(*limits, criu=criu)
    told(name, lines)
    before = victim.round()
    series.restore(lines.dump['restore'])
    check(victim, before)
    TALLY['checkpoints restored'] += 1
    series.remove()


def toucher():
    whole_life('toucher', Victim(GIVEN.victims + '/toucher', '48'), ['--max-downtime', downtime()], CONVERGES)


def still():
    """Stopped, it never changes: one round is enough, and where criu alone takes longer than is allowed, no other one helps."""
    victim = Victim(GIVEN.victims + '/toucher', '32')
    victim.stop()

    def check(victim, before):
        victim.go()
        goes_on_restored(victim, before)
    lines = Series(GIVEN, victim).run('rounds', '--max-downtime', '1')
    must(lines.code == 3 and len(lines.rounds) == 1 and 'criu itself' in lines.end['reason'], f'still: {lines.result}')
    lines = Series(GIVEN, victim).run('rounds', '--max-downtime', downtime())
    must(lines.code == 0 and len(lines.rounds) == 1, f'still: {lines.result}')
    whole_life('still', victim, ['--max-downtime', downtime()], CONVERGES, check=check)


def flood():
    """It writes faster than rounds copy."""
    limits = ['--max-downtime', str(int(cost()['base_us'] + 1)), '--max-rate', '16M']
    whole_life('flood', Victim(GIVEN.victims + '/flood', '24'), limits, DOES_NOT)


def walker():
    """Rounds copy 2.5 times as fast as it writes: each leaves less, and only a later one leaves little enough."""
    now = cost()
    limits = ['--max-downtime', str(int(now['base_us'] + now['page_us'] * 256 * 20)), '--max-rate', '10M']
    whole_life('walker', Victim(GIVEN.victims + '/walker', '128', '4'), limits, CONVERGES, least=3)


def left():
    """The dump that left a tree running is a checkpoint itself: restored after the tree has ended, some time later."""
    for name, *words in ('toucher', '16'), ('family',), ('threads',), ('redis',):
        victim = Victim(f'{GIVEN.victims}/{name}', *words)
        series, before = Series(GIVEN, victim), victim.round()
        lines = series.checkpoint('--max-downtime', downtime(8, 16), '--leave-running')
        goes_on_restored(victim, series.restore_left(lines, before))
        print(f'  {name:16} {lines}; restored at its round {victim.first}', flush=True)
        TALLY['dumps that left the tree running, restored when it had ended'] += 1
        series.remove()


def family():
    whole_life('family', Victim(GIVEN.victims + '/family'), ['--max-downtime', downtime(8)], CONVERGES)


def threads():
    whole_life('threads', Victim(GIVEN.victims + '/threads'), ['--max-downtime', downtime(4)], CONVERGES)


def joiner():
    """A task joins and one leaves after each round."""
    victim = Victim(GIVEN.victims + '/joiner')
    step = f'kill -USR1 {victim.pid}; sleep 1'
    whole_life('joiner', victim, ['--max-downtime', downtime(8), '--after-round', step], CONVERGES)


def spawner():
    whole_life('spawner', Victim(GIVEN.victims + '/spawner'), ['--max-downtime', downtime(16)], CONVERGES)


def again():
    """It executes itself with each round."""
    def check(victim, before):
        eventually(lambda: victim.round() > before + 9, 'a restored program that executes itself')
        rounds = [int(line.split()[1]) for line in victim.heard('round ')]
        must(rounds == list(range(len(rounds))), 'round numbers jump')
        os.kill(victim.pid, signal.SIGKILL)
    whole_life('again', Victim(GIVEN.victims + '/again'), ['--max-downtime', downtime(2, 8)], CONVERGES, check=check)


def redis():
    whole_life('redis', Victim(GIVEN.victims + '/redis'), ['--max-downtime', downtime(3, 16)], CONVERGES)


def busy_redis():
    """At full load, with 40 MiB."""
    limits = ['--max-downtime', downtime(3, 8), '--max-rounds', '4']
    victim = Victim(GIVEN.victims + '/redis', '20000', '0', '4')
    series = Series(GIVEN, victim)
    lines = series.checkpoint(*limits)
    told('redis, full load', lines)
    before = victim.round()
    series.restore(lines.dump['restore'])
    goes_on_restored(victim, before)
    TALLY['checkpoints restored'] += 1
    series.remove()


def postgres():
    """Under pgbench's load. The buffers that its processes share are in the dump alone."""
    if glob.glob('/usr/lib/postgresql/*/bin/pgbench'):
        limits = ['--max-downtime', downtime(12, 48), '--max-rounds', '4']
        whole_life('postgres', Victim(GIVEN.victims + '/postgres'), limits, CONVERGES)


def jvm():
    if os.path.exists(GIVEN.victims + '/juggler'):
        limits = ['--max-downtime', downtime(4, 24), '--max-rounds', '4']
        victim = Victim(GIVEN.victims + '/juggler')
        series = Series(GIVEN, victim)
        for more in ['--leave-running'], []:
            lines = series.checkpoint(*limits, *more)
            told('jvm' + ' left' * len(more), lines)
        before = victim.round()
        series.restore(lines.dump['restore'])
        goes_on_restored(victim, before)
        TALLY['checkpoints restored'] += 1
        series.remove()


def lister():
    whole_life('lister', Victim(GIVEN.victims + '/lister'), ['--max-downtime', downtime(1, 24)], CONVERGES)


def shifter():
    """Memory is moved after the last round: the dump is mended."""
    victim = Victim(GIVEN.victims + '/shifter')
    series = Series(GIVEN, victim)
    step = f'kill -USR1 {victim.pid}; sleep 1'
    lines = series.checkpoint('--max-downtime', downtime(), '--max-rounds', '1', '--after-round', step)
    told('shifter', lines)
    must(lines.dump['pages_mended'] >= 2048, f'only {lines.dump["pages_mended"]} pages were mended')
    before = victim.round()
    series.restore(lines.dump['restore'])
    goes_on_restored(victim, before)
    TALLY['checkpoints restored'] += 1
    TALLY['moved pages mended in checkpoints'] += lines.dump['pages_mended']


def strayer():
    """Clean memory is moved to where the last round has nothing: criu refuses, and one more round helps."""
    victim = Victim(GIVEN.victims + '/strayer')
    series = Series(GIVEN, victim)
    step = f'[ "$PREDUMP_ROUND" != 1 ] || kill -USR1 {victim.pid}; sleep 1'
    lines = series.checkpoint('--max-downtime', downtime(), '--max-rounds', '1', '--after-round', step)
    must('in parent pagemap' in read(series.home + '/2/dump.log'), 'criu did not miss a page')
    must(len(lines.rounds) == 2 and lines.dump['images_dir'].endswith('/4'), f'the dump was not tried again: {lines.result}')
    told('strayer', lines)
    before = victim.round()
    series.restore(lines.dump['restore'])
    goes_on_restored(victim, before)
    TALLY['checkpoints restored'] += 1
    TALLY['dumps that criu refused for moved memory, made after one more round'] += 1


QUICK = toucher, flood, family, strayer
ALL = (toucher, still, flood, walker, left, family, threads, joiner, spawner, again, redis, busy_redis, postgres, jvm, lister,
       shifter, strayer)


def prove():
    COST.update(warm_up(GIVEN))
    for case in ALL if not GIVEN.quick else QUICK:
        if GIVEN.only and case.__name__ not in GIVEN.only.split(','):
            continue
        begun = time.monotonic()
        case()
        print(f'== {case.__name__}: {time.monotonic() - begun:.0f} s', flush=True)
        for victim in Victim.ALL:
            victim.end()
    near = sum(factor <= 2 for factor in ESTIMATES)
    TALLY['estimates of a stop within a factor of 2'] += near
    TALLY['estimates of a stop'] += len(ESTIMATES)


main('checkpoint', prove)
